import { serviceNames, sqlServiceNames } from "../../services/_contracts/services";
import { programFolders } from "../compose/setup/program-files";
import { migrationSecretEnv, opsSecretEnv, secretEnv } from "../local/config/secret-env";
import type { Secrets } from "../local/config/secrets";
import type { StoreUrls } from "../local/stores/store-urls";

/** The contents of Secrets by name: each key is a file that the program sees in /run/secrets, or a field of an operator. */
export type SecretValues = Record<string, Record<string, string>>;

/** What others give to the shop. */
export type Provided = { stripeSecretKey: string; stripeWebhookSecret: string; smtpUrl: string };

/** The Secrets of the overlay `local`: those of compose.yaml with the sandbox. */
export function localSecrets(secrets: Secrets): SecretValues {
  const sandbox = { smtpUrl: "smtp://sandbox:2525", stripeApiUrl: "http://sandbox:3000" };
  const folders = programFolders({ appEnv: "dev", secrets, ...sandbox });
  return Object.fromEntries(Object.entries(folders).map(([name, { files }]) => [name, files]));
}

/** The Secrets of an overlay with the stores of components/stores. */
export function clusterSecrets(secrets: Secrets, provided: Provided): SecretValues {
  const urls = clusterUrls(secrets);
  const { stripeSecretKey, stripeWebhookSecret, smtpUrl } = provided;
  const own = Object.fromEntries(
    serviceNames.map((name) => [name, secretEnv(name, { ...secrets, stripeSecretKey, stripeWebhookSecret }, urls)]),
  );
  return {
    ...own,
    notification: { ...own.notification, SMTP_URL: smtpUrl },
    ...Object.fromEntries(serviceNames.map((name) => [`${name}-migration`, migrationSecretEnv(name, urls)])),
    ops: opsSecretEnv(urls),
    ...storeSecrets(secrets),
  };
}

/** What the operators and KEDA read. */
function storeSecrets({ stores, redisAdmin }: Secrets): SecretValues {
  const roles = (["owner", "app"] as const).flatMap((username) =>
    sqlServiceNames.map((name) => [`${name}-db-${username}`, { username, password: stores[name][username] }] as const),
  );
  return {
    ...Object.fromEntries(roles),
    "order-db-app": { password: stores.order.app },
    "redis-password": { password: redisAdmin },
    "keda-redis": { address: "redis.shop:6379", username: "default", password: redisAdmin, tls: "disable" },
  };
}

/** The addresses of components/stores. */
function clusterUrls({ stores, redisAdmin }: Secrets): StoreUrls {
  const redis = `redis://:${redisAdmin}@redis:6379`;
  const members = [0, 1, 2].map((member) => `order-db-${member}.order-db-svc:27017`);
  const mongo = `mongodb://app:${stores.order.app}@${members}/orders?replicaSet=order-db&authSource=admin`;
  const sql = sqlServiceNames.map((name) => {
    const url = (role: "app" | "owner") =>
      `postgres://${role}:${stores[name][role]}@${name}-db-rw:5432/shop?sslmode=require`;
    return [name, { app: url("app"), owner: url("owner"), external: true }] as const;
  });
  return {
    sql: Object.fromEntries(sql) as StoreUrls["sql"],
    mongo: { order: mongo, root: mongo, external: true },
    redis: { forService: () => redis, admin: redis, external: true },
    // The operator has no superuser that logs in with a password.
    postgresRoot: "",
  };
}
