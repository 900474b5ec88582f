import { type ServiceName, serviceNames } from "../../../services/_contracts/services";
import { UserError } from "../user-error";

export const usage = `Starts the whole shop on this machine and keeps it running until Ctrl-C.

  bun run dev [--fresh] [--scale order=3]... [--no-watch] [--no-seed]

  --fresh            delete the data first and start with empty stores
  --scale order=3    run three instances of a service; Envoy balances the load
  --no-watch         do not restart services when their files change
  --no-seed          do not create the example users and products

  PORT_OFFSET=1000 bun run dev    adds 1000 to every port, to run a second stack beside the first
  USER_DATABASE_URL, PAYMENT_DATABASE_URL, INVENTORY_DATABASE_URL, NOTIFICATION_DATABASE_URL (each with
  <SVC>_MIGRATION_URL), ORDER_MONGO_URL, REDIS_URL    use a store that already runs`;

export type DevOptions = { fresh: boolean; watch: boolean; seed: boolean; scale: Partial<Record<ServiceName, number>> };

/** Reads the command line. @throws UserError with the usage on an unknown option */
export function parseArgs(args: string[]): DevOptions {
  const options: DevOptions = { fresh: false, watch: true, seed: true, scale: {} };
  const rest = args.flatMap((arg) => (arg.startsWith("--scale=") ? ["--scale", arg.slice("--scale=".length)] : [arg]));
  while (rest.length > 0) {
    const arg = rest.shift();
    if (arg === "--fresh") options.fresh = true;
    else if (arg === "--no-watch") options.watch = false;
    else if (arg === "--no-seed") options.seed = false;
    else if (arg === "--scale") Object.assign(options.scale, parseScale(rest.shift() ?? ""));
    else throw new UserError(`unknown option ${arg}\n\n${usage}`);
  }
  return options;
}

function parseScale(text: string): Partial<Record<ServiceName, number>> {
  const [name, count] = text.split("=");
  const service = serviceNames.find((known) => known === name);
  const instances = Number(count);
  if (!service || !Number.isInteger(instances) || instances < 1 || instances > 9) {
    throw new UserError(`--scale needs a service and 1 to 9 instances, for example --scale order=3, not "${text}"`);
  }
  return { [service]: instances };
}
