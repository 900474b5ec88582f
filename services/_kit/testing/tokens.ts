import { createLocalJWKSet, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { accessTokenVerifier } from "../auth/access";
import { type ServiceTokens, serviceTokens } from "../auth/service-tokens";

const issuer = "http://issuer.test";

/** Issues access tokens for tests. `verify` accepts them. */
export async function testIssuer() {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: "test", alg: "ES256" }] });
  return {
    verify: accessTokenVerifier({ issuer, keys }),
    /** An `Authorization` header value. */
    bearer: async (userId: string, permissions: string[] = [], expires: string | Date = "15m") =>
      `Bearer ${await new SignJWT({ permissions })
        .setProtectedHeader({ alg: "ES256", kid: "test" })
        .setSubject(userId)
        .setIssuer(issuer)
        .setAudience("shop-api")
        .setIssuedAt()
        .setExpirationTime(expires)
        .sign(privateKey)}`,
  };
}

/** The service tokens of several services that know each other's public keys. */
export async function testServiceTokens<N extends string>(...names: N[]): Promise<Record<N, ServiceTokens>> {
  const keys = await Promise.all(
    names.map(async (name) => {
      const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
      return {
        name,
        privateJwk: await exportJWK(privateKey),
        publicJwk: { ...(await exportJWK(publicKey)), kid: name } as JWK,
      };
    }),
  );
  const publicKeys = { keys: keys.map(({ publicJwk }) => publicJwk) };
  return Object.fromEntries(
    keys.map(({ name, privateJwk }) => [name, serviceTokens({ self: name, privateJwk, publicKeys })]),
  ) as Record<N, ServiceTokens>;
}

/** `SERVICE_KEY` and `SERVICE_KEYS` for a test that starts a whole service. */
export async function testServiceKeyEnv(service: string): Promise<{ SERVICE_KEY: string; SERVICE_KEYS: string }> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  return {
    SERVICE_KEY: JSON.stringify(await exportJWK(privateKey)),
    SERVICE_KEYS: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: service }] }),
  };
}
