import { afterAll, beforeAll, expect, test } from "bun:test";
import { messages } from "@shop/contracts/messages";
import { AppError } from "@shop/kit/errors/app-error";
import { openServer, type Server } from "@shop/kit/http/server";
import { createLifecycle } from "@shop/kit/lifecycle";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { eventually } from "@shop/kit/testing/eventually";
import { silentLog } from "@shop/kit/testing/log";
import { type TestPostgres, testPostgres, testRedisUrl } from "@shop/kit/testing/stores";
import { testServiceKeyEnv } from "@shop/kit/testing/tokens";
import { Elysia } from "elysia";
import { main } from "./main";
import { migrate, migrations } from "./migrate";
import { type TestMailServer, testMailServer } from "./testing/mail-server";
import { aMessage, anOrder, from, publicUrl } from "./testing/notification-service";

const known = Bun.randomUUIDv7();
const user = { id: known, email: "ada@mail.test", name: "Ada" };

let database: TestPostgres;
let mailServer: TestMailServer;
let users: Server;
let server: Server;

beforeAll(async () => {
  database = await testPostgres("notification", migrations);
  await migrate({ NOTIFICATION_MIGRATION_URL: database.url });
  mailServer = await testMailServer();
  const open = { service: "user", host: "127.0.0.1", port: 0, store: async () => {}, log: silentLog };
  users = openServer({ ...open, lifecycle: createLifecycle(silentLog) }).serve({
    routes: new Elysia().get("/internal/users/:id", ({ params }) => {
      if (params.id === known) return user;
      throw new AppError("user.not_found", { kind: "not_found", public: "User not found." });
    }),
    queue: () => true,
  });
  server = await main({
    ...(await testServiceKeyEnv("notification")),
    APP_ENV: "test",
    PORT: "0",
    LOG_LEVEL: "silent",
    REDIS_URL: testRedisUrl(3),
    NOTIFICATION_DATABASE_URL: database.url,
    USER_URL: `http://127.0.0.1:${users.port}`,
    SMTP_URL: mailServer.url,
    MAIL_FROM: from,
    PUBLIC_URL: publicUrl,
  });
});
afterAll(async () => {
  await users.stop();
  await mailServer.close();
  await database.drop();
});

const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
const statusOf = async (userId: string) => {
  const rows = await database.sql<{ status: string }[]>`select status from delivery where user_id = ${userId}`;
  return rows[0]?.status;
};

test("the service starts, sends mail for its messages, and stops", async () => {
  expect((await get("/health")).status).toBe(200);
  await eventually(async () => ((await (await get("/ready")).json()) as { status: string }).status === "ready");
  expect((await get("/openapi.json")).status).toBe(200);

  const publisher = createPublisher({ redisUrl: testRedisUrl(3), catalogue: messages, log: silentLog });
  await eventually(() => publisher.connected());
  const gone = Bun.randomUUIDv7();
  const confirmations = [known, gone].map((id) => aMessage({ type: "order.confirmed", data: anOrder(id) }));
  await publisher.publish(confirmations.map((message) => ({ message, jobId: message.id })));

  await eventually(async () => (await statusOf(known)) === "sent");
  await eventually(async () => (await statusOf(gone)) === "skipped");
  expect(mailServer.mails.map((mail) => mail.to)).toEqual([["ada@mail.test"]]);
  expect(await (await get("/metrics")).text()).toContain('template="order-confirmed",outcome="skipped"');

  await publisher.close();
  await server.stop();
  await expect(get("/health")).rejects.toThrow();
});

test("a migration without a database URL names the missing variable", async () => {
  await expect(migrate({})).rejects.toThrow("NOTIFICATION_MIGRATION_URL");
});
