import { CompactEncrypt, importJWK } from "jose";

/** Closes a text for the holder of the private half of `publicJwk`: a compact JWE, ECDH-ES with AES-256-GCM. */
export async function sealer(publicJwk: string): Promise<(text: string) => Promise<string>> {
  const key = await importJWK(JSON.parse(publicJwk), "ECDH-ES");
  return (text) =>
    new CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" })
      .encrypt(key);
}
