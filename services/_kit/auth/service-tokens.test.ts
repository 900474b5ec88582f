import { describe, expect, test } from "bun:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { AppError } from "../errors/app-error";
import { serviceTokens } from "./service-tokens";

const keyPairFor = async (kid: string) => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  return {
    kid,
    privateKey,
    privateJwk: await exportJWK(privateKey),
    publicJwk: { ...(await exportJWK(publicKey)), kid },
  };
};
const [order, payment, stranger] = [await keyPairFor("order"), await keyPairFor("payment"), await keyPairFor("order")];
const publicKeys = { keys: [order.publicJwk, payment.publicJwk] };
const tokensFor = (self: string, privateJwk = order.privateJwk) => serviceTokens({ self, privateJwk, publicKeys });
const userService = tokensFor("user");
const outcome = (authorization: string | undefined, allowed = ["order"]): Promise<string> =>
  userService.verify(authorization, allowed).catch((error: AppError) => `${error.status} ${error.code}`);
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

test("a callee learns the name of the caller", async () => {
  expect(await outcome(`Bearer ${await tokensFor("order").for("user")}`)).toBe("order");
  expect(await outcome(await crafted({}))).toBe("order");
});

test("a token is reused for the same callee; each callee has its own", async () => {
  const tokens = tokensFor("order");
  expect(tokens.for("user")).toBe(tokens.for("user"));
  expect(await tokens.for("user")).not.toBe(await tokens.for("payment"));
});

test("a caller that is not allowed is refused", async () => {
  const authorization = `Bearer ${await tokensFor("payment", payment.privateJwk).for("user")}`;
  expect(await outcome(authorization)).toBe("403 service_token.caller_refused");
  expect(await outcome(authorization, [])).toBe("403 service_token.caller_refused");
});

describe("a token is refused", () => {
  test.each([
    ["that is missing", async () => undefined],
    ["that is no JWT", async () => "Bearer a.b.c"],
    ["for another callee", async () => `Bearer ${await tokensFor("order").for("payment")}`],
    ["signed with a key that is not the caller's", () => crafted({ key: stranger.privateKey })],
    ["that one service issues in the name of another", () => crafted({ kid: "payment", key: payment.privateKey })],
    ["with the key id of another service", () => crafted({ kid: "payment" })],
    ["of a user", () => crafted({ typ: "at+jwt", claims: { iss: "http://issuer.test", aud: "shop-api", sub: "u1" } })],
    ["of a user, with a service as audience", () => crafted({ typ: "at+jwt" })],
    ["that has expired", () => crafted({ exp: "-10s" })],
    ["that never expires", () => crafted({ exp: null })],
    ["without an issuer", () => crafted({ claims: { iss: undefined } })],
  ])("%s", async (_token, make) => expect(await outcome(await make())).toBe(invalid));
});
