import { expect, test } from "bun:test";
import { Redis } from "ioredis";
import { bullConnection } from "../stores/redis";
import { eventually } from "../testing/eventually";
import { testCatalogue } from "../testing/queue";
import { testRedisUrl } from "../testing/stores";
import { queuePool } from "./queue-pool";

const connect = () => new Redis({ ...bullConnection(testRedisUrl(7)), enableOfflineQueue: false });

test("each name has one queue, and an error of the connection does not escape from it", async () => {
  const connection = connect();
  await eventually(() => connection.status === "ready");
  const { a, b } = testCatalogue();
  const pool = queuePool(connection);
  expect(pool.get(a)).toBe(pool.get(a));
  expect(pool.get(b)).not.toBe(pool.get(a));
  expect(() => pool.get(a).emit("error", new Error("connection lost"))).not.toThrow();
  await pool.close();
  connection.disconnect();
});

test("a queue whose first command failed is replaced by a new one", async () => {
  const connection = connect();
  const { a } = testCatalogue();
  const pool = queuePool(connection);
  // The connection is not ready yet and queues no commands.
  const failed = pool.get(a);
  await eventually(() => connection.status === "ready");
  const replaced = await eventually(() => (pool.get(a) === failed ? undefined : pool.get(a)));
  await replaced.add("to.a", {});
  expect(await replaced.getWaitingCount()).toBe(1);
  await replaced.obliterate();
  await pool.close();
  connection.disconnect();
});
