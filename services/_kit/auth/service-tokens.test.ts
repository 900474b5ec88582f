import { describe, expect, test } from "bun:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { AppError } from "../errors/app-error";
import { serviceTokens } from "./service-tokens";

const pairOf = async (kid: string) => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  return {
    kid,
    privateKey,
    privateJwk: await exportJWK(privateKey),
    publicJwk: { ...(await exportJWK(publicKey)), kid },
  };
};
const [order, payment, stranger] = [await pairOf("order"), await pairOf("payment"), await pairOf("order")];
const publicKeys = { keys: [order.publicJwk, payment.publicJwk] };
const tokensOf = (self: string, privateJwk = order.privateJwk) => serviceTokens({ self, privateJwk, publicKeys });
const atUser = tokensOf("user");
const verdict = (authorization: string | undefined, allowed = ["order"]): Promise<string> =>
  atUser.verify(authorization, allowed).catch((error: AppError) => `${error.status} ${error.code}`);
const invalid = "401 service_token.invalid";

const crafted = (o: { claims?: object; kid?: string; typ?: string; key?: CryptoKey; exp?: string | null }) => {
  const token = new SignJWT({ iss: "service:order", aud: "service:user", ...o.claims }).setProtectedHeader({
    alg: "ES256",
    kid: o.kid ?? "order",
    typ: o.typ ?? "service+jwt",
  });
  if (o.exp !== null) token.setExpirationTime(o.exp ?? "60s");
  return token.sign(o.key ?? order.privateKey).then((jwt) => `Bearer ${jwt}`);
};

test("a callee learns who calls", async () => {
  expect(await verdict(`Bearer ${await tokensOf("order").for("user")}`)).toBe("order");
  expect(await verdict(await crafted({}))).toBe("order");
});

test("a token is signed once and used for most of its minute, one for each callee", async () => {
  const tokens = tokensOf("order");
  expect(tokens.for("user")).toBe(tokens.for("user"));
  expect(await tokens.for("user")).not.toBe(await tokens.for("payment"));
});

test("a caller that is not on the list may not", async () => {
  const authorization = `Bearer ${await tokensOf("payment", payment.privateJwk).for("user")}`;
  expect(await verdict(authorization)).toBe("403 service_token.caller_refused");
  expect(await verdict(authorization, [])).toBe("403 service_token.caller_refused");
});

describe("a token is refused", () => {
  test.each([
    ["that is not there", async () => undefined],
    ["that is none", async () => "Bearer a.b.c"],
    ["for another callee", async () => `Bearer ${await tokensOf("order").for("payment")}`],
    ["signed by a key that is not the caller's", () => crafted({ key: stranger.privateKey })],
    ["of one service in the name of another", () => crafted({ kid: "payment", key: payment.privateKey })],
    ["with another's key id", () => crafted({ kid: "payment" })],
    ["of a user", () => crafted({ typ: "at+jwt", claims: { iss: "http://issuer.test", aud: "shop-api", sub: "u1" } })],
    ["of a user, made out to a service", () => crafted({ typ: "at+jwt" })],
    ["that has expired", () => crafted({ exp: "-10s" })],
    ["that never expires", () => crafted({ exp: null })],
    ["without issuer", () => crafted({ claims: { iss: undefined } })],
  ])("%s", async (_what, make) => expect(await verdict(await make())).toBe(invalid));
});
