import { UserError } from "../local/user-error";
import type { Command } from "./commands/command";
import { dead } from "./commands/dead";
import { product } from "./commands/product";
import { resume } from "./commands/resume";
import { saga } from "./commands/saga";
import { sagas } from "./commands/sagas";
import { status } from "./commands/status";
import { openStores, opsUrls } from "./stores";

const usage = `Inspects queues, outboxes and sagas, and helps to repair them.

  bun run ops                          queue depths, unsent messages, sagas by state
  bun run ops sagas                    sagas under way, the longest unchanged first
  bun run ops sagas stuck              stuck sagas, with the command that has no reply
  bun run ops saga <orderId>           one order's saga, with the messages of all services
  bun run ops product <productId>      orders that contain a product, the latest first
  bun run ops resume <orderId>         sends the saga's pending command again now; a parked saga continues
  bun run ops dead [queue]             dead letters, the latest first
  bun run ops dead show <queue> <id>   one dead letter, with its message and errors
  bun run ops dead replay <queue> <id> puts a dead letter back into its queue; "all" as the id replays all of the queue

The stores are those of REDIS_URL, ORDER_MONGO_URL and USER_, PAYMENT_ and INVENTORY_DATABASE_URL. For a variable that is
not set, the running dev stack is used (PORT_OFFSET).`;

const commands = new Map<string, Command>(Object.entries({ status, sagas, saga, product, resume, dead }));

async function run([name = "status", ...args]: string[]): Promise<string> {
  const stores = await openStores(await opsUrls(process.env));
  try {
    const output = await commands.get(name)?.(stores, args);
    if (output === undefined) throw new UserError(usage);
    return output;
  } finally {
    await stores.close();
  }
}

try {
  console.log(process.argv.includes("--help") ? usage : await run(process.argv.slice(2)));
  process.exit(0);
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exit(1);
}
