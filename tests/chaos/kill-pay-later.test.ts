import { afterAll, describe, expect, test } from "bun:test";
import { expectStatus } from "../../deploy/local/clients/json-request";
import { testCards } from "../../deploy/local/clients/sandbox-api";
import { openAudit } from "../support/audit";
import { killDuring, type Scenario } from "../support/kill";
import { retryUntilAccepted } from "../support/retry";
import { awaitStatus, payOrder } from "../support/shop";
import { api } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

const isDeclined = (n: number) => n % 5 === 4;
const isCancelled = (n: number) => n % 4 === 3;

/** Places an order and pays it later. Some cards are declined; some orders are cancelled while they are paid. */
const orderAndPay: Scenario = {
  async play(customer, productId, n) {
    const { token } = customer;
    const orderKey = crypto.randomUUID();
    const order = { items: [{ productId, quantity: 1 }] };
    const { id } = expectStatus(await retryUntilAccepted(() => api.placeOrder(token, order, orderKey)), 201);
    await awaitStatus(customer, id, ["awaiting_payment"], 60_000);
    const card = isDeclined(n) ? testCards.declined : testCards.approved;
    const idempotencyKey = crypto.randomUUID();
    const payment = retryUntilAccepted(() => payOrder(customer, id, { card, idempotencyKey }));
    if (isCancelled(n)) {
      await Bun.sleep((n % 12) * 20);
      expectStatus(await retryUntilAccepted(() => api.cancelOrder(token, id)), 202);
    }
    // If the cancellation comes first, the payment is refused with 409.
    expect([201, 202, ...(isCancelled(n) ? [409] : [])]).toContain((await payment).status);
    return id;
  },
  finalStatus: (n) => (isCancelled(n) || isDeclined(n) ? "cancelled" : "confirmed"),
};

describe("a service killed while orders are paid later loses no order, charges none twice and keeps the stock exact", () => {
  test.each(["order-0", "payment-0", "inventory-0"])(
    "%s",
    (process) => killDuring(process, audit, orderAndPay),
    180_000,
  );
});
