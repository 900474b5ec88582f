import { expect, test } from "bun:test";
import { productsTogether } from "./products";

const price = { amount: 100, currency: "USD" };
const product = (id: string) => ({ id, name: id, price, available: 1 });

function inventory() {
  const asked: string[][] = [];
  const get = async (path: string) => {
    const ids = path.split("=")[1]?.split(",") ?? [];
    asked.push(ids);
    return { items: ids.filter((id) => id !== "gone").map(product) };
  };
  return { asked, client: { get: get as never, post: get as never } };
}

test("orders at the same time share a question, and each gets its own products", async () => {
  const { asked, client } = inventory();
  const productsOf = productsTogether(client);
  const answers = await Promise.all([["a"], ["b"], ["a", "c"], ["c", "gone"]].map(productsOf));
  expect(answers.map((products) => products.map(({ id }) => id))).toEqual([["a"], ["b"], ["a", "c"], ["c"]]);
  expect(asked).toEqual([["a"], ["b", "a", "c", "gone"]]);
});

test("no question is about more than a hundred", async () => {
  const { asked, client } = inventory();
  const ids = Array.from({ length: 250 }, (_, index) => `p${index}`);
  expect(await productsTogether(client)(ids)).toHaveLength(250);
  expect(asked.map((question) => question.length)).toEqual([100, 100, 50]);
});
