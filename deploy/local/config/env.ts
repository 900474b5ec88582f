import type { ServiceName } from "../../../services/_contracts/services";
import { baseEnv } from "../process/spawn";
import type { StoreUrls } from "../stores/store-urls";
import { instancePort, type Ports } from "./ports";
import { migrationSecretEnv, providerSecretEnv, secretEnv } from "./secret-env";
import type { Secrets } from "./secrets";

export type AppEnv = "dev" | "test" | "bench";
export type Scale = Partial<Record<ServiceName, number>>;
export type EnvSource = {
  appEnv: AppEnv;
  ports: Ports;
  secrets: Secrets;
  stores: StoreUrls;
  scale: Scale;
  /** An OTLP/HTTP collector, to which services and edge send traces. */
  collectorUrl: string | undefined;
};

/** The complete environment of one instance of a service. It contains no secrets of other services. */
export function serviceEnv(source: EnvSource, service: ServiceName, index = 0): Record<string, string> {
  const { appEnv, ports, secrets, stores } = source;
  return {
    ...baseEnv(),
    ...inheritedEnv(),
    APP_ENV: appEnv,
    SERVICE_NAME: service,
    INSTANCE_ID: `${service}-${index}`,
    HOST: "127.0.0.1",
    PORT: String(instancePort(ports, service, index)),
    ...secretEnv(service, secrets, stores),
    ...(source.collectorUrl && { OTEL_EXPORTER_OTLP_ENDPOINT: source.collectorUrl }),
    ISSUER_URL: `http://localhost:${ports.edge}`,
    JWKS_URL: `http://127.0.0.1:${ports.user}/.well-known/jwks.json`,
    ...ownEnv[service](source),
  };
}

/** The service's environment plus the URL of the role that may change tables. The service itself does not get it. */
export function migrationEnv(source: EnvSource, service: ServiceName): Record<string, string> {
  return { ...serviceEnv(source, service), ...migrationSecretEnv(service, source.stores) };
}

export function sandboxEnv({ appEnv, ports, secrets }: EnvSource): Record<string, string> {
  return {
    ...baseEnv(),
    ...inheritedEnv(),
    APP_ENV: appEnv,
    HOST: "127.0.0.1",
    PORT: String(ports.sandbox),
    SMTP_PORT: String(ports.smtp),
    ...providerSecretEnv(secrets),
    WEBHOOKS: "off", // payment polls the provider; it does not receive webhooks yet
    WEBHOOK_URL: `http://127.0.0.1:${ports.edge}/api/v1/payments/webhooks/stripe`,
  };
}

/** The settings that only this service needs. */
const ownEnv: Record<ServiceName, (source: EnvSource) => Record<string, string>> = {
  user: () => ({}),
  order: (source) => ({
    USER_URL: instanceUrls(source, "user"),
    INVENTORY_URL: instanceUrls(source, "inventory"),
    ...inherit("PAYMENT_HOLD_SECONDS", "PAYMENT_ATTEMPTS"),
  }),
  payment: (source) => ({
    ORDER_URL: instanceUrls(source, "order"),
    STRIPE_API_URL: `http://127.0.0.1:${source.ports.sandbox}`,
  }),
  inventory: () => ({}),
  notification: (source) => ({
    USER_URL: instanceUrls(source, "user"),
    SMTP_URL: `smtp://127.0.0.1:${source.ports.smtp}`,
    MAIL_FROM: "Shop <shop@shop.test>",
    PUBLIC_URL: `http://localhost:${source.ports.edge}`,
  }),
};

/** The URLs of all instances of a service, separated by commas. */
function instanceUrls({ ports, scale }: EnvSource, service: ServiceName): string {
  const indexes = Array.from({ length: scale[service] ?? 1 }, (_, index) => index);
  return indexes.map((index) => `http://127.0.0.1:${instancePort(ports, service, index)}`).join(",");
}

const inheritedEnv = () => ({ LOG_LEVEL: "info", ...inherit("LOG_LEVEL") });

/** Those of the variables that are set in the launcher's own environment. */
function inherit(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
