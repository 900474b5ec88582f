import { errorResponses, Uuid } from "@shop/contracts/common";
import { InternalEmailVerification, InternalUser } from "@shop/contracts/internal-api";
import type { VerifyAccess } from "@shop/kit/auth/access";
import type { ServiceTokens } from "@shop/kit/auth/service-tokens";
import { Elysia, t } from "elysia";
import type { Deps } from "../deps";
import { getAccount } from "../queries/accounts";

/** Routes for other services, each guarded by a service token. The edge does not expose them. */
export const internalRoutes = (deps: Deps, auth: { verify: VerifyAccess; tokens: ServiceTokens }) =>
  new Elysia({ name: "internal-routes" })
    .get(
      "/internal/users/:id",
      async ({ params, headers }) => {
        await auth.tokens.verify(headers.authorization, ["order", "notification"]);
        const { id, email, name } = await getAccount(deps, params.id);
        return { id, email, name };
      },
      { params: t.Object({ id: Uuid }), response: { 200: InternalUser, ...errorResponses(401, 403, 404, 422) } },
    )
    .get(
      "/internal/users/:id/email-verification",
      async ({ params, headers, set }) => {
        await auth.tokens.verify(headers.authorization, ["notification"]);
        const account = await getAccount(deps, params.id);
        const { token, expiresAt } = await deps.verification.sign(account);
        set.headers["cache-control"] = "no-store";
        return { email: account.email, name: account.name, token, expiresAt: expiresAt.toISOString() };
      },
      {
        params: t.Object({ id: Uuid }),
        response: { 200: InternalEmailVerification, ...errorResponses(401, 403, 404, 422) },
      },
    )
    .post(
      "/internal/auth/validate",
      async ({ body, headers }) => {
        await auth.tokens.verify(headers.authorization, ["order"]);
        const user = await auth.verify(`Bearer ${body.token}`).catch(() => undefined);
        // An access token stays valid for minutes after its user is deleted, so the account is looked up.
        const account = user && (await deps.users.find(user.id));
        return account ? { valid: true, userId: user.id, permissions: [...user.permissions] } : { valid: false };
      },
      {
        body: t.Object({ token: t.String({ maxLength: 4096 }) }),
        response: {
          200: t.Object({ valid: t.Boolean(), userId: t.Optional(Uuid), permissions: t.Optional(t.Array(t.String())) }),
          ...errorResponses(400, 401, 403, 415, 422),
        },
      },
    );
