import { relative } from "node:path";
import Table from "cli-table3";
import pc from "picocolors";
import { serviceNames } from "../../../services/_contracts/services";
import { seededAccounts } from "../config/seeded-accounts";
import type { Stack } from "../stack/stack";

/** The table that `dev` prints once everything runs: all addresses, the logins, and what to try next. */
export function summary(stack: Stack, options: { seed: boolean; seconds: number; offset: number }): string {
  const { ports } = stack;
  const table = new Table({ style: { head: [], border: [] } });
  const localUrl = (port: number, path = "") => `http://127.0.0.1:${port}${path}`;
  table.push(
    [pc.bold("shop API (Envoy)"), pc.green(`${stack.edgeUrl}/api/v1`)],
    [
      "API descriptions",
      serviceNames.map((name) => `${name.padEnd(13)}${localUrl(ports[name], "/openapi.json")}`).join("\n"),
    ],
    ["messages described", `${stack.edgeUrl}/docs/events`],
    ["mail sent", localUrl(ports.sandbox, "/inbox")],
    ["money moved", localUrl(ports.sandbox, "/ledger")],
    ["Envoy admin", localUrl(ports.admin)],
    ["stores", `PostgreSQL ${ports.postgres}   MongoDB ${ports.mongo}   Redis ${ports.redis}   (127.0.0.1)`],
  );
  if (options.seed) {
    table.push(["log in as", seededAccounts.join("\n")]);
  }
  const dataDir = relative(process.cwd(), stack.dataDir) || ".";
  table.push(["data", `${dataDir}  (bun run dev --fresh starts empty)`], ["logs", `${dataDir}/log/<process>.log`]);
  const prefix = options.offset > 0 ? `PORT_OFFSET=${options.offset} ` : "";
  return [
    table.toString(),
    `Up in ${options.seconds.toFixed(1)} s. Try it in another terminal:  ${pc.bold(`${prefix}bun run demo`)}`,
    "Ctrl-C stops everything.",
  ].join("\n");
}
