import type { ApiResponse } from "../../deploy/local/clients/shop-api";

/** Longer than the restart of a killed process takes. */
const retryMsMax = 60_000;

/**
 * Retries a request until it gets an answer other than 429 or 5xx, as a careful client does. The request needs an
 * idempotency key if it creates anything.
 * @param onResponse receives every response, including those that are retried
 * @throws Error with the last failure if there is no such answer within a minute
 */
export async function retryUntilAccepted<T>(
  send: () => Promise<ApiResponse<T>>,
  onResponse: (response: ApiResponse<T>, tookMs: number) => void = () => {},
): Promise<ApiResponse<T>> {
  const deadline = Date.now() + retryMsMax;
  let lastFailure = "";
  while (Date.now() < deadline) {
    const started = performance.now();
    const response = await send().catch((error) => {
      lastFailure = String(error);
    });
    if (response) {
      onResponse(response, performance.now() - started);
      if (response.status < 500 && response.status !== 429) return response;
      lastFailure = `${response.status} ${response.body.code}`;
    }
    await Bun.sleep(100);
  }
  throw new Error(`not accepted within ${retryMsMax} ms; the last failure: ${lastFailure}`);
}
