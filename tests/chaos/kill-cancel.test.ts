import { afterAll, describe, test } from "bun:test";
import { expectStatus } from "../../deploy/local/clients/json-request";
import { openAudit } from "../support/audit";
import { killDuring, type Scenario } from "../support/kill";
import { retryUntilAccepted } from "../support/retry";
import { placeOrder } from "../support/shop";
import { api } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

/** Places an order and cancels it 0 to 165 ms later: sometimes at once, sometimes long after it was confirmed. */
const orderAndCancel: Scenario = {
  async play(customer, productId, n) {
    const idempotencyKey = crypto.randomUUID();
    const place = () => placeOrder(customer, [{ productId, quantity: 1 }], { idempotencyKey });
    const { id } = expectStatus(await retryUntilAccepted(place), 201);
    await Bun.sleep((n % 12) * 15);
    expectStatus(await retryUntilAccepted(() => api.cancelOrder(customer.token, id)), 202);
    return id;
  },
  finalStatus: () => "cancelled",
};

describe("a service killed while orders are cancelled leaves every order cancelled, refunded and restocked", () => {
  test.each(["order-0", "inventory-0", "payment-0"])(
    "%s",
    (process) => killDuring(process, audit, orderAndCancel),
    180_000,
  );
});
