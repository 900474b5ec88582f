import { expect, test } from "bun:test";
import { exportJWK, generateKeyPair } from "jose";
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
