import type { Static, TObject } from "@sinclair/typebox";
import { Type as t } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

/** The environment variables of every service; see `docs/microservices-architecture.md`. `APP_ENV` is production by default. */
export const commonEnv = {
  APP_ENV: t.Union([t.Literal("production"), t.Literal("dev"), t.Literal("test"), t.Literal("bench")], {
    default: "production",
  }),
  HOST: t.String({ default: "127.0.0.1" }),
  PORT: t.Integer({ minimum: 0, maximum: 65535 }),
  SERVICE_VERSION: t.String({ default: "dev" }),
  INSTANCE_ID: t.String({ default: `pid-${process.pid}` }),
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

/**
 * Parses environment variables by a schema. Variables that are not in the schema are dropped; empty ones count as missing.
 * @throws Error that names all missing and invalid variables, without their values: these may be secrets
 */
export function readConfig<T extends TObject>(schema: T, env: Record<string, string | undefined>): Static<T> {
  const present = Object.fromEntries(
    Object.keys(schema.properties)
      .filter((name) => env[name] !== undefined && env[name] !== "")
      .map((name) => [name, env[name]]),
  );
  const parsed = Value.Convert(schema, Value.Default(schema, present));
  const problems = [...Value.Errors(schema, parsed)];
  if (problems.length > 0) {
    const lines = new Set(problems.map(({ path, message }) => `  ${path.slice(1)}: ${message}`));
    throw new Error(`Invalid environment variables:\n${[...lines].join("\n")}`);
  }
  return parsed as Static<T>;
}

/** An unknown `APP_ENV` counts as production. */
const seedable = new Set(["dev", "test", "bench"]);

/** @throws Error outside development and tests: example data has public passwords */
export function refuseSeedInProduction(env: Record<string, string | undefined>): void {
  if (!seedable.has(env.APP_ENV ?? "")) throw new Error("--seed is refused: APP_ENV must be dev, test or bench");
}
