import { Elysia, t } from "elysia";
import { html, money, notFoundPage, page } from "../pages";
import { chargesByPayment, entriesOf, type LedgerEntry, totalsByCurrency } from "./ledger";
import { authorise, refuseAuthentication } from "./settle";
import type { Intent } from "./types";
import type { World } from "./world";

const shownEntries = 200;

/** What people and tests look at: the ledger, and the page where a customer approves a payment (3-D Secure). */
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
    .get("/stripe/3ds/:intent", ({ params }) => askCustomer(world, params.intent))
    .post("/stripe/3ds/:intent/approve", ({ params }) => answer(world, params.intent, true), { parse: "none" })
    .post("/stripe/3ds/:intent/decline", ({ params }) => answer(world, params.intent, false), { parse: "none" });

/** `after` is a seq; `entries=false` leaves the entries out. Totals and counts always cover the whole selection. */
function ledgerJson(world: World, query: { paymentId?: string; after?: number; entries?: boolean }) {
  const chosen = entriesOf(world.ledger, query.paymentId);
  const { after = 0 } = query;
  return {
    totals: totalsByCurrency(chosen),
    chargesByPayment: chargesByPayment(chosen),
    ...(query.entries !== false && { entries: after === 0 ? chosen : chosen.filter((entry) => entry.seq > after) }),
  };
}

function showLedger(world: World, paymentId: string | undefined): Response {
  const entries = entriesOf(world.ledger, paymentId);
  if (entries.length === 0) return page("Ledger", html`<div class="card empty">No money has moved yet.</div>`);
  const tiles = Object.entries(totalsByCurrency(entries)).map(
    ([currency, totals]) =>
      html`<div class="card"><span class="soft">Net ${currency.toUpperCase()}</span><strong>${money(totals.net, currency)}</strong><span class="soft">${money(totals.charged, currency)} charged, ${money(totals.refunded, currency)} refunded, ${money(totals.disputed, currency)} disputed</span></div>`,
  );
  const rows = entries.slice(-shownEntries).reverse().map(row);
  return page(
    "Ledger",
    html`<div class="tiles">${tiles}</div><p class="soft">${entries.length} entries, the newest ${rows.length} shown</p>
    <div class="card scroll"><table><thead><tr><th class="number">#</th><th>Type</th><th class="number">Amount</th><th>Payment</th><th>Order</th><th>At Stripe</th><th>At (UTC)</th></tr></thead><tbody>${rows}</tbody></table></div>`,
  );
}

const row = (entry: LedgerEntry) => {
  const amount = money(entry.type === "charge" ? entry.amount : -entry.amount, entry.currency);
  const { paymentId, orderId } = entry.metadata;
  const at = new Date(entry.at * 1000).toISOString().slice(0, 19).replace("T", " ");
  return html`<tr><td class="number">${entry.seq}</td><td>${entry.type}</td><td class="number">${amount}</td><td><code>${paymentId ?? "–"}</code></td><td><code>${orderId ?? "–"}</code></td><td><code>${entry.source}</code></td><td>${at}</td></tr>`;
};

function askCustomer(world: World, id: string): Response {
  const intent = world.intents.byId.get(id);
  if (!intent) return notFoundPage("such payment");
  const amount = money(intent.amount, intent.currency);
  if (intent.status !== "requires_action") {
    return page("Nothing to approve", html`<p>The payment of ${amount} is now <code>${intent.status}</code>.</p>`);
  }
  return page(
    "Approve this payment",
    html`<div class="card"><p>Your bank asks whether this payment of <strong>${amount}</strong> is yours.</p>
    <form method="post"><button formaction="/stripe/3ds/${id}/approve">Approve</button><button class="plain" formaction="/stripe/3ds/${id}/decline">Decline</button></form></div>
    <p class="soft">This page stands in for the bank's 3-D Secure page. <code>${id}</code></p>`,
  );
}

/** Settles the payment once; a second press only sends the customer back again. */
function answer(world: World, id: string, approved: boolean): Response {
  const intent = world.intents.byId.get(id);
  if (!intent) return notFoundPage("such payment");
  let next: Intent = intent;
  if (intent.status === "requires_action") {
    next = approved ? authorise(world, intent, true) : refuseAuthentication(world, intent);
  }
  if (next.returnUrl === undefined) return askCustomer(world, id);
  const url = new URL(next.returnUrl);
  url.searchParams.set("payment_intent", id);
  url.searchParams.set("payment_intent_client_secret", `${id}_secret_sandbox`);
  const paid = next.status === "succeeded" || next.status === "requires_capture";
  url.searchParams.set("redirect_status", paid ? "succeeded" : "failed");
  return new Response(null, { status: 303, headers: { location: url.href } });
}
