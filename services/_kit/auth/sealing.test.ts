import { expect, test } from "bun:test";
import { decodeProtectedHeader, exportJWK, generateKeyPair } from "jose";
import { sealer, unsealer } from "./sealing";

const jwks = async () => {
  const { publicKey, privateKey } = await generateKeyPair("ECDH-ES", { extractable: true });
  return {
    publicJwk: JSON.stringify(await exportJWK(publicKey)),
    privateJwk: JSON.stringify(await exportJWK(privateKey)),
  };
};

test("what is sealed is opened by the private key alone", async () => {
  const [ours, other] = [await jwks(), await jwks()];
  const sealed = await (await sealer(ours.publicJwk))("pm_card_visa");
  expect(sealed).not.toContain("pm_card_visa");
  expect(await (await unsealer(ours.privateJwk))(sealed)).toBe("pm_card_visa");
  expect((await unsealer(other.privateJwk))(sealed)).rejects.toThrow();
});

test("the holder of the private key seals for itself", async () => {
  const { privateJwk } = await jwks();
  const sealed = await (await sealer(privateJwk))("pm_card_visa");
  expect(await (await unsealer(privateJwk))(sealed)).toBe("pm_card_visa");
});

test("what follows shares the key of what came before, and no text looks like another", async () => {
  const { publicJwk, privateJwk } = await jwks();
  const seal = await sealer(publicJwk);
  const sealed = await Promise.all(["a", "b", "a"].map(seal));
  expect(new Set(sealed).size).toBe(3);
  expect(new Set(sealed.map((it) => decodeProtectedHeader(it).kid)).size).toBe(1);
  const others = await (await sealer(publicJwk))("c");
  const unseal = await unsealer(privateJwk);
  expect(await Promise.all([...sealed, others].map(unseal))).toEqual(["a", "b", "a", "c"]);
});

test("what was changed on its way, or is no sealed text, is not opened", async () => {
  const { publicJwk, privateJwk } = await jwks();
  const parts = (await (await sealer(publicJwk))("pm_card_visa")).split(".");
  const other = (await (await sealer(publicJwk))("pm_card_visa")).split(".");
  const unseal = await unsealer(privateJwk);
  const withPart = (index: number) => parts.with(index, other[index] as string).join(".");
  for (const bad of [withPart(0), withPart(2), withPart(3), withPart(4), "pm_card_visa", "", "a.b.c.d.e"])
    expect(unseal(bad)).rejects.toThrow();
});
