import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, importJWK } from "jose";
import { cached } from "../async/cache";

/** How long one content key is used. The costly public-key encryption is done once per content key, not once per text. */
const contentKeyTtlMs = 60_000;
/** How many opened content keys an unsealer keeps. */
const openedKeysMax = 1_000;

/**
 * Encrypts texts for the holder of the private key that belongs to `publicJwk`. A sealed text is a compact JWE
 * (AES-256-GCM, `dir`). Its `kid` is the content key, which is itself encrypted as a compact JWE (ECDH-ES).
 * @see https://www.rfc-editor.org/rfc/rfc7516
 */
export async function createSealer(publicJwk: string): Promise<(text: string) => Promise<string>> {
  const { d: _, ...publicHalf } = JSON.parse(publicJwk);
  const recipient = await importJWK(publicHalf, "ECDH-ES");

  async function createKey() {
    const raw = crypto.getRandomValues(new Uint8Array(32));
    const encrypted = new CompactEncrypt(raw).setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" }).encrypt(recipient);
    return { kid: await encrypted, key: await importContentKey(raw) };
  }
  const currentKey = cached(createKey, { ttlMs: contentKeyTtlMs, max: 1 });

  return async (text) => {
    const { kid, key } = await currentKey("current");
    const header = { alg: "dir", enc: "A256GCM", kid };
    return new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header).encrypt(key);
  };
}

/**
 * Decrypts texts that were sealed for the public key that belongs to `privateJwk`.
 * @throws an error of `jose` if the text was sealed for another key, or was changed after it was sealed
 */
export async function createUnsealer(privateJwk: string): Promise<(sealed: string) => Promise<string>> {
  const recipient = await importJWK(JSON.parse(privateJwk), "ECDH-ES");

  async function openKey(kid: string): Promise<CryptoKey> {
    const { plaintext } = await compactDecrypt(kid, recipient, {
      keyManagementAlgorithms: ["ECDH-ES"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    return importContentKey(plaintext);
  }
  const openedKeys = cached(openKey, { ttlMs: Number.POSITIVE_INFINITY, max: openedKeysMax });

  return async (sealed) => {
    const { kid = "" } = decodeProtectedHeader(sealed);
    const { plaintext } = await compactDecrypt(sealed, await openedKeys(kid), {
      keyManagementAlgorithms: ["dir"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    return new TextDecoder().decode(plaintext);
  };
}

const importContentKey = (raw: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", new Uint8Array(raw), "AES-GCM", false, ["encrypt", "decrypt"]);
