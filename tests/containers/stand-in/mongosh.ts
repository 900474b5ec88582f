import { BSON, MongoClient } from "mongodb";

const { EJSON } = BSON;

/**
 * Stands in for `mongosh [url] [--quiet] [--host h] [--port p] [-u user] [-p password] --eval <JavaScript>`, with the part
 * of its `db` and `rs` that a health check or a first start needs. As in mongosh, a command returns its reply and not a
 * promise: each one runs in a process of its own, for which this process waits.
 */
const flags: Record<string, string> = {};
const urls: string[] = [];
for (let i = 2; i < process.argv.length; i++) {
  const argument = process.argv[i] as string;
  const [name, value] = argument.split(/=(.*)/s) as [string, string?];
  if (!argument.startsWith("-")) urls.push(argument);
  else if (argument !== "--quiet") flags[name] = value ?? (process.argv[++i] as string);
}
const [user, password] = [flags["-u"] ?? flags["--username"], flags["-p"] ?? flags["--password"]];
const login = user ? `${encodeURIComponent(user)}:${encodeURIComponent(password ?? "")}@` : "";
const url = urls[0]?.includes("://")
  ? urls[0]
  : `mongodb://${login}${flags["--host"] ?? "127.0.0.1"}:${flags["--port"] ?? 27017}/`;

if (flags["--command"]) await command(flags["--database"] as string, flags["--command"]);
else {
  const db = database("test");
  const rs = {
    status: () => db.adminCommand({ replSetGetStatus: 1 }),
    initiate: (config: object = {}) => db.adminCommand({ replSetInitiate: config }),
  };
  const quit = (code = 0) => process.exit(code);
  const evaluate = new Function("db", "rs", "quit", "source", "return eval(source)");
  const result = evaluate(db, rs, quit, flags["--eval"] ?? "");
  if (result !== undefined) console.log(typeof result === "object" ? EJSON.stringify(result) : result);
}

/** Sends one command and prints the reply. */
async function command(name: string, json: string): Promise<void> {
  const client = new MongoClient(url as string, { directConnection: true, serverSelectionTimeoutMS: 2_000 });
  try {
    console.log(EJSON.stringify(await client.db(name).command(EJSON.parse(json))));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    await client.close();
  }
}

function database(name: string) {
  const run = (target: string, request: string | object) => {
    const json = EJSON.stringify(typeof request === "string" ? { [request]: 1 } : request);
    const self = [process.execPath, Bun.main, url as string, `--database=${target}`, `--command=${json}`];
    const { success, stdout, stderr } = Bun.spawnSync(self);
    if (!success) {
      console.error(stderr.toString().trim());
      process.exit(1);
    }
    return EJSON.parse(stdout.toString());
  };
  return {
    getSiblingDB: database,
    runCommand: (request: string | object) => run(name, request),
    adminCommand: (request: string | object) => run("admin", request),
    hello: () => run("admin", "hello"),
    createUser: ({ user, ...rest }: { user: string }) => run(name, { createUser: user, ...rest }),
  };
}
