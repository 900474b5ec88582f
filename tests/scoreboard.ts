import { cpus, totalmem } from "node:os";
import { UserError } from "../deploy/local/user-error";
import type { Record } from "./support/score";
import { type LineNumber, scoreLines } from "./support/score-lines";
import { parts, runParts } from "./support/with-stack";

/**
 * `bun run scoreboard [path…]`: the checks of tests/chaos and tests/instances at full size. Writes docs/scoreboard.md; with
 * paths, only the lines that were measured are written anew. Exits with 1 where a target is missed.
 */
const offset = Number(process.env.TEST_PORT_OFFSET ?? 4_000);
const paths = process.argv.slice(2);
const report = "docs/scoreboard.md";
const scoreFile = `.data/score-${offset}.jsonl`;
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort());

const wanted = parts
  .filter(({ name }) => ["chaos", "two instances"].includes(name))
  .map((part) =>
    paths.length === 0 ? part : { ...part, paths: paths.filter((path) => path.startsWith(part.paths[0] as string)) },
  )
  .filter((part) => part.paths.length > 0);

async function measure(): Promise<Record[]> {
  await Bun.write(scoreFile, "");
  const env = { SCORE: "full", SCORE_FILE: scoreFile };
  await runParts(wanted, { offset, env, signal: stopping.signal });
  const lines = (await Bun.file(scoreFile).text()).split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Record);
}

const numbers = Object.keys(scoreLines).map(Number) as LineNumber[];

function rowOf(number: LineNumber, record: Record | undefined): string {
  const { check, target } = scoreLines[number];
  const found = record
    ? [record.figure, record.ok ? "met" : "**missed**", `${record.seconds} s`]
    : ["not measured", "–", "–"];
  return `| ${[number, check, target, ...found].join(" | ")} |`;
}

/** @param kept rows of an earlier run, for the lines that were not measured in this one */
async function render(records: Record[], kept: Map<number, string>): Promise<string> {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const commit = (await Bun.$`git rev-parse --short HEAD`.quiet().text()).trim();
  const dirty = (await Bun.$`git status --porcelain -- services deploy envoy tests`.quiet().text()) !== "";
  const versions = JSON.parse(await Bun.file("package.json").text()).workspaces.catalog;
  const of = (name: string) => `${name} ${versions[name]}`;
  const rows = numbers.map((number) => {
    const record = records.find(({ line }) => line === number);
    return !record && kept.has(number) ? (kept.get(number) as string) : rowOf(number, record);
  });
  return `# Scoreboard

Written by \`bun run scoreboard\`, never by hand: ${new Date().toISOString().slice(0, 16)} UTC, commit ${commit}${dirty ? " with changes" : ""}, on ${machine}. Bun ${Bun.version},
PostgreSQL 18.4, MongoDB 6.0.5, Redis 8.2.3, Envoy 1.40.0, ${["elysia", "bullmq", "mongodb", "postgres"].map(of).join(", ")}. A check that missed its target says so.

| # | check | target | figure | verdict | took |
|---|---|---|---|---|---|
${rows.join("\n")}

## How it is measured

Everything runs on one machine: real servers, one instance of each service (two for line 17) behind Envoy, the clients, and the sandbox that stands in for the payment provider. What happened to money is read
from the sandbox's own ledger; everything else from the stores, beside the services (\`tests/support/books.ts\`). Clients repeat what is refused or broken with the same \`Idempotency-Key\`, but for line 17, where nothing is repeated.
\`bun run test\` runs every check at about a tenth of this size and asserts the same, but for the times of lines 4 and 15, which say nothing on a busy machine.

- **1–3** Orders come without a pause, 16 at a time, a fifth of them with a card that is declined; in the middle of each 42 a process is killed (order, inventory, payment, notification, user and Envoy in turn). *Lost*: answered 201 and not there, or not at an
  end, or not as its payment, its stock and its mail say.
- **4** A service is killed while jobs of its queue are active. From the kill until BullMQ notes each of them as finished, by its clock.
- **6, 7** \`kill -9\` of the server, which the launcher starts again. Meanwhile orders, profiles, stock bookings and registrations are written; each that was acknowledged is looked for. An answer of 5xx other than 503
  \`application/problem+json\`, or later than 16 s, counts as a miss.
- **9** 100 requests with one key at the same time; then one more with another quantity.
- **13** Half of the orders are cancelled when they are confirmed, half as soon as they are placed. Of the provider's refunds and cancellations half fail: with an error of 500, or done but with the answer dropped.
- **14** 200 requests at once from 20 accounts. *Sold*: confirmed, and paid in the ledger.
- **15** Orders at a fixed rate, whether or not earlier ones are answered. From the message's time, which is taken before its commit, to when Redis notes the job in BullMQ's event stream: the commit itself is in the figure. *Inversion*: of what one service says about one order, something later came into
  a queue, or was taken by a worker, first.
- **17** Of two instances one is taken from Envoy's endpoints and gets SIGTERM, as an orchestrator does it; so is the only notification service. A request that gets anything but its answer has failed. Then once more while Redis refuses connections.
`;
}

async function rowsBefore(): Promise<Map<number, string>> {
  const file = Bun.file(report);
  const text = paths.length > 0 && (await file.exists()) ? await file.text() : "";
  return new Map([...text.matchAll(/^\| (\d+) \|.*\|$/gm)].map(([row, number]) => [Number(number), row]));
}

try {
  const kept = await rowsBefore();
  const records = await measure();
  await Bun.write(report, await render(records, kept));
  const missed = records.filter(({ ok }) => !ok).length;
  console.log(`\n${records.length} lines measured, ${missed} missed: ${report}`);
  process.exit(missed === 0 && records.length > 0 ? 0 : 1);
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exit(1);
}
