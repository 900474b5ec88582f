import { Elysia, t } from "elysia";
import { html, money, notFoundPage, page } from "../pages";
import { authorise, failAuthentication } from "./intent-transitions";
import { chargesByPayment, type LedgerEntry, listEntries, totalsByCurrency } from "./ledger";
import type { Intent } from "./types";
import type { World } from "./world";

const entriesShownMax = 200;

/** The ledger, as a page and as JSON, and the page on which a customer approves a payment (3-D Secure). */
export const stripePages = (world: World) =>
  new Elysia({ name: "stripe-pages" })
    .get("/ledger", ({ query }) => showLedger(world, query.paymentId), {
      query: t.Object({ paymentId: t.Optional(t.String()) }),
    })
    .get("/ledger.json", ({ query }) => ledgerJson(world, query), {
      query: t.Object({
        paymentId: t.Optional(t.String()),
        after: t.Optional(t.Numeric({ minimum: 0 })),
        entries: t.Optional(t.BooleanString()),
      }),
    })
    .get("/stripe/3ds/:intent", ({ params }) => approvalPage(world, params.intent))
    .post("/stripe/3ds/:intent/approve", ({ params }) => decide(world, params.intent, true), { parse: "none" })
    .post("/stripe/3ds/:intent/decline", ({ params }) => decide(world, params.intent, false), { parse: "none" });

/** `after` is a `seq`. `entries=false` omits the entries. Neither affects the totals and counts. */
function ledgerJson(world: World, query: { paymentId?: string; after?: number; entries?: boolean }) {
  const selected = listEntries(world.ledger, query.paymentId);
  const { after = 0 } = query;
  return {
    totals: totalsByCurrency(selected),
    chargesByPayment: chargesByPayment(selected),
    ...(query.entries !== false && { entries: after === 0 ? selected : selected.filter((entry) => entry.seq > after) }),
  };
}

function showLedger(world: World, paymentId: string | undefined): Response {
  const entries = listEntries(world.ledger, paymentId);
  if (entries.length === 0) return page("Ledger", html`<div class="card empty">No money has moved yet.</div>`);
  const tiles = Object.entries(totalsByCurrency(entries)).map(
    ([currency, totals]) =>
      html`<div class="card"><span class="soft">Net ${currency.toUpperCase()}</span><strong>${money(totals.net, currency)}</strong><span class="soft">${money(totals.charged, currency)} charged, ${money(totals.refunded, currency)} refunded, ${money(totals.disputed, currency)} disputed</span></div>`,
  );
  const rows = entries.slice(-entriesShownMax).reverse().map(row);
  return page(
    "Ledger",
    html`<div class="tiles">${tiles}</div><p class="soft">${entries.length} entries, showing the newest ${rows.length}</p>
    <div class="card scroll"><table><thead><tr><th class="number">#</th><th>Type</th><th class="number">Amount</th><th>Payment</th><th>Order</th><th>Stripe id</th><th>Time (UTC)</th></tr></thead><tbody>${rows}</tbody></table></div>`,
  );
}

const row = (entry: LedgerEntry) => {
  const amount = money(entry.type === "charge" ? entry.amount : -entry.amount, entry.currency);
  const { paymentId, orderId } = entry.metadata;
  const at = new Date(entry.at * 1000).toISOString().slice(0, 19).replace("T", " ");
  return html`<tr><td class="number">${entry.seq}</td><td>${entry.type}</td><td class="number">${amount}</td><td><code>${paymentId ?? "–"}</code></td><td><code>${orderId ?? "–"}</code></td><td><code>${entry.source}</code></td><td>${at}</td></tr>`;
};

function approvalPage(world: World, id: string): Response {
  const intent = world.intents.byId.get(id);
  if (!intent) return notFoundPage("Payment");
  const amount = money(intent.amount, intent.currency);
  if (intent.status !== "requires_action") {
    return page(
      "Nothing to approve",
      html`<p>This payment of ${amount} has the status <code>${intent.status}</code>.</p>`,
    );
  }
  return page(
    "Approve this payment",
    html`<div class="card"><p>Your bank asks you to confirm this payment of <strong>${amount}</strong>.</p>
    <form method="post"><button formaction="/stripe/3ds/${id}/approve">Approve</button><button class="plain" formaction="/stripe/3ds/${id}/decline">Decline</button></form></div>
    <p class="soft">This page stands in for the bank's 3-D Secure page. <code>${id}</code></p>`,
  );
}

/** Applies the customer's decision once. A second click only redirects the customer again. */
function decide(world: World, id: string, approved: boolean): Response {
  const intent = world.intents.byId.get(id);
  if (!intent) return notFoundPage("Payment");
  let next: Intent = intent;
  if (intent.status === "requires_action") {
    next = approved ? authorise(world, intent, true) : failAuthentication(world, intent);
  }
  if (next.returnUrl === undefined) return approvalPage(world, id);
  const url = new URL(next.returnUrl);
  url.searchParams.set("payment_intent", id);
  url.searchParams.set("payment_intent_client_secret", `${id}_secret_sandbox`);
  const paid = next.status === "succeeded" || next.status === "requires_capture";
  url.searchParams.set("redirect_status", paid ? "succeeded" : "failed");
  return new Response(null, { status: 303, headers: { location: url.href } });
}
