import { describe, expect, test } from "bun:test";
import { AppError } from "@shop/kit/errors/app-error";
import type { HttpClient } from "@shop/kit/http/client";
import { krone, lamp, rug } from "../testing/order-service";
import { productLoader } from "./inventory";
import { userLookup } from "./users";

/** A client that answers from `respond` and records the requested paths. */
function clientOf(respond: (path: string) => unknown) {
  const paths: string[] = [];
  const client: HttpClient = {
    async get<T>(path: string) {
      paths.push(path);
      return respond(path) as T;
    },
    post: () => Promise.reject(new Error("not used")),
  };
  return { client, paths };
}

describe("the products of inventory", () => {
  test("are returned in the order of the ids; unknown ids are left out", async () => {
    const { client, paths } = clientOf(() => ({ items: [lamp, rug] }));
    expect(await productLoader(client)([rug.id, krone.id, lamp.id])).toEqual([rug, lamp]);
    expect(paths).toEqual([`/internal/products?ids=${rug.id},${krone.id},${lamp.id}`]);
  });
});

describe("the user service's answer", () => {
  const unknown = new AppError("user.not_found", { kind: "not_found", public: "User not found." });
  const unavailable = new AppError("user.unavailable", { kind: "unavailable", public: "Unavailable." });

  test("is cached, for an account that exists and for one that does not", async () => {
    const { client, paths } = clientOf((path) => {
      if (path.endsWith("/gone")) throw unknown;
      return {};
    });
    const userExists = userLookup(client);
    expect([await userExists("ada"), await userExists("ada")]).toEqual([true, true]);
    expect([await userExists("gone"), await userExists("gone")]).toEqual([false, false]);
    expect(paths).toEqual(["/internal/users/ada", "/internal/users/gone"]);
  });
  test("is an error while the service is unavailable, and is then not cached", async () => {
    const { client, paths } = clientOf(() => {
      throw unavailable;
    });
    const userExists = userLookup(client);
    const failure = () => userExists("ada").catch((error) => error);
    expect(await failure()).toBe(unavailable);
    expect(await failure()).toBe(unavailable);
    expect(paths).toEqual(["/internal/users/ada", "/internal/users/ada"]);
  });
  test("is an error for a 404 that does not come from its route", async () => {
    const { client } = clientOf(() => {
      throw new AppError("route.not_found", { kind: "not_found", public: "Route not found." });
    });
    const failure = await userLookup(client)("ada").catch((error) => error);
    expect(failure).toMatchObject({ code: "user.unavailable", kind: "unavailable" });
  });
});
