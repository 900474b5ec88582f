import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { type ServiceName, serviceNames } from "../../../services/_contracts/services";

/** All secrets of one stack. Generated at its first start and kept, with mode 0600, as long as its data. */
export type Secrets = {
  /** Passwords of the superusers, and the key of MongoDB's replica set. */
  postgresRoot: string;
  mongoRoot: string;
  redisAdmin: string;
  mongoKeyFile: string;
  /** Store passwords of each service: its runtime role, the role that migrates (PostgreSQL), its Redis user. */
  stores: Record<ServiceName, { app: string; owner: string; redis: string }>;
  /** Private ES256 JWKs that sign tokens between services. `kid` is the service's name. */
  serviceKeys: Record<ServiceName, JWK>;
  /** The user service's private JWKS for access tokens. `kid` is the key's thumbprint. */
  userSigningKeys: { keys: JWK[] };
  /** The payment service's key pair. Order seals payment tokens with the public key. */
  paymentSeal: { publicKey: JWK; privateKey: JWK };
  stripeSecretKey: string;
  stripeWebhookSecret: string;
};

/** Reads the secrets of a stack, or generates them if there are none. */
export async function loadSecrets(path: string): Promise<Secrets> {
  const existing = await readFile(path, "utf8").catch(() => undefined);
  if (existing !== undefined) return JSON.parse(existing) as Secrets;
  const secrets = await generate();
  // Written to a temporary file and renamed: after a crash, half a file would not open the stores.
  await writeFile(`${path}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secrets;
}

/** The public keys of all services, for `SERVICE_KEYS`. */
export function publicServiceKeys(secrets: Secrets): { keys: JWK[] } {
  return { keys: serviceNames.map((service) => toPublicKey(secrets.serviceKeys[service])) };
}

function toPublicKey({ d: _private, ...jwk }: JWK): JWK {
  return jwk;
}

async function generate(): Promise<Secrets> {
  const seal = await ecKey("ECDH-ES");
  const perService = async <T>(create: (service: ServiceName) => Promise<T>) => {
    const entries = await Promise.all(serviceNames.map(async (service) => [service, await create(service)] as const));
    return Object.fromEntries(entries) as Record<ServiceName, T>;
  };
  return {
    postgresRoot: randomPassword(),
    mongoRoot: randomPassword(),
    redisAdmin: randomPassword(),
    mongoKeyFile: randomBytes(192).toString("base64"),
    stores: await perService(async () => ({ app: randomPassword(), owner: randomPassword(), redis: randomPassword() })),
    serviceKeys: await perService(async (service) => ({ ...(await ecKey("ES256")), kid: service })),
    userSigningKeys: { keys: [await ecKey("ES256")] },
    paymentSeal: { publicKey: toPublicKey(seal), privateKey: seal },
    stripeSecretKey: `sk_test_${randomBytes(24).toString("hex")}`,
    stripeWebhookSecret: `whsec_${randomBytes(24).toString("hex")}`,
  };
}

/** A new P-256 private key with its thumbprint as `kid`. */
async function ecKey(alg: "ES256" | "ECDH-ES"): Promise<JWK> {
  const options = { extractable: true, crv: "P-256" };
  const { privateKey } = await generateKeyPair(alg, options);
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: alg === "ES256" ? "sig" : "enc" };
}

/** A random password in hex, which needs no escaping in a connection string. */
function randomPassword(): string {
  return randomBytes(24).toString("hex");
}
