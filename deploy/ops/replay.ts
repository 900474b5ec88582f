import { opsUrls } from "./stores";

/**
 * `bun run replay [--rebuild]`: runs services/order/replay.ts on the stores of `bun run ops`. Exits with 1 if an order
 * differs from its history.
 */
const { mongo } = await opsUrls(process.env);
const child = Bun.spawn(
  [process.execPath, `${import.meta.dir}/../../services/order/replay.ts`, ...process.argv.slice(2)],
  {
    env: { ...process.env, ORDER_MONGO_URL: mongo },
    stdio: ["inherit", "inherit", "inherit"],
  },
);
process.exit(await child.exited);
