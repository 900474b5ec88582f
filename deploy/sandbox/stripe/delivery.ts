import type { StripeEvent } from "./events";

const atOnce = 4;
const queueLimit = 10_000;
const attemptLimit = 8;
/** An endpoint that does not exist is most likely not started yet: a few tries, then only a replay helps. */
const attemptLimitNotFound = 3;
const timeoutMs = 10_000;
/** After so many failures in a row the whole endpoint rests between single tries, so that it is never flooded. */
const failuresBeforeRest = 5;
const restMsMax = 5000;

/** Stripe's signature header: `t=<seconds>,v1=<HMAC-SHA256 of "t.body">`. Signed with the real time, which receivers check. */
function sign(body: string, secret: string, seconds = Math.floor(Date.now() / 1000)): string {
  const hmac = new Bun.CryptoHasher("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${hmac}`;
}

const retryDelayMs = (attempts: number) => Math.min(60_000, 250 * 4 ** (attempts - 1));

/** Posts events to one endpoint: a few at once, retried with backoff, given up after a bounded number of attempts. */
export function createDelivery(deps: {
  url: string | undefined;
  secret: string;
  bodyOf: (event: StripeEvent) => string;
}) {
  let queue: StripeEvent[] = [];
  let generation = 0;
  let active = 0;
  let failuresInARow = 0;
  let restUntil = 0;
  let resting: Timer | undefined;
  const counts = { delivered: 0, failed: 0, givenUp: 0, dropped: 0 };

  function schedule(event: StripeEvent, delayMs: number): void {
    if (!deps.url) return;
    const scheduledIn = generation;
    if (delayMs < 1) enqueue(event);
    else setTimeout(() => scheduledIn === generation && enqueue(event), delayMs).unref();
  }

  function enqueue(event: StripeEvent): void {
    if (queue.length >= queueLimit) {
      queue.shift();
      counts.dropped += 1;
    }
    queue.push(event);
    pump();
  }

  function pump(): void {
    while (queue.length > 0 && active < (failuresInARow < failuresBeforeRest ? atOnce : 1)) {
      const restMs = restUntil - performance.now();
      if (restMs > 0) {
        resting ??= setTimeout(() => {
          resting = undefined;
          pump();
        }, restMs).unref();
        return;
      }
      active += 1;
      void post(queue.shift()!, generation);
    }
  }

  async function post(event: StripeEvent, postedIn: number): Promise<void> {
    event.attempts += 1;
    const status = await statusOf(deps.url!, deps.bodyOf(event), deps.secret);
    active -= 1;
    if (postedIn !== generation) return pump();
    if (status >= 200 && status < 300) {
      event.delivered = true;
      counts.delivered += 1;
      failuresInARow = 0;
    } else {
      counts.failed += 1;
      failuresInARow += 1;
      if (failuresInARow >= failuresBeforeRest) {
        restUntil = performance.now() + Math.min(restMsMax, 100 * 2 ** (failuresInARow - failuresBeforeRest));
      }
      if (event.attempts >= (status === 404 ? attemptLimitNotFound : attemptLimit)) counts.givenUp += 1;
      else schedule(event, retryDelayMs(event.attempts));
    }
    pump();
  }

  return {
    schedule,
    status: () => ({ waiting: queue.length, sending: active, failuresInARow, ...counts }),
    /** Drops everything that waits; attempts under way end unheeded. */
    forget(): void {
      generation += 1;
      queue = [];
      failuresInARow = 0;
      restUntil = 0;
      clearTimeout(resting);
      resting = undefined;
      Object.assign(counts, { delivered: 0, failed: 0, givenUp: 0, dropped: 0 });
    },
  };
}

/** The status the endpoint answered, 0 when it could not be reached. */
async function statusOf(url: string, body: string, secret: string): Promise<number> {
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/json; charset=utf-8", "stripe-signature": sign(body, secret) },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.arrayBuffer(); // read to the end, or the connection is not used again
    return response.status;
  } catch {
    return 0;
  }
}
