import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestPostgres, testPostgres } from "@shop/kit/testing/stores";
import { migrations } from "../migrate";
import { retentionRules } from "./retention";

let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("notification", migrations);
});
afterAll(() => database.drop());

async function aDelivery(daysAgo: number, status: string): Promise<string> {
  const id = Bun.randomUUIDv7("hex", Date.now() - daysAgo * 86_400_000);
  await database.sql`
    insert into delivery (id, message_id, channel, user_id, template, subject, status, lease_until)
    values (${id}, ${crypto.randomUUID()}, 'email', ${crypto.randomUUID()}, 'welcome', 'user', ${status}, now())`;
  return id;
}

test("finished deliveries are removed in batches, 90 days after they were created", async () => {
  for (const status of ["sent", "failed", "skipped"]) await aDelivery(90.1, status);
  const staying = [await aDelivery(400, "pending"), await aDelivery(399, "sending"), await aDelivery(89.9, "sent")];
  const [rule] = retentionRules(database.sql);
  expect(await rule?.removeBatch(2)).toEqual({ removed: 2, isDone: false });
  expect(await rule?.removeBatch(2)).toEqual({ removed: 1, isDone: true });
  const left = await database.sql<{ id: string }[]>`select id from delivery order by id`;
  expect(left.map((row) => row.id)).toEqual(staying);
});
