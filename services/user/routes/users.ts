import { errorResponses, Uuid } from "@shop/contracts/common";
import { access, type VerifyAccess } from "@shop/kit/auth/access";
import { Elysia, t } from "elysia";
import { deleteProfile } from "../commands/delete-profile";
import { grantRole } from "../commands/grant-role";
import { revokeRole } from "../commands/revoke-role";
import { updateProfile } from "../commands/update-profile";
import type { Deps } from "../deps";
import { PageQuery, ProfileBody, ProfileView, RoleName, UserPage, UserView } from "../model";
import { getAccount, getVisibleAccount } from "../queries/accounts";
import { clientAddress } from "./client-address";
import { toProfileView, toUserView } from "./responses";

export const userRoutes = (deps: Deps, verify: VerifyAccess) =>
  new Elysia({ name: "user-routes" })
    .use(access(verify))
    .get("/users/profile", async ({ user }) => toProfileView(await getAccount(deps, user.id)), {
      signedIn: true,
      response: { 200: ProfileView, ...errorResponses(401, 404) },
    })
    .put(
      "/users/profile",
      async ({ user, body, request }) =>
        toProfileView(await updateProfile(deps, { ...body, userId: user.id, clientAddress: clientAddress(request) })),
      {
        signedIn: true,
        body: ProfileBody,
        response: { 200: ProfileView, ...errorResponses(400, 401, 403, 404, 409, 415, 422, 429, 503) },
      },
    )
    .delete(
      "/users/profile",
      async ({ user, status }) => {
        await deleteProfile(deps, { userId: user.id });
        return status(204, undefined);
      },
      { signedIn: true, response: { 204: t.Void(), ...errorResponses(401, 409) } },
    )
    .get("/users/:id", async ({ params, user }) => toUserView(await getVisibleAccount(deps, user, params.id)), {
      signedIn: true,
      params: t.Object({ id: Uuid }),
      response: { 200: UserView, ...errorResponses(401, 404, 422) },
    })
    .get(
      "/users",
      async ({ query }) => {
        const page = await deps.users.list(query);
        return { items: page.items.map(toUserView), nextCursor: page.nextCursor };
      },
      { permission: "users:read", query: PageQuery, response: { 200: UserPage, ...errorResponses(401, 403, 422) } },
    )
    .post(
      "/users/:id/roles",
      async ({ params, body, user }) =>
        toUserView(await grantRole(deps, { userId: params.id, role: body.role, by: user.id })),
      {
        permission: "roles:write",
        params: t.Object({ id: Uuid }),
        body: t.Object({ role: RoleName }),
        response: { 200: UserView, ...errorResponses(400, 401, 403, 404, 415, 422) },
      },
    )
    .delete(
      "/users/:id/roles/:role",
      async ({ params, user }) =>
        toUserView(await revokeRole(deps, { userId: params.id, role: params.role, by: user.id })),
      {
        permission: "roles:write",
        params: t.Object({ id: Uuid, role: RoleName }),
        response: { 200: UserView, ...errorResponses(401, 403, 404, 409, 422) },
      },
    );
