import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { AppError } from "../errors/app-error";
import { canonical, idempotentRequest } from "../idempotency";
import { eventually } from "../testing/eventually";
import { type TestPostgres, testPostgres } from "../testing/stores";
import { type Answer, answerOnce, expiredKeysRule } from "./idempotency";
import type { TransactionSql } from "./postgres";

let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("kit_idempotency", `${import.meta.dir}/../testing/migrations`);
  await database.sql`create table effect (name text, n int generated always as identity)`;
});
afterAll(() => database.drop());

type Asked = Parameters<typeof idempotentRequest>[0];
const asked = (over: Partial<Asked> = {}): Asked => ({
  ...{ key: crypto.randomUUID(), subject: "ada", method: "POST", route: "/things/:id", request: { quantity: 1 } },
  ...over,
});
type Body = { n: number; z: string; a: string };
type Work = (tx: TransactionSql, name: string) => Promise<void>;

/** A request whose effect is a row: its answer says which. */
const send = (of: Asked, during: Work = async () => {}): Promise<Answer<Body>> =>
  database.sql.begin((tx) =>
    answerOnce(tx, idempotentRequest({ ...of, request: canonical(of.request) }), async () => {
      const [row] = await tx<{ n: number }[]>`insert into effect (name) values (${of.key ?? "none"}) returning n`;
      await during(tx, of.key ?? "none");
      return { status: 201, body: { n: row?.n ?? 0, z: "first", a: "last" } };
    }),
  ) as Promise<Answer<Body>>;
const codeOf = (sending: Promise<unknown>) => sending.then(() => "answered").catch((error: AppError) => error.code);
const effects = async ({ key }: Asked) =>
  (await database.sql`select 1 from effect where name = ${key ?? "none"}`).length;

describe("a request that comes again", () => {
  test("has the first answer, to the letter, and no second effect", async () => {
    const one = asked();
    const first = await send(one);
    const again = await send(one);
    expect(JSON.stringify(again)).toBe(JSON.stringify(first));
    expect(await effects(one)).toBe(1);
  });

  test("with its fields in another order, or more of them unset, is the same", async () => {
    const one = asked({ request: { a: { x: 1, y: [1, { p: 1, q: 2 }] }, b: 2 } });
    await send(one);
    await send({ ...one, request: { b: 2, c: undefined, a: { y: [1, { q: 2, p: 1 }], x: 1 } } });
    expect(await effects(one)).toBe(1);
  });

  test("with another body is refused, whatever the first became", async () => {
    const one = asked();
    await send(one);
    for (const request of [{ quantity: 2 }, { quantity: "1" }, {}, [["quantity", 1]], undefined])
      expect(await codeOf(send({ ...one, request }))).toBe("idempotency.key_reused");
    expect(await effects(one)).toBe(1);
  });

  test("of somebody else, by another method or to another route, is another", async () => {
    const one = asked();
    await send(one);
    for (const over of [{ subject: "eve" }, { method: "PUT" }, { route: "/others/:id" }])
      expect((await send({ ...one, ...over, request: { quantity: 9 } })).status).toBe(201);
    expect(await effects(one)).toBe(4);
  });

  test("without a key stands for itself", async () => {
    const before = await effects({ ...asked(), key: undefined });
    for (let times = 0; times < 2; times++) await send(asked({ key: undefined }));
    expect(await effects({ ...asked(), key: undefined })).toBe(before + 2);
  });

  test("while the first one runs is told so, also with another body, and answered afterwards", async () => {
    const one = asked();
    const [running, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = send(one, async () => {
      running.resolve();
      await gate.promise;
    });
    await running.promise;
    expect(await codeOf(send(one))).toBe("idempotency.in_progress");
    expect(await codeOf(send({ ...one, request: {} }))).toBe("idempotency.in_progress");
    expect(await codeOf(send({ ...one, subject: "eve" }))).toBe("answered");
    gate.resolve();
    const answer = await first;
    expect(await send(one)).toEqual(answer);
  });
});

test("of a hundred at once one has an effect, twenty times over", async () => {
  for (let round = 0; round < 20; round++) {
    const one = asked();
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => send(one)));
    const answers = outcomes.flatMap((it) => (it.status === "fulfilled" ? [it.value] : []));
    const codes = outcomes.flatMap((it) => (it.status === "rejected" ? [(it.reason as AppError).code] : []));
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) expect(answer).toEqual(answers[0] as Answer<Body>);
    for (const code of codes) expect(code).toBe("idempotency.in_progress");
    expect(await send(one)).toEqual(answers[0] as Answer<Body>);
    expect(await effects(one)).toBe(1);
  }
});

describe("what did not come to an end", () => {
  test("is not stored: a refusal may be another answer the next time", async () => {
    const one = asked();
    const refused = async () => {
      throw new Error("not now");
    };
    await expect(send(one, refused)).rejects.toThrow("not now");
    expect(await effects(one)).toBe(0);
    expect((await send(one)).status).toBe(201);
    expect(await effects(one)).toBe(1);
  });

  test("because its process was killed blocks nobody any longer than that process lives", async () => {
    const one = asked();
    const child = Bun.spawn([process.execPath, `${import.meta.dir}/../testing/children/asker.ts`], {
      env: { ...process.env, DATABASE: database.url, REQUEST: JSON.stringify(idempotentRequest(one)), NAME: one.key },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await child.stdout.getReader().read();
    expect(await codeOf(send(one))).toBe("idempotency.in_progress");
    child.kill("SIGKILL");
    await child.exited;
    const answer = await eventually(() => send(one));
    expect(answer.status).toBe(201);
    expect(await effects(one)).toBe(1);
  });
});

test("what is kept is hashes and the answer, for a day at least", async () => {
  const [day, older] = [asked({ subject: "secret-subject" }), asked()];
  await send(day);
  await send(older);
  const age = (of: Asked, hours: number) => database.sql`
    update idempotency_key set created_at = now() - make_interval(hours => ${hours})
    where scope = ${idempotentRequest(of)?.scope ?? ""}`;
  await age(day, 24);
  await age(older, 26);
  await expiredKeysRule(database.sql, "test").removeSome(10);
  for (const one of [day, older]) await send(one);
  expect([await effects(day), await effects(older)]).toEqual([1, 2]);
  const text = JSON.stringify(await database.sql`select scope, request_hash from idempotency_key`);
  for (const part of [day.key as string, "secret-subject", "quantity"]) expect(text).not.toContain(part);
});

test("the sweep finds old keys by their index", async () => {
  await database.sql`
    insert into idempotency_key (scope, request_hash, status, body, created_at)
    select 'many ' || n, 'x', 200, '{}', now() - make_interval(secs => n) from generate_series(1, 5000) as n`;
  await database.sql`analyze idempotency_key`;
  const plan = await database.sql`
    explain delete from idempotency_key where created_at < now() - make_interval(hours => 25)`;
  expect(JSON.stringify(plan)).toContain("idempotency_key_created_at");
});
