import { compactDecrypt, importJWK } from "jose";

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
