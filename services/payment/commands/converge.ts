import { errorMessage } from "@shop/kit/errors/app-error";
import type { Message } from "@shop/kit/messaging/envelope";
import { inSpan, SpanKind } from "@shop/kit/telemetry/tracing";
import type { CallRecord, Deps } from "../deps";
import { type GatewayCall, isAtEnd, nextCall, type Observation, observe, type Payment } from "../domain/payment";
import { gatewayCalls, paymentsProcessed } from "../metrics";
import { conclude } from "../sagas/pay-order";

/**
 * Calls the provider until the observed state of a payment matches the desired one. No other code calls a provider:
 * commands and sweeps store what is desired, then run this function. The caller must hold the payment's lease.
 *
 * It stops at a call without a response. The sweep continues later and first fetches the state.
 * @param isNew the provider was never called for this payment, so there is no state to fetch
 * @param message the command to record as handled when the payment ends
 */
export async function converge(deps: Deps, payment: Payment, isNew: boolean, message?: Message): Promise<void> {
  let current = payment;
  let isCurrent = isNew;
  for (;;) {
    const call = nextCall(current, isCurrent);
    // There is nothing to call if, for example, a payment is voided that does not exist at the provider.
    const { record, observation }: CallResult = call
      ? await callProvider(deps, current, call)
      : { observation: current };
    const after = afterCall(current, call, observation);
    const saved = await deps.store.save(current, conclude(current, after), record, message);
    if (!saved || !observation || saved.observed === "processing") return;
    if (isAtEnd(saved) && !nextCall(saved, true)) {
      paymentsProcessed.inc({ provider: saved.provider, status: saved.status });
      return;
    }
    if (!saved.leaseId) return;
    current = saved;
    isCurrent = true;
  }
}

function afterCall(payment: Payment, call: GatewayCall | undefined, observation: Observation | undefined): Payment {
  if (!observation) return { ...payment, attempts: payment.attempts + 1 };
  // A fetch does not reset the attempts. Otherwise a failed call would be repeated under its old idempotency key and get
  // the stored failure again.
  const attempts = call === "fetch" ? payment.attempts : 0;
  return { ...observe(payment, observation), attempts };
}

type CallResult = { record?: CallRecord; observation?: Observation };

/** Makes one call and measures it. Without a response `observation` is undefined: the provider may or may not have acted. */
async function callProvider(deps: Deps, payment: Payment, call: GatewayCall): Promise<CallResult> {
  // Stripe stores the response to a key, even a 500, so every attempt has its own key. A new key cannot charge twice: a lost
  // `confirm` is repeated for the same provider id, after the state was fetched; of two creations only one is confirmed.
  const idempotencyKey = `${payment.id}-${call}-${payment.attempts}`;
  const started = performance.now();
  const toRecord = (outcome: CallRecord["outcome"], detail: string): CallRecord => {
    const latencyMs = Math.round(performance.now() - started);
    gatewayCalls.observe({ provider: payment.provider, call, outcome }, latencyMs / 1000);
    return { call, idempotencyKey, outcome, detail, latencyMs };
  };
  try {
    const observation = await inSpan(`${payment.provider} ${call}`, { kind: SpanKind.CLIENT }, () =>
      callGateway(deps, payment, call, idempotencyKey),
    );
    const { observed, code } = observation;
    return { observation, record: toRecord("answered", code ? `${observed} ${code}` : observed) };
  } catch (error) {
    deps.log.warn({ paymentId: payment.id, call, error: errorMessage(error) }, "no response from payment provider");
    return { record: toRecord("unknown", errorMessage(error)) };
  }
}

async function callGateway(
  deps: Deps,
  payment: Payment,
  call: GatewayCall,
  idempotencyKey: string,
): Promise<Observation> {
  const gateway = deps.gateways[payment.provider];
  if (!gateway) return { observed: "declined", code: "payment.provider_unknown" };
  const request = { paymentId: payment.id, orderId: payment.orderId, amount: payment.amount, idempotencyKey };
  if (call === "create") return gateway.create(request, await deps.unseal(payment.sealedToken ?? ""));
  const providerId = payment.providerId as string;
  return call === "fetch" ? gateway.fetch(providerId) : gateway[call](request, providerId);
}
