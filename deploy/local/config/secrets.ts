import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { type ServiceName, serviceNames } from "../../../services/_contracts/services";

/** Everything secret of one stack, made at its first start and kept (mode 0600) as long as its data. */
export type Secrets = {
  /** Superusers and tools. */
  postgresRoot: string;
  mongoRoot: string;
  redisAdmin: string;
  mongoKeyFile: string;
  /** Store passwords of each service: the runtime role, the migrations' role (PostgreSQL), the Redis user. */
  stores: Record<ServiceName, { app: string; owner: string; redis: string }>;
  /** Private ES256 JWKs; `kid` is the service's name. They sign service-to-service tokens. */
  serviceKeys: Record<ServiceName, JWK>;
  /** user's private JWKS for access tokens; `kid` is the key's thumbprint. */
  userSigningKeys: { keys: JWK[] };
  /** payment's key pair, to whose public half order seals payment tokens. */
  paymentSeal: { publicKey: JWK; privateKey: JWK };
  stripeSecretKey: string;
  stripeWebhookSecret: string;
};

export async function loadSecrets(path: string): Promise<Secrets> {
  const kept = await readFile(path, "utf8").catch(() => undefined);
  if (kept !== undefined) return JSON.parse(kept) as Secrets;
  const secrets = await generate();
  // Written aside and renamed: a crash here must not leave half a file, which would lock us out of our own stores.
  await writeFile(`${path}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secrets;
}

/** The public halves, for `SERVICE_KEYS`. */
export function publicServiceKeys(secrets: Secrets): { keys: JWK[] } {
  return { keys: serviceNames.map((service) => publicHalf(secrets.serviceKeys[service])) };
}

function publicHalf({ d: _private, ...jwk }: JWK): JWK {
  return jwk;
}

async function generate(): Promise<Secrets> {
  const seal = await ecKey("ECDH-ES");
  const each = async <T>(make: (service: ServiceName) => Promise<T>) =>
    Object.fromEntries(await Promise.all(serviceNames.map(async (s) => [s, await make(s)] as const))) as Record<
      ServiceName,
      T
    >;
  return {
    postgresRoot: random(),
    mongoRoot: random(),
    redisAdmin: random(),
    mongoKeyFile: randomBytes(192).toString("base64"),
    stores: await each(async () => ({ app: random(), owner: random(), redis: random() })),
    serviceKeys: await each(async (service) => ({ ...(await ecKey("ES256")), kid: service })),
    userSigningKeys: { keys: [await ecKey("ES256")] },
    paymentSeal: { publicKey: publicHalf(seal), privateKey: seal },
    stripeSecretKey: `sk_test_${randomBytes(24).toString("hex")}`,
    stripeWebhookSecret: `whsec_${randomBytes(24).toString("hex")}`,
  };
}

/** A fresh P-256 private key with its thumbprint as `kid`. */
async function ecKey(alg: "ES256" | "ECDH-ES"): Promise<JWK> {
  const options = { extractable: true, crv: "P-256" };
  const { privateKey } = await generateKeyPair(alg, options);
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: alg === "ES256" ? "sig" : "enc" };
}

/** URL-safe, so that it can stand in a connection string as it is. */
function random(): string {
  return randomBytes(24).toString("hex");
}
