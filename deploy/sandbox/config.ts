/** What the sandbox reads from the environment; the only place that does. */
export type Config = {
  host: string;
  port: number;
  smtpPort: number;
  /** Where a customer's browser reaches the sandbox: the address in 3-D Secure links. */
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

/** Reads and checks everything, and names every problem at once. Throws an Error whose message a person can act on. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const problems: string[] = [];
  // Unset means production, as everywhere in this project: money that is not real must never be taken by accident.
  const appEnv = env.APP_ENV ?? "production";
  if (!environments.includes(appEnv)) {
    problems.push(`APP_ENV is "${appEnv}"; the sandbox runs only where APP_ENV is ${environments.join(", ")}`);
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
  const port = portOf(env, "PORT", 3090, problems);
  const smtpPort = portOf(env, "SMTP_PORT", 3025, problems);
  if (problems.length > 0) throw new Error(`the sandbox cannot start:\n  - ${problems.join("\n  - ")}`);
  return {
    host: env.HOST || "127.0.0.1",
    port,
    smtpPort,
    publicUrl: publicUrl?.replace(/\/$/, ""),
    stripe: { secretKey, webhookSecret, webhookUrl, webhooks },
  };
}

function portOf(env: Record<string, string | undefined>, name: string, fallback: number, problems: string[]): number {
  const port = env[name] ? Number(env[name]) : fallback;
  if (!Number.isInteger(port) || port < 0 || port > 65535) problems.push(`${name} is not a port: "${env[name]}"`);
  return port;
}
