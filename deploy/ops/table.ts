import Table from "cli-table3";
import pc from "picocolors";

export function table(head: string[], rows: (string | number)[][]): string {
  if (rows.length === 0) return pc.dim("none");
  const result = new Table({ head, style: { head: [], border: [] } });
  result.push(...rows);
  return result.toString();
}

/** How long ago `since` was, for example `12 s`, `90 min`, `5 h`. */
export function age(since: Date): string {
  const seconds = (Date.now() - since.getTime()) / 1000;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}
