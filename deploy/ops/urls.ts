import { type TSchema, Type as t } from "@sinclair/typebox";
import { type SqlServiceName, sqlServiceNames } from "../../services/_contracts/services";
import { commonEnv, type Env, mongoEnv, postgresEnv, readConfig } from "../../services/_kit/config";
import { offsetFrom } from "../local/config/ports";
import { readStack, type StackHandle } from "../local/stack/stack-file";
import { UserError } from "../local/user-error";

/** Notification sends no messages, so it has no outbox. */
export type OutboxService = Exclude<SqlServiceName, "notification">;

/** The services on PostgreSQL that have an outbox. */
export const outboxServices = sqlServiceNames.filter((name): name is OutboxService => name !== "notification");

export const redisVariable = "REDIS_URL";
export const mongoVariable = "ORDER_MONGO_URL";
export const databaseVariable = (service: OutboxService) => `${service.toUpperCase()}_DATABASE_URL`;

/** By variable: what its value must look like, and the value in a dev stack. */
const sources: Record<string, { schema: TSchema; inStack: (stack: StackHandle) => string | undefined }> = {
  [redisVariable]: { schema: commonEnv.REDIS_URL, inStack: (stack) => stack.adminUrls.redis },
  [mongoVariable]: { schema: mongoEnv, inStack: (stack) => stack.env("order")[mongoVariable] },
  ...Object.fromEntries(
    outboxServices.map((service) => {
      const name = databaseVariable(service);
      return [name, { schema: postgresEnv, inStack: (stack: StackHandle) => stack.env(service)[name] }];
    }),
  ),
};

/**
 * The URLs in these variables, or in the files that `<variable>_FILE` names. Those that are not set are taken from the running
 * dev stack.
 * @throws InvalidEnvironment, or UserError if a variable is not set and no dev stack is running
 */
export async function readUrls(env: Env, names: string[]): Promise<Record<string, string>> {
  const properties = names.map((name) => [name, t.Optional(sources[name]?.schema as TSchema)]);
  const urls = readConfig(t.Object(Object.fromEntries(properties)), env) as Record<string, string>;
  const missing = names.filter((name) => !urls[name]);
  if (missing.length === 0) return urls;
  const stack = await readStack(offsetFrom(env)).catch((error) => {
    throw error instanceof UserError ? new UserError(`not set: ${missing.join(", ")}; and ${error.message}`) : error;
  });
  return { ...urls, ...Object.fromEntries(missing.map((name) => [name, sources[name]?.inStack(stack) as string])) };
}
