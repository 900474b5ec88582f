import { InvalidEnvironment } from "../../services/_kit/config";
import { AppError } from "../../services/_kit/errors/app-error";
import { UserError } from "../local/user-error";
import type { Command } from "./commands/command";
import { dead } from "./commands/dead";
import { product } from "./commands/product";
import { resume } from "./commands/resume";
import { saga } from "./commands/saga";
import { sagas } from "./commands/sagas";
import { status } from "./commands/status";
import { users } from "./commands/users";
import { openDatabase, openStores } from "./stores";

const usage = `Inspects queues, outboxes and sagas, helps to repair them, and appoints administrators.

  bun run ops                          queue depths, unsent messages, sagas by state
  bun run ops sagas                    sagas under way, the longest unchanged first
  bun run ops sagas stuck              stuck sagas, with the command that has no reply
  bun run ops saga <orderId>           one order's saga, with the messages of all services
  bun run ops product <productId>      orders that contain a product, the latest first
  bun run ops resume <orderId>         sends the saga's pending command again now; a parked saga continues
  bun run ops dead [queue]             dead letters, the latest first
  bun run ops dead show <queue> <id>   one dead letter, with its message and errors
  bun run ops dead replay <queue> <id> puts a dead letter back into its queue; "all" as the id replays all of the queue
  bun run ops users show <email>       an account, with every change of its roles
  bun run ops users grant-admin <email> [--by <name>] [--unverified]
                                       makes an account an administrator. --by is recorded as the one who did it; by
                                       default the user of the operating system. --unverified also takes an account
                                       whose e-mail address is not verified
  bun run ops users revoke-admin <email> [--by <name>]

In the image: bun main.js instead of bun run ops. The stores are those of REDIS_URL, ORDER_MONGO_URL and USER_, PAYMENT_ and
INVENTORY_DATABASE_URL, or of the files that <variable>_FILE names; "users" needs USER_DATABASE_URL only. For a variable that
is not set, the running dev stack is used (PORT_OFFSET).`;

type Run = (args: string[]) => Promise<string | undefined>;

const onStores =
  (command: Command): Run =>
  async (args) => {
    const stores = await openStores(process.env);
    return command(stores, args).finally(stores.close);
  };

const onUsers: Run = async (args) => {
  const sql = await openDatabase("user", process.env);
  return users(sql, args).finally(() => sql.end());
};

const commands = new Map<string, Run>([
  ...Object.entries({ status, sagas, saga, product, resume, dead }).map(
    ([name, command]) => [name, onStores(command)] as const,
  ),
  ["users", onUsers],
]);

async function run([name = "status", ...args]: string[]): Promise<string> {
  const output = await commands.get(name)?.(args);
  if (output === undefined) throw new UserError(usage);
  return output;
}

/** Errors whose message is enough. */
const plainErrors = [UserError, InvalidEnvironment, AppError];

try {
  console.log(process.argv.includes("--help") ? usage : await run(process.argv.slice(2)));
  process.exit(0);
} catch (error) {
  console.error(plainErrors.some((kind) => error instanceof kind) ? (error as Error).message : error);
  process.exit(1);
}
