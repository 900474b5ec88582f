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

type TestRequest = Parameters<typeof idempotentRequest>[0];
const aRequest = (over: Partial<TestRequest> = {}): TestRequest => ({
  ...{ key: crypto.randomUUID(), subject: "ada", method: "POST", route: "/things/:id", request: { quantity: 1 } },
  ...over,
});
type Body = { n: number; z: string; a: string };
type Work = (tx: TransactionSql, name: string) => Promise<void>;

/** Handles a request whose effect is one row; the answer names the row. */
const send = (request: TestRequest, during: Work = async () => {}): Promise<Answer<Body>> =>
  database.sql.begin((tx) =>
    answerOnce(tx, idempotentRequest({ ...request, request: canonical(request.request) }), async () => {
      const [row] = await tx<{ n: number }[]>`insert into effect (name) values (${request.key ?? "none"}) returning n`;
      await during(tx, request.key ?? "none");
      return { status: 201, body: { n: row?.n ?? 0, z: "first", a: "last" } };
    }),
  ) as Promise<Answer<Body>>;
const outcome = (sending: Promise<unknown>) => sending.then(() => "answered").catch((error: AppError) => error.code);
const countEffects = async ({ key }: TestRequest) =>
  (await database.sql`select 1 from effect where name = ${key ?? "none"}`).length;

describe("a repeated request", () => {
  test("gets exactly the first answer and has no second effect", async () => {
    const original = aRequest();
    const first = await send(original);
    const repeated = await send(original);
    expect(JSON.stringify(repeated)).toBe(JSON.stringify(first));
    expect(await countEffects(original)).toBe(1);
  });

  test("with fields in another order, or with undefined fields, is the same request", async () => {
    const original = aRequest({ request: { a: { x: 1, y: [1, { p: 1, q: 2 }] }, b: 2 } });
    await send(original);
    await send({ ...original, request: { b: 2, c: undefined, a: { y: [1, { q: 2, p: 1 }], x: 1 } } });
    expect(await countEffects(original)).toBe(1);
  });

  test("with another body is refused", async () => {
    const original = aRequest();
    await send(original);
    for (const request of [{ quantity: 2 }, { quantity: "1" }, {}, [["quantity", 1]], undefined])
      expect(await outcome(send({ ...original, request }))).toBe("idempotency.key_reused");
    expect(await countEffects(original)).toBe(1);
  });

  test("of another subject, with another method or to another route is a different request", async () => {
    const original = aRequest();
    await send(original);
    for (const over of [{ subject: "eve" }, { method: "PUT" }, { route: "/others/:id" }])
      expect((await send({ ...original, ...over, request: { quantity: 9 } })).status).toBe(201);
    expect(await countEffects(original)).toBe(4);
  });

  test("without a key has an effect each time", async () => {
    const before = await countEffects({ ...aRequest(), key: undefined });
    for (let times = 0; times < 2; times++) await send(aRequest({ key: undefined }));
    expect(await countEffects({ ...aRequest(), key: undefined })).toBe(before + 2);
  });

  test("is refused while the first one runs, also with another body, and answered afterwards", async () => {
    const original = aRequest();
    const [running, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = send(original, async () => {
      running.resolve();
      await gate.promise;
    });
    await running.promise;
    expect(await outcome(send(original))).toBe("idempotency.in_progress");
    expect(await outcome(send({ ...original, request: {} }))).toBe("idempotency.in_progress");
    expect(await outcome(send({ ...original, subject: "eve" }))).toBe("answered");
    gate.resolve();
    const answer = await first;
    expect(await send(original)).toEqual(answer);
  });
});

test("of 100 concurrent copies of a request exactly one has an effect, in each of 20 rounds", async () => {
  for (let round = 0; round < 20; round++) {
    const original = aRequest();
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => send(original)));
    const answers = outcomes.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const codes = outcomes.flatMap((result) =>
      result.status === "rejected" ? [(result.reason as AppError).code] : [],
    );
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) expect(answer).toEqual(answers[0] as Answer<Body>);
    for (const code of codes) expect(code).toBe("idempotency.in_progress");
    expect(await send(original)).toEqual(answers[0] as Answer<Body>);
    expect(await countEffects(original)).toBe(1);
  }
});

describe("a request that did not finish", () => {
  test("because its work failed is not stored and can be retried", async () => {
    const original = aRequest();
    const refused = async () => {
      throw new Error("not now");
    };
    await expect(send(original, refused)).rejects.toThrow("not now");
    expect(await countEffects(original)).toBe(0);
    expect((await send(original)).status).toBe(201);
    expect(await countEffects(original)).toBe(1);
  });

  test("because its process was killed holds its key only until the process ends", async () => {
    const original = aRequest();
    const child = Bun.spawn([process.execPath, `${import.meta.dir}/../testing/children/unfinished-request.ts`], {
      env: {
        ...process.env,
        DATABASE: database.url,
        REQUEST: JSON.stringify(idempotentRequest(original)),
        NAME: original.key,
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await child.stdout.getReader().read();
    expect(await outcome(send(original))).toBe("idempotency.in_progress");
    child.kill("SIGKILL");
    await child.exited;
    const answer = await eventually(() => send(original));
    expect(answer.status).toBe(201);
    expect(await countEffects(original)).toBe(1);
  });
});

test("only hashes and the answer are stored, for at least 24 hours", async () => {
  const [day, older] = [aRequest({ subject: "secret-subject" }), aRequest()];
  await send(day);
  await send(older);
  const age = (request: TestRequest, hours: number) => database.sql`
    update idempotency_key set created_at = now() - make_interval(hours => ${hours})
    where scope = ${idempotentRequest(request)?.scope ?? ""}`;
  await age(day, 24);
  await age(older, 26);
  await expiredKeysRule(database.sql, "test").removeBatch(10);
  for (const request of [day, older]) await send(request);
  expect([await countEffects(day), await countEffects(older)]).toEqual([1, 2]);
  const text = JSON.stringify(await database.sql`select scope, request_hash from idempotency_key`);
  for (const part of [day.key as string, "secret-subject", "quantity"]) expect(text).not.toContain(part);
});

test("old keys are found by an index", async () => {
  await database.sql`
    insert into idempotency_key (scope, request_hash, status, body, created_at)
    select 'many ' || n, 'x', 200, '{}', now() - make_interval(secs => n) from generate_series(1, 5000) as n`;
  await database.sql`analyze idempotency_key`;
  const plan = await database.sql`
    explain delete from idempotency_key where created_at < now() - make_interval(hours => 25)`;
  expect(JSON.stringify(plan)).toContain("idempotency_key_created_at");
});
