import type { Clock } from "../../clock";
import type { WebhookMode } from "../../config";
import { newId } from "../../ids";
import { viewEvent } from "../views/event";
import { createDelivery } from "./delivery";
import type { EventType, StripeEvent } from "./events";

export type ReplayFilter = { id?: string; type?: string; undelivered?: boolean };

const eventsMax = 10_000;

/**
 * Records events, newest last, and schedules their delivery. The mode decides how: `off` delivers nothing, `normal` delivers
 * each event once, `chaotic` delivers each event twice, late and out of order.
 */
export function createWebhooks(deps: { url: string | undefined; secret: string; mode: WebhookMode; clock: Clock }) {
  const delivery = createDelivery({
    url: deps.url,
    secret: deps.secret,
    toBody: (event) => JSON.stringify({ ...viewEvent(event), pending_webhooks: 1 }),
  });
  let events: StripeEvent[] = [];
  let mode = deps.mode;
  let delayMs = 0;

  return {
    emit(type: EventType, object: () => unknown): void {
      const event = { id: newId("evt"), type, created: deps.clock.seconds(), object, delivered: false, attempts: 0 };
      events.push(event);
      // Old events are removed in blocks: copying the array for every event would be slow.
      if (events.length > eventsMax * 1.1) events = events.slice(-eventsMax);
      if (mode === "normal") delivery.schedule(event, delayMs);
      if (mode !== "chaotic") return;
      delivery.schedule(event, Math.random() * delayMs);
      delivery.schedule(event, Math.random() * delayMs);
    },

    /** Sends the selected recorded events, in every mode, even if they were sent before. Returns their number. */
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
      delivery.clear();
    },
    stop: () => delivery.clear(),
  };
}

export type Webhooks = ReturnType<typeof createWebhooks>;
