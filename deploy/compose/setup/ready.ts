import { seededAccounts } from "../../local/config/seeded-accounts";
import { until } from "../../local/promises";
import { runProgram } from "./run-program";

const answers = (url: string) => fetch(url).then((response) => response.ok);

/** The last program of a start: waits until the shop answers through the edge, and says where it is. */
async function ready(): Promise<void> {
  await until("the edge", 60_000, () => answers("http://edge:8080/api/v1/products"));
  const { SHOP_URL, SANDBOX_URL } = process.env;
  console.log(`shop API            ${SHOP_URL}/api/v1`);
  console.log(`messages described  ${SHOP_URL}/docs/events`);
  if (!(await answers("http://sandbox:3000/health").catch(() => false))) return;
  console.log(`mail sent           ${SANDBOX_URL}/inbox`);
  console.log(`money moved         ${SANDBOX_URL}/ledger`);
  console.log(`log in as           ${seededAccounts.join("\n                    ")}`);
}

await runProgram(ready);
