import { errorMessage } from "@shop/kit/errors/app-error";
import type { Message } from "@shop/kit/messaging/envelope";
import { inSpan, SpanKind } from "@shop/kit/telemetry/tracing";
import type { CallRecord, Deps } from "../deps";
import { type GatewayCall, isAtEnd, nextCall, type Observation, observe, type Payment } from "../domain/payment";
import { gatewayCalls, paymentsProcessed } from "../metrics";
import { conclude } from "../sagas/pay-order";

/**
 * The one place that talks to providers: makes call after call until the payment is where it is desired to be.
 * The caller holds the payment's lease. Commands, sweeps and webhooks only record what is wanted, then come here.
 * An unanswered call ends it for now: the sweep comes back and asks first what became of it.
 * @param isNew nothing was ever sent for this payment, so there is nothing to ask about
 */
export async function converge(deps: Deps, payment: Payment, isNew: boolean, message?: Message): Promise<void> {
  let current = payment;
  let certain = isNew;
  for (;;) {
    const call = nextCall(current, certain);
    const { record, seen } = call ? await make(deps, current, call) : { record: undefined, seen: current };
    const after = seen
      ? // To have asked is no progress: what failed before would else be sent under its old key, and get its old answer.
        { ...observe(current, seen), attempts: call === "fetch" ? current.attempts : 0 }
      : { ...current, attempts: current.attempts + 1 };
    const saved = await deps.store.save(current, conclude(current, after), record, message);
    if (!saved || !seen || saved.observed === "processing") return;
    if (isAtEnd(saved) && !nextCall(saved, true)) {
      paymentsProcessed.inc({ provider: saved.provider, status: saved.status });
      return;
    }
    if (!saved.leaseId) return;
    current = saved;
    certain = true;
  }
}

async function make(
  deps: Deps,
  payment: Payment,
  call: GatewayCall,
): Promise<{ record: CallRecord; seen?: Observation }> {
  // Stripe keeps a key's answer, a 500 too, so each new try has a key of its own. That is safe: a payment is taken by its
  // id, after asking what became of the last try; and one made twice, but never confirmed, holds no money.
  const idempotencyKey = `${payment.id}-${call}-${payment.attempts}`;
  const started = performance.now();
  const record = (outcome: CallRecord["outcome"], detail: string): CallRecord => {
    const latencyMs = Math.round(performance.now() - started);
    gatewayCalls.observe({ provider: payment.provider, call, outcome }, latencyMs / 1000);
    return { call, idempotencyKey, outcome, detail, latencyMs };
  };
  try {
    const seen = await inSpan(`${payment.provider} ${call}`, { kind: SpanKind.CLIENT }, () =>
      send(deps, payment, call, idempotencyKey),
    );
    return { seen, record: record("answered", seen.code ? `${seen.observed} ${seen.code}` : seen.observed) };
  } catch (error) {
    deps.log.warn({ paymentId: payment.id, call, error: errorMessage(error) }, "the provider gave no answer");
    return { record: record("unknown", errorMessage(error)) };
  }
}

async function send(deps: Deps, payment: Payment, call: GatewayCall, idempotencyKey: string): Promise<Observation> {
  const gateway = deps.gateways[payment.provider];
  if (!gateway) return { observed: "declined", code: "payment.provider_unknown" };
  const request = { paymentId: payment.id, orderId: payment.orderId, amount: payment.amount, idempotencyKey };
  if (call === "create") return gateway.create(request, await deps.unseal(payment.sealedToken ?? ""));
  const providerId = payment.providerId as string;
  return call === "fetch" ? gateway.fetch(providerId) : gateway[call](request, providerId);
}
