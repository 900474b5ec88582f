import { errorResponses } from "@shop/contracts/common";
import { Elysia, t } from "elysia";
import { logIn } from "../commands/log-in";
import { logOut } from "../commands/log-out";
import { refreshSession } from "../commands/refresh-session";
import { registerUser } from "../commands/register-user";
import { verifyEmail } from "../commands/verify-email";
import type { Deps } from "../deps";
import { JwksView, LoginBody, RefreshBody, RegisterBody, SessionView, VerifyEmailBody } from "../model";
import type { PublicKeys } from "../security/signing-keys";
import { clientAddress } from "./client-address";
import { toSessionView } from "./responses";

export const authRoutes = (deps: Deps, publicKeys: PublicKeys) =>
  new Elysia({ name: "auth-routes" })
    .post(
      "/auth/register",
      async ({ body, set }) => {
        set.status = 201;
        return toSessionView(await registerUser(deps, body));
      },
      { body: RegisterBody, response: { 201: SessionView, ...errorResponses(400, 409, 415, 422, 503) } },
    )
    .post(
      "/auth/login",
      async ({ body, request }) => toSessionView(await logIn(deps, { ...body, clientAddress: clientAddress(request) })),
      {
        body: LoginBody,
        response: { 200: SessionView, ...errorResponses(400, 401, 415, 422, 429, 503) },
      },
    )
    .post("/auth/refresh", async ({ body }) => toSessionView(await refreshSession(deps, body)), {
      body: RefreshBody,
      response: { 200: SessionView, ...errorResponses(400, 401, 415, 422) },
    })
    .post(
      "/auth/logout",
      async ({ body, status }) => {
        await logOut(deps, body);
        return status(204, undefined);
      },
      { body: RefreshBody, response: { 204: t.Void(), ...errorResponses(400, 415, 422) } },
    )
    .post(
      "/auth/verify-email",
      async ({ body }) => {
        await verifyEmail(deps, body);
        return { emailVerified: true };
      },
      {
        body: VerifyEmailBody,
        response: { 200: t.Object({ emailVerified: t.Boolean() }), ...errorResponses(400, 413, 415, 422) },
      },
    )
    .get(
      "/.well-known/jwks.json",
      ({ set }) => {
        set.headers["cache-control"] = "public, max-age=300";
        return publicKeys;
      },
      { response: { 200: JwksView } },
    );
