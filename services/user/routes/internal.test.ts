import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestUserService, testUserService } from "../testing/user-service";

let service: TestUserService;
beforeAll(async () => {
  service = await testUserService();
});
afterAll(() => service.close());

type Caller = "order" | "notification" | "payment" | "inventory";
const as = async (caller: Caller) => `Bearer ${await service.services[caller].for("user")}`;

describe("GET /internal/users/{id}", () => {
  const get = (id: string, authorization?: string) => service.send("GET", `/internal/users/${id}`, { authorization });

  test("200: returns id, e-mail address and name to order and notification", async () => {
    const { id, email } = await service.register();
    for (const caller of ["order", "notification"] as const) {
      const { status, body } = await get(id, await as(caller));
      expect(status).toBe(200);
      expect(body).toEqual({ id, email, name: "Ada" });
    }
  });

  test("401: requires a service token; a user's access token is not one", async () => {
    const admin = await service.registerAs("admin");
    for (const authorization of [undefined, admin.authorization]) {
      const { status, body } = await get(admin.id, authorization);
      expect([status, body.code]).toEqual([401, "service_token.invalid"]);
    }
  });

  test("403: refuses the other services", async () => {
    for (const caller of ["payment", "inventory"] as const)
      expect((await get(Bun.randomUUIDv7(), await as(caller))).body.code).toBe("service_token.caller_refused");
  });

  test("404 for an unknown or deleted user, 422 for an invalid id", async () => {
    const { id } = await service.register();
    await service.deps.users.erase(id);
    for (const missing of [id, Bun.randomUUIDv7()]) expect((await get(missing, await as("order"))).status).toBe(404);
    expect((await get("7", await as("order"))).status).toBe(422);
  });
});

describe("POST /internal/auth/validate", () => {
  const validate = (body: unknown, authorization?: string) =>
    service.send("POST", "/internal/auth/validate", { body, authorization });

  test("200: returns the user and the permissions of a valid access token", async () => {
    const { id, token } = await service.registerAs("support");
    const { body } = await validate({ token }, await as("order"));
    expect(body).toEqual({
      valid: true,
      userId: id,
      permissions: ["orders:read", "orders:write", "payments:read", "users:read"],
    });
  });

  test("200: reports forged tokens, service tokens and tokens of deleted users as invalid", async () => {
    const { id, token } = await service.register();
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    await service.deps.users.erase(id);
    for (const each of [forged, "x", await service.services.order.for("user"), token])
      expect((await validate({ token: each }, await as("order"))).body).toEqual({ valid: false });
  });

  test("401 without a service token, 403 for other services, 422 without a token", async () => {
    expect((await validate({ token: "x" })).status).toBe(401);
    for (const caller of ["payment", "notification", "inventory"] as const)
      expect((await validate({ token: "x" }, await as(caller))).status).toBe(403);
    expect((await validate({}, await as("order"))).status).toBe(422);
  });
});
