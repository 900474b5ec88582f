import { instancePort, type Ports, type Service } from "./ports";
import { publicServiceKeys, type Secrets } from "./secrets";
import { baseEnv } from "./spawn";
import { isSql, type StoreUrls } from "./store-urls";

export type AppEnv = "dev" | "test" | "bench";
export type EnvSource = { appEnv: AppEnv; ports: Ports; secrets: Secrets; stores: StoreUrls };

/** The complete environment of one instance of a service. Each gets its own secrets and nobody else's. */
export function serviceEnv(source: EnvSource, service: Service, index = 0): Record<string, string> {
  const { appEnv, ports, secrets, stores } = source;
  return {
    ...baseEnv(),
    ...passedThrough(),
    APP_ENV: appEnv,
    SERVICE_NAME: service,
    INSTANCE_ID: `${service}-${index}`,
    HOST: "127.0.0.1",
    PORT: String(instancePort(ports, service, index)),
    REDIS_URL: stores.redis.of(service),
    SERVICE_KEY: JSON.stringify(secrets.serviceKeys[service]),
    SERVICE_KEYS: JSON.stringify(publicServiceKeys(secrets)),
    ISSUER_URL: `http://localhost:${ports.edge}`,
    JWKS_URL: `${direct(ports, "user")}/.well-known/jwks.json`,
    ...(isSql(service) ? { [`${service.toUpperCase()}_DATABASE_URL`]: stores.sql[service].app } : {}),
    ...own[service](source),
  };
}

/** A migration runs as its service, plus the role that may change tables; the service itself never has that one. */
export function migrationEnv(source: EnvSource, service: Service): Record<string, string> {
  const env = serviceEnv(source, service);
  return isSql(service)
    ? { ...env, [`${service.toUpperCase()}_MIGRATION_URL`]: source.stores.sql[service].owner }
    : env;
}

export function sandboxEnv({ appEnv, ports, secrets }: EnvSource): Record<string, string> {
  return {
    ...baseEnv(),
    ...passedThrough(),
    APP_ENV: appEnv,
    HOST: "127.0.0.1",
    PORT: String(ports.sandbox),
    SMTP_PORT: String(ports.smtp),
    STRIPE_SECRET_KEY: secrets.stripeSecretKey,
    STRIPE_WEBHOOK_SECRET: secrets.stripeWebhookSecret,
    WEBHOOKS: "off", // payment finds out by asking; it does not take webhooks yet
    WEBHOOK_URL: `http://127.0.0.1:${ports.edge}/api/v1/payments/webhooks/stripe`,
  };
}

const own: Record<Service, (source: EnvSource) => Record<string, string>> = {
  user: ({ secrets }) => ({ USER_SIGNING_KEYS: JSON.stringify(secrets.userSigningKeys) }),
  order: ({ ports, secrets, stores }) => ({
    ORDER_MONGO_URL: stores.mongo.order,
    USER_URL: direct(ports, "user"),
    INVENTORY_URL: direct(ports, "inventory"),
    PAYMENT_SEAL_PUBLIC_KEY: JSON.stringify(secrets.paymentSeal.publicKey),
    ...ifSet("PAYMENT_HOLD_SECONDS", "PAYMENT_ATTEMPTS"),
  }),
  payment: ({ ports, secrets }) => ({
    ORDER_URL: direct(ports, "order"),
    PAYMENT_SEAL_PRIVATE_KEY: JSON.stringify(secrets.paymentSeal.privateKey),
    STRIPE_SECRET_KEY: secrets.stripeSecretKey,
    STRIPE_WEBHOOK_SECRET: secrets.stripeWebhookSecret,
    STRIPE_API_URL: `http://127.0.0.1:${ports.sandbox}`,
  }),
  inventory: () => ({}),
  notification: ({ ports }) => ({
    USER_URL: direct(ports, "user"),
    SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
    MAIL_FROM: "Shop <shop@shop.test>",
    PUBLIC_URL: `http://localhost:${ports.edge}`,
  }),
};

function direct(ports: Ports, service: Service): string {
  return `http://127.0.0.1:${ports[service]}`;
}

const passedThrough = () => ({ LOG_LEVEL: "info", ...ifSet("LOG_LEVEL", "OTEL_EXPORTER_OTLP_ENDPOINT") });

/** Of the launcher's own environment. */
function ifSet(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
