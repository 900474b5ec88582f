import { describe, expect, test } from "bun:test";
import { propertyOptions } from "@shop/kit/testing/property";
import fc from "fast-check";
import { replyFor } from "./events";
import { isAtEnd, newPayment, nextCall, type Observed, observe, type Payment } from "./payment";

const aPayment = (changes: Partial<Payment> = {}): Payment => ({
  ...newPayment({
    id: "p",
    orderId: "o",
    userId: "u",
    sagaId: "s",
    provider: "stripe",
    amount: { amount: 1999, currency: "USD" },
  }),
  attempts: 0,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  ...changes,
});

describe("nextCall", () => {
  test("creates the payment, then confirms it", () => {
    expect(nextCall(aPayment(), true)).toBe("create");
    expect(nextCall(aPayment({ observed: "created", providerId: "pi" }), true)).toBe("confirm");
  });
  test("fetches first if the observed state may be outdated", () => {
    expect(nextCall(aPayment({ observed: "created", providerId: "pi" }), false)).toBe("fetch");
  });
  test.each([
    ["succeeded", "refund"],
    ["created", "cancel"],
    ["requires_action", "cancel"],
    ["declined", "cancel"],
  ] as const)("releases a payment that is %s by %s", (observed, call) => {
    expect(nextCall(aPayment({ desired: "released", observed, providerId: "pi" }), true)).toBe(call);
  });
  test.each(["failed", "voided"] as const)("makes no call for a %s payment", (status) => {
    expect(nextCall(aPayment({ status }), false)).toBeUndefined();
  });
});

describe("replyFor", () => {
  test("reports processed when money is held, failed with the code, and voided when release was desired", () => {
    expect(replyFor(aPayment({ status: "completed" }))).toMatchObject({ type: "payment.processed", sagaid: "s" });
    const failed = replyFor(aPayment({ status: "failed", failureCode: "payment.declined.lost_card" }));
    expect(failed).toMatchObject({ type: "payment.failed", data: { code: "payment.declined.lost_card" } });
    expect(replyFor(aPayment({ status: "voided", desired: "released" })).type).toBe("payment.voided");
  });
});

/** A provider that carries out every call. Its responses may be lost by the caller. */
function fakeProvider(declines: boolean) {
  let state: Observed = "nothing";
  return {
    holdsMoney: () => state === "succeeded",
    call(call: string): Observed {
      if (call === "create" && state === "nothing") state = "created";
      if (call === "confirm" && state === "created") state = declines ? "declined" : "succeeded";
      if (call === "cancel" && state !== "succeeded" && state !== "refunded") state = "canceled";
      if (call === "refund" && state === "succeeded") state = "refunded";
      return state;
    },
  };
}

test("with responses lost and a void at any moment, money is held exactly when the payment is completed", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.infiniteStream(fc.nat(9)), fc.option(fc.nat(12)), (declines, luck, voidAt) => {
      const provider = fakeProvider(declines);
      let payment = aPayment();
      let isCurrent = true;
      for (let turn = 0; turn < 60; turn++) {
        if (turn === voidAt && payment.status !== "failed") payment = { ...payment, desired: "released" };
        const call = nextCall(payment, isCurrent);
        if (!call) {
          if (isAtEnd(payment)) continue;
          payment = observe(payment, { observed: payment.observed });
          continue;
        }
        const observed = provider.call(call);
        const isLost = (luck.next().value as number) < 4 && turn < 40;
        isCurrent = !isLost;
        // A create with a lost response leaves no id. It is repeated and moves no money.
        if (!isLost) payment = observe(payment, { observed, providerId: "pi" });
      }
      expect(isAtEnd(payment)).toBe(true);
      expect(provider.holdsMoney()).toBe(payment.status === "completed");
      if (voidAt === null) expect(payment.status).toBe(declines ? "failed" : "completed");
    }),
    propertyOptions("payments with lost responses"),
  );
});
