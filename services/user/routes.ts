import type { VerifyAccess } from "@shop/kit/auth/access";
import type { ServiceTokens } from "@shop/kit/auth/service-tokens";
import { Elysia } from "elysia";
import type { PublicKeys } from "./access-tokens";
import { authRoutes } from "./auth-routes";
import type { Deps } from "./deps";
import { internalRoutes } from "./internal-routes";
import { userRoutes } from "./user-routes";

export const routes = (deps: Deps, auth: { verify: VerifyAccess; tokens: ServiceTokens; publicKeys: PublicKeys }) =>
  new Elysia({ name: "routes" })
    .use(authRoutes(deps, auth.publicKeys))
    .use(userRoutes(deps, auth.verify))
    .use(internalRoutes(deps, auth));
