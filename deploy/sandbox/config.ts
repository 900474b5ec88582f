import { type Env, readVariable } from "../../services/_kit/config";

/** The settings of the sandbox. No other file reads the environment. */
export type Config = {
  host: string;
  port: number;
  smtpPort: number;
  /** The address at which a customer's browser reaches the sandbox. It is used in 3-D Secure links. */
  publicUrl: string | undefined;
  stripe: {
    secretKey: string;
    webhookSecret: string;
    webhookUrl: string | undefined;
    webhooks: WebhookMode;
  };
};

export const webhookModes = ["off", "normal", "chaotic"] as const;
export type WebhookMode = (typeof webhookModes)[number];

const environments = ["dev", "test", "bench"];

/** Each of these may be in a file: `NAME_FILE` is then its path. */
const fileVariables = ["APP_ENV", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"];

/** @throws Error that lists every problem with the environment */
export function readConfig(environment: Env): Config {
  const problems: string[] = [];
  const env = { ...environment, ...readFiles(environment, problems) };
  // As in the services, an unset APP_ENV means production. A production stack must never use simulated payments by accident.
  const appEnv = env.APP_ENV ?? "production";
  if (!environments.includes(appEnv)) {
    problems.push(`APP_ENV is "${appEnv}", but must be one of ${environments.join(", ")}`);
  }
  const secretKey = env.STRIPE_SECRET_KEY ?? "";
  if (!secretKey.startsWith("sk_test_")) problems.push("STRIPE_SECRET_KEY must be set and start with sk_test_");
  const webhookSecret = env.STRIPE_WEBHOOK_SECRET ?? "";
  if (!webhookSecret.startsWith("whsec_")) problems.push("STRIPE_WEBHOOK_SECRET must be set and start with whsec_");
  const webhookUrl = env.WEBHOOK_URL || undefined;
  if (webhookUrl && !URL.canParse(webhookUrl)) problems.push("WEBHOOK_URL is not a URL");
  const publicUrl = env.PUBLIC_URL || undefined;
  if (publicUrl && !URL.canParse(publicUrl)) problems.push("PUBLIC_URL is not a URL");
  const webhooks = (env.WEBHOOKS || "normal") as WebhookMode;
  if (!webhookModes.includes(webhooks)) problems.push(`WEBHOOKS must be one of ${webhookModes.join(", ")}`);
  const port = readPort(env, "PORT", 3090, problems);
  const smtpPort = readPort(env, "SMTP_PORT", 3025, problems);
  if (problems.length > 0) throw new Error(`the sandbox cannot start:\n  - ${problems.join("\n  - ")}`);
  return {
    host: env.HOST || "127.0.0.1",
    port,
    smtpPort,
    publicUrl: publicUrl?.replace(/\/$/, ""),
    stripe: { secretKey, webhookSecret, webhookUrl, webhooks },
  };
}

function readFiles(env: Env, problems: string[]): Env {
  const values: Env = {};
  for (const name of fileVariables)
    try {
      values[name] = readVariable(env, name);
    } catch (error) {
      problems.push((error as Error).message);
    }
  return values;
}

function readPort(env: Env, name: string, fallback: number, problems: string[]): number {
  const port = env[name] ? Number(env[name]) : fallback;
  if (!Number.isInteger(port) || port < 0 || port > 65535) problems.push(`${name} is not a port: "${env[name]}"`);
  return port;
}
