import type { IdempotentRequest } from "../../idempotency";
import { answerOnce } from "../../stores/idempotency";
import { connectPostgres } from "../../stores/postgres";

/** Has an effect for a request and never comes to its end: to be killed in the middle. */
const sql = connectPostgres(process.env.DATABASE as string, { max: 1, service: "asker" });
const request = JSON.parse(process.env.REQUEST as string) as IdempotentRequest;
await sql.begin((tx) =>
  answerOnce(tx, request, async () => {
    await tx`insert into effect (name) values (${process.env.NAME as string})`;
    console.log("running");
    return new Promise<never>(() => {});
  }),
);
