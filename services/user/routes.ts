import type { VerifyAccess } from "@shop/kit/auth/access";
import type { ServiceTokens } from "@shop/kit/auth/service-tokens";
import { Elysia } from "elysia";
import type { Deps } from "./deps";
import { authRoutes } from "./routes/auth";
import { internalRoutes } from "./routes/internal";
import { userRoutes } from "./routes/users";
import type { PublicKeys } from "./security/signing-keys";

/** `/auth` and the public keys, `/users`, and `/internal` for other services. */
export const routes = (deps: Deps, auth: { verify: VerifyAccess; tokens: ServiceTokens; publicKeys: PublicKeys }) =>
  new Elysia({ name: "routes" })
    .use(authRoutes(deps, auth.publicKeys))
    .use(userRoutes(deps, auth.verify))
    .use(internalRoutes(deps, auth));
