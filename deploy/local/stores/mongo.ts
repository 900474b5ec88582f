import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Db, MongoClient, MongoServerError } from "mongodb";
import type { StackPaths } from "../config/paths";
import type { Ports } from "../config/ports";
import type { Secrets } from "../config/secrets";
import { baseEnv } from "../process/spawn";
import type { SupervisedSpec } from "../process/supervise";
import { until } from "../promises";
import { UserError } from "../user-error";

const ALREADY_INITIALIZED = 23;
const UNAUTHORIZED = 13;
const AUTHENTICATION_FAILED = 18;
const USER_EXISTS = 51003;

/** The embedded MongoDB: a replica set of one member. Transactions and change streams need a replica set. */
export async function mongoSpec(
  binary: string,
  paths: StackPaths,
  ports: Ports,
  secrets: Secrets,
): Promise<SupervisedSpec> {
  const keyFile = join(paths.dataDir, "mongo.key");
  await mkdir(paths.mongo, { recursive: true });
  await writeFile(keyFile, secrets.mongoKeyFile, { mode: 0o600 });
  return {
    name: "mongo",
    command: [binary, "--dbpath", paths.mongo, "--port", String(ports.mongo), "--bind_ip", "127.0.0.1"].concat(
      ["--replSet", "rs0", "--auth", "--keyFile", keyFile, "--nounixsocket", "--quiet"],
      ["--wiredTigerCacheSizeGB", "1", "--oplogSize", "512"],
      ["--setParameter", "diagnosticDataCollectionEnabled=false"],
      // On SIGTERM a primary waits 15 s for other members to catch up. There are none.
      ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"],
    ),
    env: baseEnv(),
    cwd: paths.dataDir,
    stopSignal: "SIGTERM",
    ports: [{ name: "mongo", port: ports.mongo }],
    ready: () => mongoAnswers(`mongodb://127.0.0.1:${ports.mongo}`),
    readyTimeoutMs: 60_000,
  };
}

/**
 * Initiates the replica set, whose one member has this address, and creates the users. Skips what exists already: the
 * steps that an interrupted start completed, or the user `root` that MongoDB's container image creates.
 * @throws UserError when other secrets were used to create `root`
 */
export async function prepareMongo(address: string, secrets: Secrets): Promise<void> {
  if (!(await hasRoot(address, secrets))) {
    // While there is no user, MongoDB accepts these two steps from a local client without a password.
    await using open = connect(`mongodb://${address}`);
    await initiate(open.client.db("admin"), address);
    await createUser(open.client.db("admin"), "root", secrets.mongoRoot, [{ role: "root", db: "admin" }]);
  }
  await using root = connect(`mongodb://root:${secrets.mongoRoot}@${address}`);
  const admin = root.client.db("admin");
  await initiate(admin, address);
  await createUser(admin, "order", secrets.stores.order.app, [{ role: "readWrite", db: "orders" }]);
}

async function initiate(admin: Db, address: string): Promise<void> {
  const config = { _id: "rs0", members: [{ _id: 0, host: address }] };
  try {
    await ignoring(ALREADY_INITIALIZED, admin.command({ replSetInitiate: config }));
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== UNAUTHORIZED) throw error;
    throw new UserError("MongoDB refuses the password of its user `root`, which belongs to other data");
  }
  await until("MongoDB's replica set", 30_000, async () => (await admin.command({ hello: 1 })).isWritablePrimary);
}

async function hasRoot(address: string, secrets: Secrets): Promise<boolean> {
  await using root = connect(`mongodb://root:${secrets.mongoRoot}@${address}`);
  try {
    await root.client.connect();
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === AUTHENTICATION_FAILED) return false;
    throw error;
  }
}

async function createUser(admin: Db, name: string, pwd: string, roles: { role: string; db: string }[]): Promise<void> {
  await ignoring(USER_EXISTS, admin.command({ createUser: name, pwd, roles }));
}

/** Waits for a command; one error code counts as success. */
async function ignoring(code: number, command: Promise<unknown>): Promise<void> {
  await command.catch((error) => {
    if (!(error instanceof MongoServerError) || error.code !== code) throw error;
  });
}

/** Whether MongoDB answers, without a password. */
export async function mongoAnswers(url: string): Promise<boolean> {
  await using open = connect(url);
  await open.client.db("admin").command({ hello: 1 });
  return true;
}

function connect(url: string) {
  const client = new MongoClient(url, { directConnection: true, serverSelectionTimeoutMS: 3000 });
  return { client, [Symbol.asyncDispose]: () => client.close() };
}
