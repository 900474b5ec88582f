import type { StripeEvent } from "./events";

const concurrentMax = 4;
const queueSizeMax = 10_000;
const attemptsMax = 8;
/** Fewer, because a 404 usually means that the receiver has not started. Afterwards only a replay sends the event. */
const attemptsMaxNotFound = 3;
const timeoutMs = 10_000;
/** After this many consecutive failures, events are sent one at a time, with pauses, to spare the endpoint. */
const failuresBeforePause = 5;
const pauseMsMax = 5000;

/** Stripe's signature header: `t=<seconds>,v1=<HMAC-SHA256 of "t.body">`. It uses the real time, because receivers check it. */
function sign(body: string, secret: string, seconds = Math.floor(Date.now() / 1000)): string {
  const hmac = new Bun.CryptoHasher("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${hmac}`;
}

const retryDelayMs = (attempts: number) => Math.min(60_000, 250 * 4 ** (attempts - 1));

/** Sends events to one endpoint, a few concurrently. A failed event is retried with backoff, up to a number of attempts. */
export function createDelivery(deps: {
  url: string | undefined;
  secret: string;
  toBody: (event: StripeEvent) => string;
}) {
  let queue: StripeEvent[] = [];
  /** Increased by `clear`, so that earlier timers and requests have no effect. */
  let generation = 0;
  let active = 0;
  let failuresInARow = 0;
  let pauseUntil = 0;
  let pauseTimer: Timer | undefined;
  const counts = { delivered: 0, failed: 0, givenUp: 0, dropped: 0 };

  function schedule(event: StripeEvent, delayMs: number): void {
    if (!deps.url) return;
    const scheduledIn = generation;
    if (delayMs < 1) enqueue(event);
    else setTimeout(() => scheduledIn === generation && enqueue(event), delayMs).unref();
  }

  function enqueue(event: StripeEvent): void {
    if (queue.length >= queueSizeMax) {
      queue.shift();
      counts.dropped += 1;
    }
    queue.push(event);
    pump();
  }

  function pump(): void {
    while (queue.length > 0 && active < (failuresInARow < failuresBeforePause ? concurrentMax : 1)) {
      const pauseMs = pauseUntil - performance.now();
      if (pauseMs > 0) {
        pauseTimer ??= setTimeout(() => {
          pauseTimer = undefined;
          pump();
        }, pauseMs).unref();
        return;
      }
      active += 1;
      void deliver(queue.shift()!, generation);
    }
  }

  async function deliver(event: StripeEvent, startedIn: number): Promise<void> {
    event.attempts += 1;
    const status = await postEvent(deps.url!, deps.toBody(event), deps.secret);
    active -= 1;
    if (startedIn !== generation) return pump();
    if (status >= 200 && status < 300) {
      event.delivered = true;
      counts.delivered += 1;
      failuresInARow = 0;
    } else {
      counts.failed += 1;
      failuresInARow += 1;
      if (failuresInARow >= failuresBeforePause) {
        pauseUntil = performance.now() + Math.min(pauseMsMax, 100 * 2 ** (failuresInARow - failuresBeforePause));
      }
      if (event.attempts >= (status === 404 ? attemptsMaxNotFound : attemptsMax)) counts.givenUp += 1;
      else schedule(event, retryDelayMs(event.attempts));
    }
    pump();
  }

  return {
    schedule,
    status: () => ({ waiting: queue.length, sending: active, failuresInARow, ...counts }),
    /** Drops all waiting events. The result of a request in progress is ignored. */
    clear(): void {
      generation += 1;
      queue = [];
      failuresInARow = 0;
      pauseUntil = 0;
      clearTimeout(pauseTimer);
      pauseTimer = undefined;
      Object.assign(counts, { delivered: 0, failed: 0, givenUp: 0, dropped: 0 });
    },
  };
}

/** Sends one request. Returns the status of the response, or 0 if the endpoint could not be reached. */
async function postEvent(url: string, body: string, secret: string): Promise<number> {
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/json; charset=utf-8", "stripe-signature": sign(body, secret) },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.arrayBuffer(); // an unread body would prevent reuse of the connection
    return response.status;
  } catch {
    return 0;
  }
}
