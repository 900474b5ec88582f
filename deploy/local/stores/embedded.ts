import { sqlServiceNames } from "../../../services/_contracts/services";
import type { Server } from "../binaries/servers";
import type { StackPaths } from "../config/paths";
import type { Ports } from "../config/ports";
import type { Secrets } from "../config/secrets";
import type { Supervised } from "../process/supervise";
import { allOrFirstError } from "../user-error";
import { mongoSpec, prepareMongo } from "./mongo";
import { postgresSpec } from "./postgres";
import { preparePostgres } from "./postgres-roles";
import { redisSpec } from "./redis";
import type { StoreUrls } from "./store-urls";

export type Store = "postgres" | "mongo" | "redis";

/** The stores that are ours to start: those that not every user of has an external one. */
export function embeddedStores(urls: StoreUrls): Store[] {
  const needed: Record<Store, boolean> = {
    postgres: sqlServiceNames.some((service) => !urls.sql[service].external),
    mongo: !urls.mongo.external,
    redis: !urls.redis.external,
  };
  return (Object.keys(needed) as Store[]).filter((store) => needed[store]);
}

type Context = {
  layout: StackPaths;
  ports: Ports;
  secrets: Secrets;
  urls: StoreUrls;
  binaries: Record<Server, string>;
};

/** Starts the stores side by side; each gets its roles and users as soon as it answers. */
export async function startStores(
  stores: Store[],
  { layout, ports, secrets, urls, binaries }: Context,
  start: (spec: Supervised) => Promise<void>,
): Promise<void> {
  const starters: Record<Store, () => Promise<void>> = {
    postgres: async () => {
      await start(await postgresSpec(layout, ports, secrets.postgresRoot, urls.postgresRoot));
      await preparePostgres(urls, secrets);
    },
    mongo: async () => {
      await start(await mongoSpec(binaries.mongo, layout, ports, secrets));
      await prepareMongo(ports, secrets);
    },
    redis: async () => {
      await start(await redisSpec(binaries.redis, layout, ports, secrets, urls.redis.admin));
    },
  };
  await allOrFirstError(stores.map((store) => starters[store]()));
}
