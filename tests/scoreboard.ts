import { cpus, totalmem } from "node:os";
import { UserError } from "../deploy/local/user-error";
import { abortOnTermination } from "./runner/abort";
import { parts } from "./runner/parts";
import { runParts } from "./runner/with-stack";
import type { ScoreRecord } from "./support/score";
import { type LineNumber, scoreLines } from "./support/score-lines";

/**
 * `bun run scoreboard [path…]`: runs the checks of tests/chaos and tests/instances at full size and writes
 * docs/scoreboard.md. With paths it runs only the checks below them and keeps the other lines of the file. Exits with 1
 * if a target is missed.
 */
const offset = Number(process.env.TEST_PORT_OFFSET ?? 4_000);
const paths = process.argv.slice(2);
const report = "docs/scoreboard.md";
const scoreFile = `.data/score-${offset}.jsonl`;

const wanted = parts
  .filter(({ name }) => ["chaos", "two instances"].includes(name))
  .map((part) =>
    paths.length === 0 ? part : { ...part, paths: paths.filter((path) => path.startsWith(part.paths[0] as string)) },
  )
  .filter((part) => part.paths.length > 0);

async function measure(): Promise<ScoreRecord[]> {
  await Bun.write(scoreFile, "");
  const env = { SCORE: "full", SCORE_FILE: scoreFile };
  await runParts(wanted, { offset, env, signal: abortOnTermination() });
  const lines = (await Bun.file(scoreFile).text()).split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as ScoreRecord);
}

const numbers = Object.keys(scoreLines).map(Number) as LineNumber[];

function toRow(number: LineNumber, record: ScoreRecord | undefined): string {
  const { check, target } = scoreLines[number];
  const result = record
    ? [record.figure, record.ok ? "met" : "**missed**", `${record.seconds} s`]
    : ["not measured", "–", "–"];
  return `| ${[number, check, target, ...result].join(" | ")} |`;
}

/** @param kept the file's earlier rows, for the lines that were not measured in this run */
async function render(records: ScoreRecord[], kept: Map<number, string>): Promise<string> {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const commit = (await Bun.$`git rev-parse --short HEAD`.quiet().text()).trim();
  const isDirty = (await Bun.$`git status --porcelain -- services deploy envoy tests`.quiet().text()) !== "";
  const revision = `commit ${commit}${isDirty ? " with changes" : ""}`;
  const date = new Date().toISOString().slice(0, 16);
  const versions = JSON.parse(await Bun.file("package.json").text()).workspaces.catalog;
  const withVersion = (name: string) => `${name} ${versions[name]}`;
  const rows = numbers.map((number) => {
    const record = records.find(({ line }) => line === number);
    return !record && kept.has(number) ? (kept.get(number) as string) : toRow(number, record);
  });
  return `# Scoreboard

Written by \`bun run scoreboard\`, never by hand: ${date} UTC, ${revision},
on ${machine}. Bun ${Bun.version}, PostgreSQL 18.4, MongoDB 6.0.5, Redis 8.2.3,
Envoy 1.40.0, ${["elysia", "bullmq", "mongodb", "postgres"].map(withVersion).join(", ")}.
The verdict of a check that missed its target is **missed**.

| # | check | target | figure | verdict | took |
|---|---|---|---|---|---|
${rows.join("\n")}

## How it is measured

Everything runs on one machine: real servers, one instance of each service (two for line 17) behind
Envoy, the clients, and the sandbox that stands in for the payment provider. What the provider charged
and refunded is read from the sandbox's ledger. Everything else is read from the stores, not through
the services (\`tests/support/audit.ts\`). Clients retry refused and broken requests with the same
\`Idempotency-Key\`, except for line 17, where no request is retried. \`bun run test\` runs every check
at about a tenth of this size and asserts the same, except for times that mean little in a short run
on a busy machine: line 4 has a limit of 30 s there, and line 15 has none.

- **1–3** Orders are placed without a pause, 16 at a time. A fifth of them use a card that is declined.
  While each portion of about 42 orders is placed, one process is killed: order, inventory, payment,
  notification, user and Envoy in turn. *Lost*: the order was answered with 201 but is not stored. The
  target of line 1 is also missed if an order is not settled, or if its payment, stock or mail
  disagrees with it.
- **4** A service is killed while jobs of its queue are active. The time is measured from the kill
  until BullMQ records each of these jobs as completed, by the clock of Redis.
- **5, 6, 7** *Lost* counts every difference between orders, payments, stock and mails, and every
  saga that has not ended.
- **6, 7** The server is killed with \`kill -9\`, and the launcher restarts it. Meanwhile orders are
  placed, profiles changed, units added to the stock and users registered. Every change that was
  acknowledged must be stored. A server error is wrong if it is not 503 \`application/problem+json\`,
  and late if it arrives after more than 16 s.
- **9** 100 concurrent requests with one key, followed by one request with another quantity.
- **13** Half of the orders are cancelled after they are confirmed, half directly after they are
  placed. Half of the provider's refunds and cancellations fail: with status 500, or they are done but
  the response is dropped.
- **14** 200 concurrent requests from 20 accounts. *Sale*: the order is confirmed, and its payment is
  in the ledger.
- **15** Orders are placed at a fixed rate, whether or not earlier ones are answered. The lag is
  measured from the message's time, which is taken before its commit, until Redis records the job in
  BullMQ's event stream. It includes the commit. *Inversion*: two messages of one service about one
  order entered a queue, or were taken by a worker, in the wrong order.
- **17** One of two instances is removed from Envoy's endpoints and receives SIGTERM, as an
  orchestrator does it. The only instance of the notification service receives SIGTERM too. A request
  fails if its response is not the expected one. The check is repeated while Redis refuses
  connections.
`;
}

/** @returns the rows of the existing file by line number; none if all lines are measured in this run */
async function loadRows(): Promise<Map<number, string>> {
  const file = Bun.file(report);
  const text = paths.length > 0 && (await file.exists()) ? await file.text() : "";
  return new Map([...text.matchAll(/^\| (\d+) \|.*\|$/gm)].map(([row, number]) => [Number(number), row]));
}

try {
  const kept = await loadRows();
  const records = await measure();
  await Bun.write(report, await render(records, kept));
  const missed = records.filter(({ ok }) => !ok).length;
  console.log(`\n${records.length} lines measured, ${missed} targets missed, written to ${report}`);
  process.exit(missed === 0 && records.length > 0 ? 0 : 1);
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exit(1);
}
