import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type TestUserService, testUserService } from "../testing/user-service";

let service: TestUserService;
beforeAll(async () => {
  service = await testUserService();
});
beforeEach(async () => {
  await service.redis.flushDb();
});
afterAll(() => service.close());

type Body = { code: string; id: string; email: string };
const get = <T = Body>(path: string, sender?: { authorization: string }) =>
  service.send<T>("GET", path, { authorization: sender?.authorization });

describe("GET /users/{id}", () => {
  test("200: for the user themselves, whatever the case of the id, and with users:read", async () => {
    const [ada, support] = [await service.register(), await service.registerAs("support")];
    expect((await get(`/users/${ada.id}`, ada)).body.email).toBe(ada.email);
    expect((await get(`/users/${ada.id.toUpperCase()}`, ada)).status).toBe(200);
    expect((await get(`/users/${ada.id}`, support)).body.email).toBe(ada.email);
  });

  test("404: gives the same answer for another user and for an unknown id", async () => {
    const [ada, eve, support] = [
      await service.register(),
      await service.register(),
      await service.registerAs("support"),
    ];
    const unknown = Bun.randomUUIDv7();
    for (const [id, sender] of [
      [ada.id, eve],
      [unknown, eve],
      [unknown, support],
    ] as const) {
      const { status, body } = await get(`/users/${id}`, sender);
      expect([status, body.code]).toEqual([404, "user.not_found"]);
    }
  });

  test("401 without an access token, 422 for an invalid id", async () => {
    const ada = await service.register();
    expect((await get(`/users/${ada.id}`)).status).toBe(401);
    expect((await get("/users/7", ada)).status).toBe(422);
  });
});

describe("GET /users", () => {
  test("200: pages return every user once, newest first, without deleted users", async () => {
    const support = await service.registerAs("support");
    const people = [await service.register(), await service.register(), await service.register()];
    const deleted = await service.register();
    await service.deps.users.erase(deleted.id);
    const found: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const path: string = `/users?limit=2${cursor && `&cursor=${cursor}`}`;
      const { status, body } = await get<{ items: Body[]; nextCursor: string | null }>(path, support);
      expect(status).toBe(200);
      found.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(found).toEqual([...found].sort().reverse());
    expect(new Set(found).size).toBe(found.length);
    expect(found).toEqual(expect.arrayContaining([support.id, ...people.map(({ id }) => id)]));
    expect(found).not.toContain(deleted.id);
  });

  test("401 without an access token, 403 without users:read, 422 for an invalid page", async () => {
    expect((await get("/users")).status).toBe(401);
    expect((await get("/users", await service.register())).body.code).toBe("auth.permission_missing");
    const support = await service.registerAs("support");
    for (const query of ["limit=0", "limit=101", "limit=x", "cursor=7"])
      expect((await get(`/users?${query}`, support)).status).toBe(422);
  });
});
