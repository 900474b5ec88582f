import { type ServiceName, serviceNames } from "../../../services/_contracts/services";
import { migrationSecretEnv, opsSecretEnv, providerSecretEnv, secretEnv } from "../../local/config/secret-env";
import type { Secrets } from "../../local/config/secrets";
import { redisAcl } from "../../local/stores/redis";
import { type StoreUrls, storeUrls } from "../../local/stores/store-urls";

/** The stores as the containers reach them. */
export const storeAddresses = { postgres: "postgres:5432", mongo: "mongo:27017", redis: "redis:6379" };

/** What differs between a production start and a sandbox start. */
export type Start = {
  appEnv: "production" | "dev" | "test";
  secrets: Secrets;
  smtpUrl: string;
  /** Empty in production: the payment service then calls Stripe. */
  stripeApiUrl: string;
};

/** The user that the programs of a container run as: the numbers that the images define. */
const owners = { shop: 65532, store: 999 };

export type ProgramFolder = { owner: number; files: Record<string, string> };

/** The files that each program sees in /run/secrets. A file has the name of the variable whose value it holds. */
export function programFolders(start: Start): Record<string, ProgramFolder> {
  const { secrets } = start;
  const urls = storeUrls(storeAddresses, secrets);
  const ofShop = (files: Record<string, string>) => ({ owner: owners.shop, files });
  const ofStore = (files: Record<string, string>) => ({ owner: owners.store, files });
  return {
    ...Object.fromEntries(serviceNames.map((name) => [name, ofShop(serviceFiles(name, start, urls))])),
    ...Object.fromEntries(
      serviceNames.map((name) => [
        `${name}-migration`,
        ofShop({ APP_ENV: start.appEnv, ...migrationSecretEnv(name, urls) }),
      ]),
    ),
    init: ofShop({ "secrets.json": JSON.stringify(secrets) }),
    ops: ofShop(opsSecretEnv(urls)),
    // A sandbox that was started by mistake must not see the operator's keys.
    sandbox: ofShop(start.appEnv === "production" ? {} : { APP_ENV: start.appEnv, ...providerSecretEnv(secrets) }),
    postgres: ofStore({ POSTGRES_PASSWORD: secrets.postgresRoot }),
    mongo: ofStore({ MONGO_INITDB_ROOT_PASSWORD: secrets.mongoRoot, "mongo.key": secrets.mongoKeyFile }),
    redis: ofStore({ "users.acl": redisAcl(secrets) }),
  };
}

function serviceFiles(name: ServiceName, start: Start, urls: StoreUrls): Record<string, string> {
  return {
    APP_ENV: start.appEnv,
    ...secretEnv(name, start.secrets, urls),
    ...(name === "payment" && { STRIPE_API_URL: start.stripeApiUrl }),
    ...(name === "notification" && { SMTP_URL: start.smtpUrl }),
  };
}
