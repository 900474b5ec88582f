import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestUserService, testUserService } from "../testing/user-service";
import { accountReads } from "./accounts";

let service: TestUserService;
beforeAll(async () => {
  service = await testUserService();
});
afterAll(() => service.close());

test("an account is found by its e-mail address, in any case and with spaces, until it is deleted", async () => {
  const { findByEmail } = accountReads(service.sql);
  const { id, email } = await service.register();
  expect(await findByEmail(` ${email.toUpperCase()} `)).toMatchObject({ id, email, roles: ["customer"] });
  await service.deps.users.erase(id);
  expect(await findByEmail(email)).toBeUndefined();
});
