import { sqlServiceNames } from "../../../services/_contracts/services";
import type { Server } from "../binaries/servers";
import type { StackPaths } from "../config/paths";
import type { Ports } from "../config/ports";
import type { Secrets } from "../config/secrets";
import type { SupervisedSpec } from "../process/supervise";
import { allOrFirstError } from "../promises";
import { mongoSpec, prepareMongo } from "./mongo";
import { postgresSpec } from "./postgres";
import { preparePostgres } from "./postgres-roles";
import { redisSpec } from "./redis";
import { embeddedAddresses, type StoreUrls } from "./store-urls";

export type Store = "postgres" | "mongo" | "redis";

/** The stores to start: those for which not every service has an external URL. */
export function embeddedStores(urls: StoreUrls): Store[] {
  const needed: Record<Store, boolean> = {
    postgres: sqlServiceNames.some((service) => !urls.sql[service].external),
    mongo: !urls.mongo.external,
    redis: !urls.redis.external,
  };
  return (Object.keys(needed) as Store[]).filter((store) => needed[store]);
}

export type StoreContext = {
  paths: StackPaths;
  ports: Ports;
  secrets: Secrets;
  urls: StoreUrls;
  binaries: Record<Server, string>;
};

/** Starts the stores at the same time, and creates the users of each as soon as it answers. */
export async function startStores(
  stores: Store[],
  { paths, ports, secrets, urls, binaries }: StoreContext,
  start: (spec: SupervisedSpec) => Promise<void>,
): Promise<void> {
  const starters: Record<Store, () => Promise<void>> = {
    postgres: async () => {
      await start(await postgresSpec(paths, ports, secrets.postgresRoot, urls.postgresRoot));
      await preparePostgres(urls, secrets);
    },
    mongo: async () => {
      await start(await mongoSpec(binaries.mongo, paths, ports, secrets));
      await prepareMongo(embeddedAddresses(ports).mongo, secrets);
    },
    redis: async () => {
      await start(await redisSpec(binaries.redis, paths, ports, secrets, urls.redis.admin));
    },
  };
  await allOrFirstError(stores.map((store) => starters[store]()));
}
