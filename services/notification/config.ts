import { commonEnv, postgresEnv, readConfig, urlEnv } from "@shop/kit/config";
import { t } from "elysia";

/** The connections of one instance to PostgreSQL, at most. A test multiplies them by the instances in Kubernetes. */
export const connectionsMax = 8;

const schema = t.Object({
  ...commonEnv,
  NOTIFICATION_DATABASE_URL: postgresEnv,
  USER_URL: urlEnv,
  SMTP_URL: t.String({ pattern: "^smtps?://" }),
  /** `Shop <shop@example.com>`, or only the address. */
  MAIL_FROM: t.String({ pattern: "^(?:[^<>\\r\\n]*<[^<>\\s@]+@[^<>\\s@]+>|[^<>\\s@]+@[^<>\\s@]+)$" }),
  /** The public URL of the edge, with which the links in mails begin. */
  PUBLIC_URL: urlEnv,
});

export const config = (env: Record<string, string | undefined>) => readConfig(schema, env);
