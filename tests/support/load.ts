import { type Customer, cards, newCustomer, type Product, placeOrder, products } from "./shop";

/** Places many orders, so many at a time, every fifth with a card that is declined. @returns the ids of those that were accepted */
export async function placeMany(
  count: number,
  atOnce: number,
  onPlaced: (done: number) => void = () => {},
): Promise<string[]> {
  const buyers = await Promise.all(Array.from({ length: 8 }, newCustomer));
  const goods = (await products()).filter((product) => product.available > 1000);
  const ids: string[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const number = next++;
      const id = await placeOne(number, buyers, goods);
      ids.push(id);
      onPlaced(ids.length);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return ids;
}

/** A refused or broken request is tried again with the same key, as a careful client does: one order comes of it. */
async function placeOne(number: number, buyers: Customer[], goods: Product[]): Promise<string> {
  const buyer = buyers[number % buyers.length] as Customer;
  const productId = (goods[number % goods.length] as Product).id;
  const headers = { "idempotency-key": crypto.randomUUID() };
  const token = number % 5 === 4 ? cards.declined : cards.good;
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await placeOrder(buyer, [{ productId, quantity: 1 }], token, headers).catch(() => undefined);
    if (answer?.status === 201) return answer.body.id;
    if (answer && answer.status < 500 && answer.status !== 429)
      throw new Error(`POST /orders answered ${answer.status} ${answer.body.code}`);
    await Bun.sleep(100);
  }
  throw new Error("an order was not accepted in a hundred attempts");
}
