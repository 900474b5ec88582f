import { afterAll } from "bun:test";
import { openBooks } from "../support/audit";
import { killAndAwait, ordersWith } from "../support/kill";
import { newCrowd } from "../support/load";
import { newWitness } from "../support/response-monitor";
import { type Finding, scored, size } from "../support/score";
import type { LineNumber } from "../support/score-lines";
import { type Customer, call, newCustomer, theAdmin } from "../support/shop";

const books = openBooks();
afterAll(() => books.close());

type Witness = ReturnType<typeof newWitness>;

/** A number that is written again and again, one higher each time. Only what was acknowledged has to be there at the end. */
function counter(write: (value: number) => Promise<{ status: number } | undefined>, read: () => Promise<number>) {
  let tried = 0;
  let acknowledged = 0;
  return {
    async run(until: () => boolean) {
      while (!until()) {
        const value = ++tried;
        const answer = await write(value);
        if (answer && answer.status < 300) acknowledged = value;
        else await Bun.sleep(50);
      }
    },
    acknowledged: () => acknowledged,
    async problem(): Promise<string[]> {
      const value = await read();
      return value >= acknowledged && value <= tried
        ? []
        : [`${value} is there, acknowledged ${acknowledged}, tried ${tried}`];
    },
  };
}

/** What is booked in, one piece at a time: there are as many as were acknowledged, and those whose answer was lost. */
function deliveries(admin: { token: string }, productId: string, witness: Witness) {
  let tried = 0;
  let acknowledged = 0;
  const path = `/products/${productId}/stock`;
  return {
    async run(until: () => boolean) {
      while (!until()) {
        tried++;
        const body = { quantity: 1, reason: "received" };
        const answer = await witness.call("POST", path, { token: admin.token, body });
        if (answer?.status === 200) acknowledged++;
        else await Bun.sleep(50);
      }
    },
    acknowledged: () => acknowledged,
    async problem(): Promise<string[]> {
      const onHand = (await books.stock()).get(productId)?.onHand ?? 0;
      return onHand >= acknowledged && onHand <= tried
        ? []
        : [`${onHand} pieces are there, acknowledged ${acknowledged}, tried ${tried}`];
    },
  };
}

/** People who sign up: whoever was told that it worked is known afterwards. */
function registrations(witness: Witness) {
  const acknowledged: string[] = [];
  return {
    async run(until: () => boolean) {
      while (!until()) {
        const body = { email: `${crypto.randomUUID()}@example.test`, password: "a-good-password", name: "Ada" };
        const answer = await witness.call("POST", "/auth/register", { body });
        if (answer?.status === 201) acknowledged.push(String(answer.body.token));
        await Bun.sleep(100);
      }
    },
    acknowledged: () => acknowledged.length,
    async problem(): Promise<string[]> {
      const answers = await Promise.all(acknowledged.map((token) => call("GET", "/users/profile", { token })));
      return answers.filter(({ status }) => status !== 200).map(({ status }) => `a new user's profile: ${status}`);
    },
  };
}

function names(buyer: Customer, witness: Witness) {
  const { token } = buyer;
  return counter(
    (value) => witness.call("PUT", "/users/profile", { token, body: { name: String(value) } }),
    async () => Number((await call<{ name: string }>("GET", "/users/profile", { token })).body.name),
  );
}

async function killUnderLoad(store: "postgres" | "mongo", kills: number): Promise<Finding> {
  const witness = newWitness();
  const crowd = await newCrowd(witness.onAnswer);
  const [admin, buyer] = await Promise.all([theAdmin(), newCustomer()]);
  const productId = Bun.randomUUIDv7();
  const body = { name: "Crash-tested", description: "", price: { amount: 100, currency: "USD" } };
  await call("PUT", `/products/${productId}`, { token: admin.token, body });

  const changes = {
    "names changed": names(buyer, witness),
    "pieces booked in": deliveries(admin, productId, witness),
    "users registered": registrations(witness),
  };
  let over = false;
  const until = () => over;
  const reads = async () => {
    while (!over) {
      await witness.call("GET", `/products/${productId}`);
      await witness.call("GET", `/orders/user/${buyer.id}`, { token: buyer.token });
      await witness.call("GET", "/users/profile", { token: buyer.token });
      await Bun.sleep(20);
    }
  };
  const background = [reads(), ...Object.values(changes).map((change) => change.run(until))];
  const blows = Array.from({ length: kills }, () => () => killAndAwait(store));
  const ids = await ordersWith(crowd, { orders: kills * 60, blows }).finally(() => {
    over = true;
  });
  await Promise.all(background);

  const { open } = await books.sagasOpen(ids, 60_000);
  const problems = [
    ...open,
    ...(await books.problemsThatStay(ids)),
    ...(await books.stockProblems()).map((row) => JSON.stringify(row)),
    ...(await Promise.all(Object.values(changes).map((change) => change.problem()))).flat(),
  ];
  const acknowledged = Object.entries(changes).map(([what, change]) => `${change.acknowledged()} ${what}`);
  console.log(`${store}: answers by status ${JSON.stringify(witness.statuses())}`);
  return {
    figure: `${kills} kills: ${problems.length} lost of ${ids.length} orders, ${acknowledged.join(", ")}; ${witness.complaints.length} answers other than 503`,
    problems: [...problems, ...witness.complaints],
  };
}

const lines: [LineNumber, "postgres" | "mongo"][] = [
  [6, "postgres"],
  [7, "mongo"],
];
for (const [line, store] of lines) scored([line], 15 * 60_000, async () => [await killUnderLoad(store, size(10, 2))]);
