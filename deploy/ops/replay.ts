import { opsUrls } from "./stores";

/**
 * `bun run replay [--rebuild]`: order's own replay on the stores that `bun run ops` looks into. Ends with 1 when an order
 * is not what its history says.
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
