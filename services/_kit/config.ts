import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Static, TObject } from "@sinclair/typebox";
import { Type as t } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

/**
 * Names an instance in the log. In a container every service has the process id 1, and the host name is the container's: in
 * Kubernetes the name of the pod. Elsewhere several instances share a host.
 */
export const defaultInstanceId = (pid: number, host: string): string => (pid === 1 ? host : `${host}-${pid}`);

/** The environment variables of every service; see `docs/microservices-architecture.md`. `APP_ENV` is production by default. */
export const commonEnv = {
  APP_ENV: t.Union([t.Literal("production"), t.Literal("dev"), t.Literal("test"), t.Literal("bench")], {
    default: "production",
  }),
  HOST: t.String({ default: "127.0.0.1" }),
  PORT: t.Integer({ minimum: 0, maximum: 65535 }),
  SERVICE_VERSION: t.String({ default: "dev" }),
  INSTANCE_ID: t.String({ default: defaultInstanceId(process.pid, hostname()) }),
  LOG_LEVEL: t.String({ default: "info" }),
  REDIS_URL: t.String({ pattern: "^rediss?://" }),
  SERVICE_KEY: t.String({ minLength: 1 }),
  SERVICE_KEYS: t.String({ minLength: 1 }),
  OTEL_EXPORTER_OTLP_ENDPOINT: t.Optional(t.String()),
};

/** For services that verify access tokens. */
export const accessEnv = {
  ISSUER_URL: t.String({ pattern: "^https?://" }),
  JWKS_URL: t.String({ pattern: "^https?://" }),
};

/** The URL of another service. */
export const urlEnv = t.String({ pattern: "^https?://" });
/** How long to keep business records, days. At least 30, because another service may still need younger ones. */
export const retentionDaysEnv = t.Optional(t.Integer({ minimum: 30 }));
export const postgresEnv = t.String({ pattern: "^postgres(ql)?://" });
export const mongoEnv = t.String({ pattern: "^mongodb(\\+srv)?://" });

export type Env = Record<string, string | undefined>;

/**
 * Parses environment variables by a schema. Variables that are not in the schema are dropped; empty ones count as missing.
 * A value may be in a file: `NAME_FILE` is then its path, as with the secrets of Docker and Kubernetes.
 * @throws InvalidEnvironment that names all missing and invalid variables
 */
export function readConfig<T extends TObject>(schema: T, env: Env): Static<T> {
  const names = Object.keys(schema.properties);
  const problems = new Map<string, string>();
  const present: Env = {};
  for (const name of names)
    try {
      const value = readVariable(env, name);
      if (value !== undefined) present[name] = value;
    } catch (error) {
      problems.set(name, (error as Error).message);
    }
  const parsed = Value.Convert(schema, Value.Default(schema, present));
  for (const { path, message } of Value.Errors(schema, parsed)) {
    const name = path.slice(1);
    if (!problems.has(name)) problems.set(name, message);
  }
  const inOrder = [...problems].sort(([a], [b]) => names.indexOf(a) - names.indexOf(b));
  if (inOrder.length > 0) throw new InvalidEnvironment(new Map(inOrder));
  return parsed as Static<T>;
}

/** The values are not printed: they may be secrets. */
export class InvalidEnvironment extends Error {
  override name = "InvalidEnvironment";

  /** @param problems by variable: what is wrong with it */
  constructor(problems: ReadonlyMap<string, string>) {
    const lines = [...problems].map(([name, problem]) => `  ${name}: ${problem}`);
    super(`Invalid environment variables:\n${lines.join("\n")}`);
  }
}

/**
 * The value of `name`, or the content of the file that `<name>_FILE` names, without its last line break.
 * @returns undefined if it is missing or empty
 * @throws Error if both are set, or the file cannot be read
 */
export function readVariable(env: Env, name: string): string | undefined {
  const path = env[`${name}_FILE`];
  if (!path) return env[name] || undefined;
  if (env[name]) throw new Error(`Expected either ${name} or ${name}_FILE, not both`);
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "") || undefined;
  } catch (error) {
    throw new Error(`Expected a readable file in ${name}_FILE (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** An unknown `APP_ENV` counts as production. */
const seedable = new Set(["dev", "test", "bench"]);

/** @throws Error outside development and tests: example data has public passwords */
export function refuseSeedInProduction(env: Env): void {
  if (!seedable.has(readVariable(env, "APP_ENV") ?? ""))
    throw new Error("--seed is refused: APP_ENV must be dev, test or bench");
}
