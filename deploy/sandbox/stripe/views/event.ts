import type { StripeEvent } from "../webhooks/events";

const apiVersion = "2026-10-28.endive";

export function viewEvent(event: StripeEvent) {
  return {
    id: event.id,
    object: "event",
    api_version: apiVersion,
    created: event.created,
    data: { object: event.object() },
    livemode: false,
    pending_webhooks: event.delivered ? 0 : 1,
    request: { id: null, idempotency_key: null },
    type: event.type,
  };
}
