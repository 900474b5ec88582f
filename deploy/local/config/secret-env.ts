import type { ServiceName } from "../../../services/_contracts/services";
import { isSql, type StoreUrls } from "../stores/store-urls";
import { publicServiceKeys, type Secrets } from "./secrets";

/** The secret variables of a service. None of them belongs to another service only. */
export function secretEnv(service: ServiceName, secrets: Secrets, stores: StoreUrls): Record<string, string> {
  return {
    REDIS_URL: stores.redis.forService(service),
    SERVICE_KEY: JSON.stringify(secrets.serviceKeys[service]),
    SERVICE_KEYS: JSON.stringify(publicServiceKeys(secrets)),
    ...(isSql(service) ? { [`${service.toUpperCase()}_DATABASE_URL`]: stores.sql[service].app } : {}),
    ...ownSecrets[service](secrets, stores),
  };
}

/** The URL with which a service's migration connects. In PostgreSQL it is that of a role which the service itself never has. */
export function migrationSecretEnv(service: ServiceName, stores: StoreUrls): Record<string, string> {
  return {
    [`${service.toUpperCase()}_MIGRATION_URL`]: isSql(service) ? stores.sql[service].owner : stores.mongo.order,
  };
}

/** The URLs of the operator's tool: every store, with the rights of the services. In Redis it needs those of the administrator. */
export function opsSecretEnv({ redis, mongo, sql }: StoreUrls): Record<string, string> {
  const databases = Object.entries(sql).map(([name, { app }]) => [`${name.toUpperCase()}_DATABASE_URL`, app]);
  return { REDIS_URL: redis.admin, ORDER_MONGO_URL: mongo.order, ...Object.fromEntries(databases) };
}

/** What only this service needs. */
const ownSecrets: Record<ServiceName, (secrets: Secrets, stores: StoreUrls) => Record<string, string>> = {
  user: ({ userSigningKeys }) => ({ USER_SIGNING_KEYS: JSON.stringify(userSigningKeys) }),
  order: ({ paymentSeal }, stores) => ({
    ORDER_MONGO_URL: stores.mongo.order,
    PAYMENT_SEAL_PUBLIC_KEY: JSON.stringify(paymentSeal.publicKey),
  }),
  payment: ({ paymentSeal, ...secrets }) => ({
    PAYMENT_SEAL_PRIVATE_KEY: JSON.stringify(paymentSeal.privateKey),
    ...providerSecretEnv(secrets),
  }),
  inventory: () => ({}),
  notification: () => ({}),
};

/** What the payment service and the payment provider share. */
export const providerSecretEnv = (secrets: Pick<Secrets, "stripeSecretKey" | "stripeWebhookSecret">) => ({
  STRIPE_SECRET_KEY: secrets.stripeSecretKey,
  STRIPE_WEBHOOK_SECRET: secrets.stripeWebhookSecret,
});
