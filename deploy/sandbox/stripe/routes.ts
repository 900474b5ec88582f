import { Elysia } from "elysia";
import { type Act, type CallDeps, handleCall, type Operation } from "./api/call";
import { noSuch } from "./api/errors";
import { findCharge } from "./charges";
import { cancelIntent, captureIntent, confirmIntent, createIntent, retrieveIntent, updateIntent } from "./intents";
import { listCharges, listDisputes, listEvents, listIntents, listRefunds, listTransactions } from "./lists";
import { createRefund } from "./refunds";
import { searchIntents } from "./search";
import { viewEvent } from "./views/event";
import { viewCharge, viewDispute, viewRefund, viewTransaction } from "./views/money";

const listing = "limit starting_after created expand";
// The parameters in the last line are accepted and have no effect.
const updating = `amount currency payment_method metadata description expand
  receipt_email statement_descriptor statement_descriptor_suffix shipping setup_future_usage`;
const creating = `${updating} confirm capture_method automatic_payment_methods allowed_payment_method_types return_url`;

/** Retrieves one object by its id. */
const retrieve = <T>(
  type: string,
  find: (world: CallDeps["world"], id: string) => T | undefined,
  view: (row: T) => unknown,
) =>
  ((world, _, id) => {
    const row = find(world, id);
    if (row === undefined) throw noSuch(type, id, "id");
    return () => view(row);
  }) satisfies Act;

const operation = (name: string, route: string, params: string, act: Act): Operation => {
  const [method, path] = route.split(" ") as ["GET" | "POST", string];
  return { name, method, path, params: new Set(params.split(/\s+/)), act };
};

/** Every endpoint: its name, as faults use it, its route, its parameters and its effect. */
export const operations: readonly Operation[] = [
  operation("payment_intents.create", "POST /v1/payment_intents", creating, createIntent),
  operation("payment_intents.list", "GET /v1/payment_intents", listing, listIntents),
  operation("payment_intents.search", "GET /v1/payment_intents/search", "query limit page expand", searchIntents),
  operation("payment_intents.retrieve", "GET /v1/payment_intents/:id", "client_secret expand", retrieveIntent),
  operation("payment_intents.update", "POST /v1/payment_intents/:id", updating, updateIntent),
  operation(
    "payment_intents.confirm",
    "POST /v1/payment_intents/:id/confirm",
    "payment_method return_url receipt_email expand",
    confirmIntent,
  ),
  operation(
    "payment_intents.capture",
    "POST /v1/payment_intents/:id/capture",
    "amount_to_capture expand",
    captureIntent,
  ),
  operation(
    "payment_intents.cancel",
    "POST /v1/payment_intents/:id/cancel",
    "cancellation_reason expand",
    cancelIntent,
  ),
  operation("refunds.create", "POST /v1/refunds", "payment_intent charge amount metadata reason expand", createRefund),
  operation("refunds.list", "GET /v1/refunds", `payment_intent charge ${listing}`, listRefunds),
  operation(
    "refunds.retrieve",
    "GET /v1/refunds/:id",
    "expand",
    retrieve("refund", (world, id) => world.refunds.byId.get(id), viewRefund),
  ),
  operation("charges.list", "GET /v1/charges", `payment_intent ${listing}`, listCharges),
  operation("charges.retrieve", "GET /v1/charges/:id", "expand", retrieve("charge", findCharge, viewCharge)),
  operation("disputes.list", "GET /v1/disputes", `payment_intent ${listing}`, listDisputes),
  operation(
    "disputes.retrieve",
    "GET /v1/disputes/:id",
    "expand",
    retrieve("dispute", (world, id) => world.disputes.byId.get(id), viewDispute),
  ),
  operation("balance_transactions.list", "GET /v1/balance_transactions", `source ${listing}`, listTransactions),
  operation(
    "balance_transactions.retrieve",
    "GET /v1/balance_transactions/:id",
    "expand",
    retrieve(
      "balance_transaction",
      (world, id) => world.ledger.entries.find((row) => row.transaction === id),
      viewTransaction,
    ),
  ),
  operation("events.list", "GET /v1/events", `type ${listing}`, listEvents),
  operation(
    "events.retrieve",
    "GET /v1/events/:id",
    "expand",
    retrieve("event", (world, id) => world.webhooks.events().find((event) => event.id === id), viewEvent),
  ),
];

/** The Stripe API under `/v1`. Elysia does not parse the bodies: `parseForm` reads Stripe's nested form fields. */
export function stripeRoutes(deps: CallDeps) {
  const app = new Elysia({ name: "stripe" });
  for (const operation of operations) {
    app.route(
      operation.method,
      operation.path,
      ({ request, params }) => handleCall(deps, operation, request, (params as { id?: string } | undefined)?.id ?? ""),
      { parse: "none" },
    );
  }
  return app.all(
    "/v1/*",
    ({ request }) =>
      Response.json(
        {
          error: {
            type: "invalid_request_error",
            message: `Unrecognized request URL (${request.method}: ${new URL(request.url).pathname}). The sandbox implements only part of Stripe's API.`,
          },
        },
        { status: 404 },
      ),
    { parse: "none" },
  );
}
