import type { Static, TObject } from "@sinclair/typebox";
import { Type as t } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

/** Environment variables every service reads; see `docs/microservices-architecture.md`. Deny by default: no `APP_ENV` means production. */
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

/** For services that accept users' access tokens. */
export const accessEnv = {
  ISSUER_URL: t.String({ pattern: "^https?://" }),
  JWKS_URL: t.String({ pattern: "^https?://" }),
};

/** A URL of another service. */
export const urlEnv = t.String({ pattern: "^https?://" });
/** Shorter than a month, and what is removed may still be asked for by another service. */
export const retentionDaysEnv = t.Optional(t.Integer({ minimum: 30 }));
export const postgresEnv = t.String({ pattern: "^postgres(ql)?://" });

/**
 * Parses the environment by a schema, once, at start.
 * @throws Error that names every variable that is missing or wrong at once, and never prints a value: it may be a secret.
 */
export function readConfig<T extends TObject>(schema: T, env: Record<string, string | undefined>): Static<T> {
  const known = Object.fromEntries(
    Object.keys(schema.properties)
      .filter((name) => env[name] !== undefined && env[name] !== "")
      .map((name) => [name, env[name]]),
  );
  const parsed = Value.Convert(schema, Value.Default(schema, known));
  const problems = [...Value.Errors(schema, parsed)];
  if (problems.length > 0) {
    const lines = new Set(problems.map((p) => `  ${p.path.slice(1)}: ${p.message}`));
    throw new Error(`The environment is not usable:\n${[...lines].join("\n")}`);
  }
  return parsed as Static<T>;
}

/** Named, so that what nobody thought of counts as production. */
const seedable = new Set(["dev", "test", "bench"]);

/** @throws Error when example data, whose passwords everybody knows, is asked for anywhere but in development and tests */
export function refuseSeedInProduction(env: Record<string, string | undefined>): void {
  if (!seedable.has(env.APP_ENV ?? "")) throw new Error("--seed is refused: APP_ENV is production, or not set");
}
