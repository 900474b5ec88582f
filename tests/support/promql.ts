/** The metric names in a PromQL expression: its words that are not functions, labels or keywords. */
export function metricsIn(expr: string): string[] {
  const withoutLabels = expr.replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"|\b(by|without|on|ignoring)\s*\([^)]*\)/g, " ");
  const words = [...withoutLabels.matchAll(/(?<![\w:.])[a-zA-Z_:][\w:]*(?![\w:])(?!\s*\()/g)].map(([word]) => word);
  return words.filter((word) => !["and", "or", "unless", "bool", "offset"].includes(word));
}
