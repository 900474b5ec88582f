import { readFile } from "node:fs/promises";
import type { Secrets } from "../../local/config/secrets";
import { allOrFirstError, until } from "../../local/promises";
import { mongoAnswers, prepareMongo } from "../../local/stores/mongo";
import { postgresAnswers } from "../../local/stores/postgres-answers";
import { preparePostgres } from "../../local/stores/postgres-roles";
import { redisAnswers } from "../../local/stores/redis";
import { storeUrls } from "../../local/stores/store-urls";
import { storeAddresses } from "./program-files";
import { runProgram } from "./run-program";

const storeMs = 120_000;

/** Waits for the stores, and creates the roles, databases and users that are missing. */
async function init(): Promise<void> {
  const secrets = JSON.parse(await readFile("/run/secrets/secrets.json", "utf8")) as Secrets;
  const { postgres, mongo, redis } = storeAddresses;
  const urls = storeUrls(storeAddresses, secrets);
  const advice = "restore the secrets, or delete the volumes";
  await allOrFirstError([
    until(`PostgreSQL (${postgres})`, storeMs, () => postgresAnswers(urls.postgresRoot, advice)).then(() =>
      preparePostgres(urls, secrets),
    ),
    until(`MongoDB (${mongo})`, storeMs, () => mongoAnswers(`mongodb://${mongo}`)).then(() =>
      prepareMongo(mongo, secrets),
    ),
    // Its users are in the file with which it starts.
    until(`Redis (${redis})`, storeMs, () => redisAnswers(urls.redis.admin)),
  ]);
  console.log("PostgreSQL, MongoDB and Redis are ready");
}

await runProgram(init);
