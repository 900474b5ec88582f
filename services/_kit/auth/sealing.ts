import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, importJWK } from "jose";
import { cached } from "../async/cache";

/** For so long one content key closes texts: the public-key work is done once a minute, not for each of them. */
const keyMs = 60_000;
const mostOpened = 1_000;

/**
 * Closes texts for the holder of the private half of `publicJwk`, as compact JWEs: AES-256-GCM (`dir`) under a content key
 * whose `kid` is that key itself, closed with ECDH-ES.
 */
export async function sealer(publicJwk: string): Promise<(text: string) => Promise<string>> {
  const { d: _, ...publicHalf } = JSON.parse(publicJwk);
  const recipient = await importJWK(publicHalf, "ECDH-ES");

  async function makeKey() {
    const raw = crypto.getRandomValues(new Uint8Array(32));
    const closed = new CompactEncrypt(raw).setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" }).encrypt(recipient);
    return { kid: await closed, key: await contentKey(raw) };
  }
  const currentKey = cached(makeKey, { ttlMs: keyMs, max: 1 });

  return async (text) => {
    const { kid, key } = await currentKey("current");
    const header = { alg: "dir", enc: "A256GCM", kid };
    return new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header).encrypt(key);
  };
}

/** Opens what was closed for the public half of `privateJwk`. @throws when it was not, or was changed */
export async function unsealer(privateJwk: string): Promise<(sealed: string) => Promise<string>> {
  const recipient = await importJWK(JSON.parse(privateJwk), "ECDH-ES");

  async function open(kid: string): Promise<CryptoKey> {
    const { plaintext } = await compactDecrypt(kid, recipient, {
      keyManagementAlgorithms: ["ECDH-ES"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    return contentKey(plaintext);
  }
  const opened = cached(open, { ttlMs: Number.POSITIVE_INFINITY, max: mostOpened });

  return async (sealed) => {
    const { kid = "" } = decodeProtectedHeader(sealed);
    const { plaintext } = await compactDecrypt(sealed, await opened(kid), {
      keyManagementAlgorithms: ["dir"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    return new TextDecoder().decode(plaintext);
  };
}

const contentKey = (raw: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", new Uint8Array(raw), "AES-GCM", false, ["encrypt", "decrypt"]);
