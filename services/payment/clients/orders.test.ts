import { expect, test } from "bun:test";
import type { HttpClient } from "@shop/kit/http/client";
import { payableLoader } from "./orders";

const payable = { orderId: "o", userId: "u", amount: { amount: 1999, currency: "USD" }, payable: true };

test("loads what may be charged for an order", async () => {
  const paths: string[] = [];
  const get = async (path: string) => {
    paths.push(path);
    return { items: [payable] };
  };
  expect(await payableLoader({ get } as unknown as HttpClient)("o")).toEqual(payable);
  expect(paths).toEqual(["/internal/orders/payable?ids=o"]);
});

test("fails with order.not_found for an unknown order", async () => {
  const get = async () => ({ items: [] });
  const load = payableLoader({ get } as unknown as HttpClient);
  await expect(load("o")).rejects.toMatchObject({ code: "order.not_found", status: 404 });
});
