import type { IdempotentRequest } from "../../idempotency";
import { answerOnce } from "../../stores/idempotency";
import { connectPostgres } from "../../stores/postgres";

/** Handles an idempotent request whose work never ends. The test kills this process while the work runs. */
const sql = connectPostgres(process.env.DATABASE as string, { max: 1, service: "unfinished-request" });
const request = JSON.parse(process.env.REQUEST as string) as IdempotentRequest;
await sql.begin((tx) =>
  answerOnce(tx, request, async () => {
    await tx`insert into effect (name) values (${process.env.NAME as string})`;
    console.log("running");
    return new Promise<never>(() => {});
  }),
);
