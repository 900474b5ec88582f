import type { Clock } from "../clock";
import type { WebhookMode } from "../config";
import { newId } from "../ids";
import { createDelivery } from "./delivery";
import type { EventType, StripeEvent } from "./events";

export type ReplayFilter = { id?: string; type?: string; undelivered?: boolean };

const keptEvents = 10_000;
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

/** Records events, newest last, and hands them to delivery: off never, normal at once, chaotic late, twice and shuffled. */
export function createWebhooks(deps: { url: string | undefined; secret: string; mode: WebhookMode; clock: Clock }) {
  const delivery = createDelivery({
    url: deps.url,
    secret: deps.secret,
    bodyOf: (event) => JSON.stringify({ ...viewEvent(event), pending_webhooks: 1 }),
  });
  let events: StripeEvent[] = [];
  let mode = deps.mode;
  let delayMs = 0;

  return {
    emit(type: EventType, object: () => unknown): void {
      const event = { id: newId("evt"), type, created: deps.clock.seconds(), object, delivered: false, attempts: 0 };
      events.push(event);
      // In blocks, because moving ten thousand references for each event is what costs.
      if (events.length > keptEvents * 1.1) events = events.slice(-keptEvents);
      if (mode === "normal") delivery.schedule(event, delayMs);
      if (mode !== "chaotic") return;
      delivery.schedule(event, Math.random() * delayMs);
      delivery.schedule(event, Math.random() * delayMs);
    },

    /** Sends recorded events once more, whatever the mode. Returns how many. */
    replay(filter: ReplayFilter): number {
      const chosen = events.filter(
        (event) =>
          (filter.id === undefined || event.id === filter.id) &&
          (filter.type === undefined || event.type === filter.type) &&
          !(filter.undelivered && event.delivered),
      );
      for (const event of chosen) {
        event.attempts = 0;
        delivery.schedule(event, 0);
      }
      return chosen.length;
    },

    configure(next: { mode: WebhookMode; delayMs?: number }): void {
      mode = next.mode;
      delayMs = next.delayMs ?? (mode === "chaotic" ? 2000 : 0);
    },

    status: () => ({ mode, delayMs, url: deps.url ?? null, recorded: events.length, ...delivery.status() }),
    events: (): readonly StripeEvent[] => events,
    reset(): void {
      events = [];
      mode = deps.mode;
      delayMs = 0;
      delivery.forget();
    },
    stop: () => delivery.forget(),
  };
}

export type Webhooks = ReturnType<typeof createWebhooks>;
