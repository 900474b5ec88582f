import type { Money } from "@shop/contracts/common";
import type { Observation } from "../domain/payment";

/** The payment that a call concerns, and the idempotency key of the call. */
export type GatewayRequest = { paymentId: string; orderId: string; amount: Money; idempotencyKey: string };

/**
 * The adapter to one payment provider. Every call returns the state that the provider reports. A declined card is a
 * result, not an error.
 * @throws Error if no response arrived. The provider may or may not have acted.
 */
export type Gateway = {
  /** Creates the payment at the provider. Moves no money. */
  create(request: GatewayRequest, token: string): Promise<Observation>;
  /** Takes the money. */
  confirm(request: GatewayRequest, providerId: string): Promise<Observation>;
  fetch(providerId: string): Promise<Observation>;
  /** Ends a payment that holds no money. */
  cancel(request: GatewayRequest, providerId: string): Promise<Observation>;
  /** Refunds the full amount, once, however often it is called. */
  refund(request: GatewayRequest, providerId: string): Promise<Observation>;
};
