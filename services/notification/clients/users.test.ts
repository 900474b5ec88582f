import { expect, test } from "bun:test";
import { AppError } from "@shop/kit/errors/app-error";
import type { HttpClient } from "@shop/kit/http/client";
import { userClient } from "./users";

const user = { id: "user-1", email: "ada@mail.test", name: "Ada" };

/** A client of a user service that answers every request with `respond`, and the paths that were requested. */
function aUserService(respond: () => unknown) {
  const paths: string[] = [];
  const http: HttpClient = {
    async get<T>(path: string) {
      paths.push(path);
      return respond() as T;
    },
    post: () => Promise.reject(new Error("the client must only read")),
  };
  return { paths, client: userClient(http) };
}

const fail = (code: string) => () => {
  throw new AppError(code, { kind: "not_found", public: "Not found." });
};

test("a user is cached; a verification is requested each time", async () => {
  const { paths, client } = aUserService(() => user);
  for (let times = 0; times < 2; times++) {
    expect(await client.findUser("user-1")).toEqual(user);
    await client.requestVerification("user-1");
  }
  expect(paths).toEqual([
    "/internal/users/user-1",
    "/internal/users/user-1/email-verification",
    "/internal/users/user-1/email-verification",
  ]);
});

test("the result is undefined for a user whom the user service does not know", async () => {
  const { client } = aUserService(fail("user.not_found"));
  expect(await client.findUser("user-1")).toBeUndefined();
  expect(await client.requestVerification("user-1")).toBeUndefined();
});

test("a 404 with another code is an error", async () => {
  const { client } = aUserService(fail("route.not_found"));
  await expect(client.findUser("user-1")).rejects.toMatchObject({ code: "route.not_found" });
  await expect(client.requestVerification("user-1")).rejects.toMatchObject({ code: "route.not_found" });
});
