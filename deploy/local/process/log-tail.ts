/** The last lines of a log, indented, to be shown when its process failed. */
export async function lastLines(path: string, count = 12): Promise<string> {
  const file = Bun.file(path);
  if (!(await file.exists())) return "    (no log)";
  const text = await file.slice(Math.max(0, file.size - 16_384)).text();
  const lines = text.trimEnd().split("\n").slice(-count);
  return lines.map((line) => `    ${line.slice(0, 300)}`).join("\n");
}
