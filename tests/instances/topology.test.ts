import { afterAll, expect, test } from "bun:test";
import { instancePort } from "../../deploy/local/config/ports";
import { connections } from "../../deploy/topology";
import type { ServiceName } from "../../services/_contracts/services";
import { startCollector } from "../support/collector";
import { openConnections } from "../support/connections";
import { eventually } from "../support/eventually";
import { awaitMail } from "../support/mail";
import { awaitSettled, newCustomer, payOrder, placeOrder, placeUnpaidOrder, productInStock } from "../support/shop";
import { api, stack } from "../support/stack";

const collector = startCollector(stack.offset);
afterAll(() => collector.close());

const sampleMs = 20;
/** Spans are exported every 5 s, the last ones after the mail was sent. */
const withinMs = 20_000;

test("services and edge have exactly the connections of the topology", async () => {
  const expected = new Set(
    connections.filter((row) => row.notInDevelopment === undefined).map(({ from, to }) => `${from} → ${to}`),
  );
  const seen = new Set<string>();
  const sampling = setInterval(() => {
    for (const connection of openConnections()) seen.add(connection);
  }, sampleMs);
  try {
    await Promise.all([useEverything(), fetchPublicKeys()]);
    await eventually(() => [...expected].every((connection) => seen.has(connection)), withinMs).catch(() => {});
  } finally {
    clearInterval(sampling);
  }
  expect([...seen].toSorted()).toEqual([...expected].toSorted());
});

/** An account with its verification mail, an order that is paid at once, one that is paid later, and one that is cancelled. */
async function useEverything() {
  const customer = await newCustomer();
  const { id: productId } = await productInStock();
  const items = [{ productId, quantity: 1 }];
  const paid = await placeOrder(customer, items);
  const unpaid = await placeUnpaidOrder(customer, items);
  await payOrder(customer, unpaid.id);
  await awaitSettled(customer, paid.body.id);
  const cancelled = await placeUnpaidOrder(customer, items);
  await api.cancelOrder(customer.token, cancelled.id);
  await awaitMail(customer.email, { text: paid.body.id });
}

const id = crypto.randomUUID();
/** A guarded route of each service that fetches the keys of access tokens. */
const guarded: { service: ServiceName; method: string; path: string; body?: object }[] = [
  { service: "order", method: "GET", path: `/orders/${id}` },
  { service: "payment", method: "GET", path: `/payments/${id}` },
  {
    service: "inventory",
    method: "POST",
    path: `/products/${id}/stock`,
    body: { quantity: 1, reason: "received" },
  },
];

/**
 * Makes the services fetch the keys, by a token that names an unknown one. They have fetched them before, and the connection
 * may be closed by now. The edge would refuse the token.
 */
async function fetchPublicKeys() {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const token = `${encode({ alg: "ES256", kid: crypto.randomUUID() })}.${encode({})}.${encode({})}`;
  for (const { service, method, path, body } of guarded) {
    const response = await fetch(`http://127.0.0.1:${instancePort(stack.ports, service, 0)}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    expect(response.status).toBe(401);
  }
}
