import { mongoVariable, readUrls } from "./urls";

/**
 * `bun run replay [--rebuild]`: runs services/order/replay.ts on the store of `bun run ops`. Exits with 1 if an order
 * differs from its history.
 */
const urls = await readUrls(process.env, [mongoVariable]);
const child = Bun.spawn(
  [process.execPath, `${import.meta.dir}/../../services/order/replay.ts`, ...process.argv.slice(2)],
  {
    env: { ...process.env, ...urls },
    stdio: ["inherit", "inherit", "inherit"],
  },
);
process.exit(await child.exited);
