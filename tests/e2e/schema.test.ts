import { afterAll, expect, test } from "bun:test";
import { MongoClient } from "mongodb";
import postgres from "postgres";
import { createClient } from "redis";
import { type ServiceName, type SqlServiceName, serviceNames, services } from "../../services/_contracts/services";
import { eventually } from "../support/eventually";
import { startService } from "../support/processes/service";
import { stack } from "../support/stack";

const withPath = (url: string, path: string) => Object.assign(new URL(url), { pathname: `/${path}` }).href;
/** A store of a service that was never migrated. */
type EmptyStore = {
  env: Record<string, string>;
  /** Makes the schema newer by one version. */
  raiseVersion(): Promise<unknown>;
};

async function emptyStore(service: ServiceName): Promise<EmptyStore> {
  return services[service].store === "postgres" ? emptyPostgres(service as SqlServiceName) : emptyMongo();
}

/** With the service's own roles, as in production: one migrates, and the other one cannot change tables. */
async function emptyPostgres(service: SqlServiceName): Promise<EmptyStore> {
  const { appUrl, ownerUrl } = await stack.createDatabase(service, `never_migrated_${service}`);
  const prefix = service.toUpperCase();
  return {
    env: { [`${prefix}_DATABASE_URL`]: appUrl, [`${prefix}_MIGRATION_URL`]: ownerUrl },
    async raiseVersion() {
      const sql = postgres(ownerUrl, { max: 1 });
      await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('next', ${Date.now()})`;
      await sql.end();
    },
  };
}

async function emptyMongo(): Promise<EmptyStore> {
  const url = withPath(stack.adminUrls.mongo, "never_migrated_order");
  return {
    env: { ORDER_MONGO_URL: url },
    async raiseVersion() {
      const client = new MongoClient(url);
      await client
        .db()
        .collection("schema_version")
        .updateOne({}, { $inc: { version: 1 } });
      await client.close();
    },
  };
}

afterAll(async () => {
  const mongo = new MongoClient(withPath(stack.adminUrls.mongo, "never_migrated_order"));
  await mongo.db().dropDatabase();
  await mongo.close();
});

const waiting = "waiting for the migration of the store";

/** Starts a service. No other service uses its database of Redis, so it takes no message of another test. */
async function start(service: ServiceName, env: Record<string, string>) {
  const redisUrl = withPath(stack.adminUrls.redis, String(9 + serviceNames.indexOf(service)));
  const process = await startService(service, { ...stack.env(service), PORT: "0", REDIS_URL: redisUrl, ...env });
  return { redisUrl, ...process };
}

async function listKeys(url: string): Promise<string[]> {
  const redis = await createClient({ url }).connect();
  const keys = await redis.keys("*");
  redis.destroy();
  return keys;
}

test.concurrent.each(serviceNames)(
  "%s waits for its schema, serves without a restart, accepts a newer one",
  async (service) => {
    const { env, raiseVersion } = await emptyStore(service);
    await using first = await start(service, env);
    const line = await first.logLine(({ msg }) => msg === waiting);
    expect(line).toMatchObject({ found: 0, wanted: expect.any(Number) });
    expect(await first.get("/health")).toMatchObject({ status: 200 });
    expect(await first.get("/ready")).toEqual({ status: 503, body: { status: "starting" } });
    expect(await first.get("/nowhere")).toMatchObject({ status: 503, body: { code: "service.not_ready" } });
    // Neither a consumer nor the outbox is at work.
    expect(await listKeys(first.redisUrl)).toEqual([]);

    expect(await first.migrate()).toBe(0);
    await eventually(async () => (await first.get("/ready")).status === 200);
    expect(await first.get("/nowhere")).toMatchObject({ status: 404, body: { code: "route.not_found" } });
    expect(await first.stop()).toBe(0);

    await raiseVersion();
    await using second = await start(service, env);
    await eventually(async () => (await second.get("/ready")).status === 200);
    expect(await second.stop()).toBe(0);
    expect(second.lines.filter(({ msg }) => msg === waiting)).toEqual([]);
  },
);

test.concurrent.each(serviceNames)(
  "%s stays alive while its store is unreachable, and SIGTERM ends it",
  async (service) => {
    const name = services[service].store === "postgres" ? `${service.toUpperCase()}_DATABASE_URL` : "ORDER_MONGO_URL";
    const unreachable = Object.assign(new URL(stack.env(service)[name] as string), { port: "1" }).href;
    await using process = await start(service, { [name]: unreachable });
    const line = await process.logLine(({ msg }) => msg === waiting);
    expect(line.error).toContain("ECONNREFUSED");
    expect(await process.get("/health")).toMatchObject({ status: 200 });
    expect(await process.get("/ready")).toEqual({ status: 503, body: { status: "starting" } });
    expect(await process.stop()).toBe(0);
  },
);
