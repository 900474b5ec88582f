import { CompactEncrypt, compactDecrypt, importJWK } from "jose";

/** Closes a text for the holder of the private half of `publicJwk`: a compact JWE, ECDH-ES with AES-256-GCM. */
export async function sealer(publicJwk: string): Promise<(text: string) => Promise<string>> {
  const { d: _, ...publicHalf } = JSON.parse(publicJwk);
  const key = await importJWK(publicHalf, "ECDH-ES");
  return (text) =>
    new CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" })
      .encrypt(key);
}

/** Opens JWEs that were made for the public half of `privateJwk`. */
export async function unsealer(privateJwk: string): Promise<(sealed: string) => Promise<string>> {
  const key = await importJWK(JSON.parse(privateJwk), "ECDH-ES");
  return async (sealed) => {
    const { plaintext } = await compactDecrypt(sealed, key, {
      keyManagementAlgorithms: ["ECDH-ES"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    return new TextDecoder().decode(plaintext);
  };
}
