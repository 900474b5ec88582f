import { describe, expect, test } from "bun:test";
import { thoroughly } from "@shop/kit/testing/property";
import fc from "fast-check";
import { answerOf, isAtEnd, nextCall, type Observed, observe, type Payment } from "./payment";

const aPayment = (over: Partial<Payment> = {}): Payment => ({
  id: "p",
  orderId: "o",
  userId: "u",
  sagaId: "s",
  provider: "stripe",
  amount: { amount: 1999, currency: "USD" },
  status: "pending",
  desired: "captured",
  observed: "nothing",
  attempts: 0,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  ...over,
});

describe("the next call", () => {
  test("creates first, confirms what it just created", () => {
    expect(nextCall(aPayment(), true)).toBe("create");
    expect(nextCall(aPayment({ observed: "created", providerId: "pi" }), true)).toBe("confirm");
  });
  test("asks before it does anything about a payment whose last answer is missing", () => {
    expect(nextCall(aPayment({ observed: "created", providerId: "pi" }), false)).toBe("fetch");
  });
  test.each([
    ["succeeded", "refund"],
    ["created", "cancel"],
    ["requires_action", "cancel"],
    ["declined", "cancel"],
  ] as const)("gives back what is %s by a %s", (observed, call) => {
    expect(nextCall(aPayment({ desired: "released", observed, providerId: "pi" }), true)).toBe(call);
  });
  test.each(["failed", "voided"] as const)("is none once %s", (status) => {
    expect(nextCall(aPayment({ status }), false)).toBeUndefined();
  });
});

describe("the answer", () => {
  test("is processed only with money, failed with the reason, voided when asked to give back", () => {
    expect(answerOf(aPayment({ status: "completed" }))).toMatchObject({ type: "payment.processed", sagaid: "s" });
    const failed = answerOf(aPayment({ status: "failed", failureCode: "payment.declined.lost_card" }));
    expect(failed).toMatchObject({ type: "payment.failed", data: { code: "payment.declined.lost_card" } });
    expect(answerOf(aPayment({ status: "voided", desired: "released" })).type).toBe("payment.voided");
  });
});

/** A provider that does what it is told and may lose its answer afterwards. */
function provider(declines: boolean) {
  let state: Observed = "nothing";
  return {
    holdsMoney: () => state === "succeeded",
    state: () => state,
    act(call: string): Observed {
      if (call === "create" && state === "nothing") state = "created";
      if (call === "confirm" && state === "created") state = declines ? "declined" : "succeeded";
      if (call === "cancel" && state !== "succeeded" && state !== "refunded") state = "canceled";
      if (call === "refund" && state === "succeeded") state = "refunded";
      return state;
    },
  };
}

test("answers lost anywhere, a void at any moment: money is held exactly when the payment is completed", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.infiniteStream(fc.nat(9)), fc.option(fc.nat(12)), (declines, luck, voidAt) => {
      const stripe = provider(declines);
      let payment = aPayment();
      let certain = true;
      for (let turn = 0; turn < 60; turn++) {
        if (turn === voidAt && payment.status !== "failed") payment = { ...payment, desired: "released" };
        const call = nextCall(payment, certain);
        if (!call) {
          if (isAtEnd(payment)) continue;
          payment = observe(payment, { observed: payment.observed });
          continue;
        }
        const observed = stripe.act(call);
        const lost = (luck.next().value as number) < 4 && turn < 40;
        certain = !lost;
        // A create whose answer is lost leaves no id; it is repeated, and moves no money.
        if (!lost) payment = observe(payment, { observed, providerId: "pi" });
      }
      expect(isAtEnd(payment)).toBe(true);
      expect(stripe.holdsMoney()).toBe(payment.status === "completed");
      if (voidAt === null) expect(payment.status).toBe(declines ? "failed" : "completed");
    }),
    thoroughly("payments with lost answers"),
  );
});
