import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { anIntent, aPayment, aSandbox, errorOf, type TestSandbox } from "../test-support";

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await aSandbox();
});
afterAll(() => sandbox.stop());

describe("a payment", () => {
  test("moves no money when created, and is charged once when confirmed", async () => {
    const { stripe } = sandbox;
    const created = await stripe.paymentIntents.create(anIntent("paid"));
    expect(created.status).toBe("requires_payment_method");
    expect((await sandbox.ledger("paid")).entries).toEqual([]);

    const paid = await stripe.paymentIntents.confirm(created.id, {
      payment_method: "pm_card_visa",
      expand: ["latest_charge"],
    });
    expect(paid).toMatchObject({ status: "succeeded", amount_received: 1999, metadata: { paymentId: "paid" } });
    expect(paid.latest_charge).toMatchObject({ paid: true, amount_captured: 1999 });
    const ledger = await sandbox.ledger("paid");
    expect(ledger.entries).toMatchObject([
      { type: "charge", amount: 1999, currency: "usd", intent: created.id, metadata: { orderId: "order-of-paid" } },
    ]);
    expect(ledger.chargesByPayment).toEqual({ paid: 1 });
  });

  test("cannot be confirmed, captured or cancelled after it succeeded", async () => {
    const { stripe } = sandbox;
    const { id } = await aPayment(sandbox, "ended");
    for (const call of [
      () => stripe.paymentIntents.confirm(id),
      () => stripe.paymentIntents.capture(id),
      () => stripe.paymentIntents.cancel(id),
    ]) {
      expect(await errorOf(call())).toMatchObject({ statusCode: 400, code: "payment_intent_unexpected_state" });
    }
    expect((await sandbox.ledger("ended")).entries).toHaveLength(1);
  });

  test("with manual capture moves money only at capture, and no more than was authorised", async () => {
    const { stripe } = sandbox;
    const manual = anIntent("manual", { capture_method: "manual", confirm: true, payment_method: "pm_card_amex" });
    const held = await stripe.paymentIntents.create(manual);
    expect(held).toMatchObject({ status: "requires_capture", amount_capturable: 1999 });
    expect((await sandbox.ledger("manual")).entries).toEqual([]);
    expect(await errorOf(stripe.paymentIntents.capture(held.id, { amount_to_capture: 2000 }))).toMatchObject({
      code: "amount_too_large",
    });
    const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 500 });
    expect(captured).toMatchObject({ status: "succeeded", amount_received: 500 });
    expect((await sandbox.ledger("manual")).totals).toMatchObject({ usd: { charged: 500, net: 500 } });
  });

  test("cannot be confirmed after it was cancelled", async () => {
    const { stripe } = sandbox;
    const { id } = await stripe.paymentIntents.create(anIntent("cancelled", { payment_method: "pm_card_visa" }));
    expect(await stripe.paymentIntents.cancel(id)).toMatchObject({ status: "canceled" });
    expect(await errorOf(stripe.paymentIntents.confirm(id))).toMatchObject({ code: "payment_intent_unexpected_state" });
    expect((await sandbox.ledger("cancelled")).entries).toEqual([]);
  });
});

describe("a declined card", () => {
  test.each([
    ["pm_card_chargeDeclined", "card_declined", "generic_decline"],
    ["pm_card_visa_chargeDeclined", "card_declined", "generic_decline"],
    ["pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"],
    ["pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"],
    ["pm_card_chargeDeclinedStolenCard", "card_declined", "stolen_card"],
    ["pm_card_chargeDeclinedExpiredCard", "expired_card", undefined],
    ["pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", undefined],
    ["pm_card_chargeDeclinedProcessingError", "processing_error", undefined],
  ])("%s responds 402 %s, and the intent awaits another card", async (card, code, declineCode) => {
    const { stripe } = sandbox;
    const { id } = await stripe.paymentIntents.create(anIntent(card));
    const error = await errorOf(stripe.paymentIntents.confirm(id, { payment_method: card }));
    expect(error).toMatchObject({ type: "StripeCardError", statusCode: 402, code });
    expect(error.decline_code || undefined).toBe(declineCode);
    expect(error.payment_intent).toMatchObject({ id, status: "requires_payment_method" });

    const after = await stripe.paymentIntents.retrieve(id);
    expect(after).toMatchObject({ status: "requires_payment_method", payment_method: null });
    expect(after.last_payment_error).toMatchObject({ code });
    const paid = await stripe.paymentIntents.confirm(id, { payment_method: "pm_card_mastercard" });
    expect(paid).toMatchObject({ status: "succeeded", last_payment_error: null });
    expect((await sandbox.ledger(card)).chargesByPayment).toEqual({ [card]: 1 });
  });
});

describe("3-D Secure", () => {
  const intentAwaitingApproval = (paymentId: string) =>
    sandbox.stripe.paymentIntents.create(
      anIntent(paymentId, {
        confirm: true,
        payment_method: "pm_card_threeDSecure2Required",
        automatic_payment_methods: undefined,
        allowed_payment_method_types: ["card"],
        return_url: "https://shop.test/back?order=1",
      }),
    );
  const click = (url: string, button: "approve" | "decline") =>
    fetch(`${url}/${button}`, { method: "POST", redirect: "manual" });

  test("sends the customer to a page, charges on approval and redirects back", async () => {
    const intent = await intentAwaitingApproval("approved");
    expect(intent.status).toBe("requires_action");
    const url = intent.next_action!.redirect_to_url!.url!;
    expect(await (await fetch(url)).text()).toContain("Approve");
    expect((await sandbox.ledger("approved")).entries).toEqual([]);

    const back = await click(url, "approve");
    expect(back.status).toBe(303);
    expect(back.headers.get("location")).toStartWith("https://shop.test/back?order=1&payment_intent=pi_");
    expect(back.headers.get("location")).toEndWith("redirect_status=succeeded");
    await click(url, "approve"); // a second click changes nothing
    expect((await sandbox.stripe.paymentIntents.retrieve(intent.id)).status).toBe("succeeded");
    expect((await sandbox.ledger("approved")).chargesByPayment).toEqual({ approved: 1 });
  });

  test("moves no money when the customer declines", async () => {
    const intent = await intentAwaitingApproval("unapproved");
    const back = await click(intent.next_action!.redirect_to_url!.url!, "decline");
    expect(back.headers.get("location")).toEndWith("redirect_status=failed");
    const after = await sandbox.stripe.paymentIntents.retrieve(intent.id);
    expect(after.status).toBe("requires_payment_method");
    expect(after.last_payment_error).toMatchObject({ code: "payment_intent_authentication_failure" });
    expect((await sandbox.ledger("unapproved")).entries).toEqual([]);
  });
});

describe("refuses", () => {
  const refusals: [string, object, object][] = [
    ["an unknown payment method", { payment_method: "pm_nope" }, { code: "resource_missing", param: "payment_method" }],
    ["an amount below the minimum", { amount: 1 }, { code: "amount_too_small", param: "amount" }],
    ["a missing amount", { amount: undefined }, { code: "parameter_missing", param: "amount" }],
    ["an amount that is not an integer", { amount: 19.99 }, { code: "parameter_invalid_integer", param: "amount" }],
    ["an unknown parameter", { colour: "red" }, { code: "parameter_unknown", param: "colour" }],
    [
      "a confirm without return_url when redirects are allowed",
      { automatic_payment_methods: { enabled: true }, payment_method: "pm_card_visa", confirm: true },
      { statusCode: 400 },
    ],
  ];
  test.each(refusals)("%s", async (_, params, error) => {
    const call = sandbox.stripe.paymentIntents.create({ ...anIntent("refused"), ...params });
    expect(await errorOf(call)).toMatchObject({ type: "StripeInvalidRequestError", statusCode: 400, ...error });
    expect((await sandbox.stripe.paymentIntents.search({ query: "metadata['paymentId']:'refused'" })).data).toEqual([]);
  });

  test("a card number", async () => {
    const body = "amount=1999&currency=usd&payment_method_data[type]=card&payment_method_data[card][number]=x";
    const response = await fetch(`${sandbox.url}/v1/payment_intents`, {
      method: "POST",
      headers: { authorization: "Bearer sk_test_sandbox", "content-type": "application/x-www-form-urlencoded" },
      body,
    });
    expect(response.status).toBe(402);
    expect(await response.text()).toContain("generally unsafe");
  });

  test("a wrong API key, and an intent that does not exist", async () => {
    expect(await errorOf(sandbox.client("sk_test_wrong").paymentIntents.retrieve("pi_x"))).toMatchObject({
      type: "StripeAuthenticationError",
      statusCode: 401,
    });
    expect(await errorOf(sandbox.stripe.paymentIntents.retrieve("pi_x"))).toMatchObject({
      statusCode: 404,
      code: "resource_missing",
    });
  });
});

describe("finding intents", () => {
  test("by a paymentId that was set later; metadata is merged, and an empty value removes a key", async () => {
    const { stripe } = sandbox;
    const { id } = await stripe.paymentIntents.create({ ...anIntent("x"), metadata: { orderId: "o1", note: "n" } });
    await stripe.paymentIntents.update(id, { metadata: { paymentId: "later", note: "" } });
    const found = await stripe.paymentIntents.search({
      query: "metadata['paymentId']:'later' AND metadata['orderId']:'o1'",
    });
    expect(found.data.map((intent) => [intent.id, intent.metadata])).toEqual([
      [id, { paymentId: "later", orderId: "o1" }],
    ]);
  });

  test("by page, newest first, each exactly once", async () => {
    const { stripe } = sandbox;
    const ids: string[] = [];
    for (let n = 0; n < 7; n += 1) ids.unshift((await stripe.paymentIntents.create(anIntent(`page-${n}`))).id);
    const listed = await stripe.paymentIntents.list({ limit: 3 }).autoPagingToArray({ limit: 7 });
    expect(listed.map((intent) => intent.id)).toEqual(ids);
    const future = Math.floor(Date.now() / 1000) + 3600;
    expect((await stripe.paymentIntents.list({ created: { gt: future } })).data).toEqual([]);
  });
});
