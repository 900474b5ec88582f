import { type Answer, type Customer, cards, newCustomer, type Product, placeOrder, products } from "./shop";

/** Buyers who order this and that, every fifth time with a card that is declined. */
export type Crowd = {
  buyers: Customer[];
  /** Places so many orders, so many at a time. @returns the ids of those that were accepted, which is all of them */
  place(count: number, atOnce: number, onPlaced?: (done: number) => void): Promise<string[]>;
};

type OnAnswer = (request: string, answer: Answer, ms: number) => void;

/** @param onAnswer sees every answer to an order, the refused ones too */
export async function newCrowd(onAnswer: OnAnswer = () => {}): Promise<Crowd> {
  const buyers = await Promise.all(Array.from({ length: 8 }, newCustomer));
  const goods = (await products()).filter((product) => product.available > 1000);
  let number = 0;
  return {
    buyers,
    async place(count, atOnce, onPlaced = () => {}) {
      const ids: string[] = [];
      let left = count;
      const worker = async () => {
        while (left-- > 0) {
          ids.push(await placeOne(number++, buyers, goods, onAnswer));
          onPlaced(ids.length);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      return ids;
    },
  };
}

/** Places many orders of a crowd of its own. */
export const placeMany = async (count: number, atOnce: number, onPlaced?: (done: number) => void): Promise<string[]> =>
  (await newCrowd()).place(count, atOnce, onPlaced);

/** Longer than anything that is killed needs to come back. */
const patienceMs = 60_000;

/** A refused or broken request is tried again with the same key, as a careful client does: one order comes of it. */
async function placeOne(number: number, buyers: Customer[], goods: Product[], onAnswer: OnAnswer): Promise<string> {
  const buyer = buyers[number % buyers.length] as Customer;
  const productId = (goods[number % goods.length] as Product).id;
  const headers = { "idempotency-key": crypto.randomUUID() };
  const token = number % 5 === 4 ? cards.declined : cards.good;
  const until = Date.now() + patienceMs;
  let last = "";
  while (Date.now() < until) {
    const started = performance.now();
    const answer = await placeOrder(buyer, [{ productId, quantity: 1 }], token, headers).catch((error) => {
      last = String(error);
    });
    if (answer) onAnswer("POST /orders", answer, performance.now() - started);
    if (answer?.status === 201) return answer.body.id;
    if (answer) last = `${answer.status} ${answer.body.code}`;
    if (answer && answer.status < 500 && answer.status !== 429) throw new Error(`POST /orders answered ${last}`);
    await Bun.sleep(100);
  }
  throw new Error(`an order was not accepted within ${patienceMs} ms; the last answer was ${last}`);
}
