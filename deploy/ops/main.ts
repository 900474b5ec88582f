import Table from "cli-table3";
import pc from "picocolors";
import { UserError } from "../local/user-error";
import { deadLetter, deadLetters, replay } from "./dead-letters";
import { ordersWith } from "./products";
import { resume, sagasStuck, sagasUnderWay, story } from "./sagas";
import { status } from "./status";
import { openStores, opsUrls, type Stores } from "./stores";

const usage = `Looks into queues, outboxes and sagas, and helps the ones that are stuck.

  bun run ops                          queue depths, outbox lag, sagas by state
  bun run ops sagas                    sagas under way, the one that waits for longest first
  bun run ops sagas stuck              sagas that are parked, with what nobody answered, and since when
  bun run ops saga <orderId>           one with every message of every service
  bun run ops product <productId>      the orders that contain a product, the latest first
  bun run ops resume <orderId>         asks again now, and takes it out of the park
  bun run ops dead [queue]             dead letters
  bun run ops dead show <queue> <id>   one of them, with its message and errors
  bun run ops dead replay <queue> <id> puts it back into its queue; "all" for every one

It reads REDIS_URL, ORDER_MONGO_URL and USER_, PAYMENT_, INVENTORY_DATABASE_URL; those that are not set are of the
running dev stack (PORT_OFFSET).`;

const table = (head: string[], rows: (string | number)[][]) => {
  const made = new Table({ head, style: { head: [], border: [] } });
  made.push(...rows);
  return rows.length > 0 ? made.toString() : pc.dim("nothing");
};

async function showStatus(stores: Stores): Promise<string> {
  const { queues, outboxes, sagas } = await status(stores);
  return [
    table(
      ["queue", "waiting", "active", "delayed", "dead"],
      queues.map((row) => [row.queue, row.waiting, row.active, row.delayed, row.dead]),
    ),
    table(
      ["outbox", "unsent", "oldest"],
      outboxes.map((row) => [row.service, row.unsent, `${row.oldestSeconds.toFixed(1)} s`]),
    ),
    table(
      ["saga", "state", "orders"],
      sagas.map((row) => [row.saga, row.status, row.count]),
    ),
  ].join("\n");
}

async function showSagas(stores: Stores): Promise<string> {
  const lines = await sagasUnderWay(stores, 50);
  return table(
    ["order", "saga", "state", "step", "not moved for"],
    lines.map(({ orderId, saga, status, step, movedAt }) => [orderId, saga, status, step, age(movedAt)]),
  );
}

async function showStuck(stores: Stores): Promise<string> {
  const stuck = await sagasStuck(stores, 200);
  return table(
    ["order", "saga", "state", "step", "no answer to", "why", "parked for"],
    stuck.map(({ orderId, saga, status, step, question, reason, movedAt }) => [
      ...[orderId, saga, status, step],
      ...[question, reason, age(movedAt)],
    ]),
  );
}

const age = (since: Date): string => {
  const minutes = Math.floor((Date.now() - since.getTime()) / 60_000);
  if (minutes < 1) return `${Math.round((Date.now() - since.getTime()) / 1000)} s`;
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
};

async function showStory(stores: Stores, orderId: string): Promise<string> {
  const found = await story(stores, orderId);
  if (!found) throw new UserError(`there is no order ${orderId}`);
  const { order, lines } = found;
  const { name, status: state, step, stuck } = order.saga;
  const parked = stuck ? pc.red(`, stuck: ${stuck}`) : "";
  const head = `${pc.bold(order._id)}  ${order.status}  saga ${name} ${state} at ${step}${parked}`;
  return `${head}\n${table(
    ["at", "by", "what", "", "sent"],
    lines.map((line) => [line.at, line.service, line.type, line.detail, line.sent ? "yes" : pc.yellow("no")]),
  )}`;
}

async function showProduct(stores: Stores, productId: string): Promise<string> {
  const found = await ordersWith(stores, productId, 50);
  return table(
    ["order", "status", "by", "quantity", "placed"],
    found.map((it) => [it.orderId, it.status, it.userId, it.quantity, it.placedAt]),
  );
}

async function dead(stores: Stores, [verb, queue, id]: string[]): Promise<string> {
  if (verb === "show" && queue && id) {
    const letter = await deadLetter(stores, queue, id);
    if (!letter) throw new UserError(`queue ${queue} has no dead letter ${id}`);
    return JSON.stringify(letter, null, 2);
  }
  if (verb === "replay" && queue && id) {
    const count = await replay(stores, queue, id);
    if (count === 0) throw new UserError(`queue ${queue} has no dead letter ${id}`);
    return `${count} put back into ${queue}`;
  }
  if (verb === "show" || verb === "replay" || (verb && !stores.queues.has(verb))) throw new UserError(usage);
  const letters = await deadLetters(stores, verb);
  return table(
    ["queue", "id", "type", "about", "failed at", "attempts", "error"],
    letters.map((it) => [it.queue, it.id, it.type, it.subject, it.failedAt, it.attempts, it.error.slice(0, 60)]),
  );
}

async function run(stores: Stores, [command, ...args]: string[]): Promise<string> {
  const [first] = args;
  if (command === undefined || command === "status") return showStatus(stores);
  if (command === "sagas") return first === "stuck" ? showStuck(stores) : showSagas(stores);
  if (command === "saga" && first) return showStory(stores, first);
  if (command === "product" && first) return showProduct(stores, first);
  if (command === "dead") return dead(stores, args);
  if (command === "resume" && first) {
    if (!(await resume(stores, first))) throw new UserError(`order ${first} has no saga under way`);
    return `the saga of ${first} is asked again within a second`;
  }
  throw new UserError(usage);
}

try {
  if (process.argv.includes("--help")) console.log(usage);
  else {
    const stores = await openStores(await opsUrls(process.env));
    console.log(await run(stores, process.argv.slice(2)).finally(() => stores.close()));
  }
  process.exit(0);
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exit(1);
}
