import { Uuid } from "@shop/contracts/common";
import { roles } from "@shop/contracts/permissions";
import { t } from "elysia";

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const label = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
/** Accepts what `format: email` accepts, and surrounding spaces, which are removed. */
const email = t.String({
  pattern: `^\\s*${atom}(?:\\.${atom})*@(?:${label}\\.)+${label}\\s*$`,
  maxLength: 254,
  description: "An e-mail address",
  examples: ["ada@example.test"],
});
const password = t.String({ minLength: 8, maxLength: 200 });
const name = t.String({ minLength: 1, maxLength: 100 });
const refreshToken = t.String({ minLength: 1, maxLength: 200 });

export const RegisterBody = t.Object({ email, password, name });
export const LoginBody = t.Object({
  email: t.String({ minLength: 1, maxLength: 254 }),
  password: t.String({ minLength: 1, maxLength: 200 }),
});
export const RefreshBody = t.Object({ refreshToken });
export const VerifyEmailBody = t.Object({ token: t.String({ minLength: 1, maxLength: 2048 }) });
export const ProfileBody = t.Object(
  {
    name: t.Optional(name),
    email: t.Optional(email),
    password: t.Optional(password),
    currentPassword: t.Optional(t.String({ minLength: 1, maxLength: 200 })),
  },
  { minProperties: 1 },
);
export const RoleName = t.Unsafe<(typeof roles)[number]>(t.Union(roles.map((role) => t.Literal(role))));

export const UserView = t.Object({
  id: Uuid,
  email: t.String(),
  emailVerified: t.Boolean(),
  name: t.String(),
  roles: t.Array(t.String()),
  createdAt: t.String({ format: "date-time" }),
});
export const ProfileView = t.Composite([UserView, t.Object({ permissions: t.Array(t.String()) })]);
export const UserPage = t.Object({ items: t.Array(UserView), nextCursor: t.Nullable(t.String()) });
export const SessionView = t.Object({
  user: UserView,
  token: t.String(),
  tokenType: t.Literal("Bearer"),
  expiresIn: t.Integer({ description: "Lifetime of the access token in seconds" }),
  refreshToken: t.String(),
});
export const PageQuery = t.Object({
  limit: t.Integer({ minimum: 1, maximum: 100, default: 20 }),
  cursor: t.Optional(Uuid),
});
export const JwksView = t.Object({
  keys: t.Array(
    t.Object({
      kty: t.String(),
      crv: t.String(),
      x: t.String(),
      y: t.String(),
      kid: t.String(),
      alg: t.String(),
      use: t.String(),
    }),
  ),
});
