import { expect, test } from "bun:test";
import { decodeProtectedHeader, exportJWK, generateKeyPair } from "jose";
import { createSealer, createUnsealer } from "./sealing";

const keyPair = async () => {
  const { publicKey, privateKey } = await generateKeyPair("ECDH-ES", { extractable: true });
  return {
    publicJwk: JSON.stringify(await exportJWK(publicKey)),
    privateJwk: JSON.stringify(await exportJWK(privateKey)),
  };
};

test("a sealed text is opened with the private key only", async () => {
  const [ours, other] = [await keyPair(), await keyPair()];
  const sealed = await (await createSealer(ours.publicJwk))("pm_card_visa");
  expect(sealed).not.toContain("pm_card_visa");
  expect(await (await createUnsealer(ours.privateJwk))(sealed)).toBe("pm_card_visa");
  await expect((await createUnsealer(other.privateJwk))(sealed)).rejects.toThrow();
});

test("a private key can be used to seal too", async () => {
  const { privateJwk } = await keyPair();
  const sealed = await (await createSealer(privateJwk))("pm_card_visa");
  expect(await (await createUnsealer(privateJwk))(sealed)).toBe("pm_card_visa");
});

test("texts share a content key, and equal texts differ when sealed", async () => {
  const { publicJwk, privateJwk } = await keyPair();
  const seal = await createSealer(publicJwk);
  const sealed = await Promise.all(["a", "b", "a"].map(seal));
  expect(new Set(sealed).size).toBe(3);
  expect(new Set(sealed.map((text) => decodeProtectedHeader(text).kid)).size).toBe(1);
  const otherKey = await (await createSealer(publicJwk))("c");
  const unseal = await createUnsealer(privateJwk);
  expect(await Promise.all([...sealed, otherKey].map(unseal))).toEqual(["a", "b", "a", "c"]);
});

test("a changed text, or one that was not sealed, is not opened", async () => {
  const { publicJwk, privateJwk } = await keyPair();
  const parts = (await (await createSealer(publicJwk))("pm_card_visa")).split(".");
  const other = (await (await createSealer(publicJwk))("pm_card_visa")).split(".");
  const unseal = await createUnsealer(privateJwk);
  const withPart = (index: number) => parts.with(index, other[index] as string).join(".");
  for (const bad of [withPart(0), withPart(2), withPart(3), withPart(4), "pm_card_visa", "", "a.b.c.d.e"])
    await expect(unseal(bad)).rejects.toThrow();
});
