import type { Money } from "@shop/contracts/common";
import type { Observation } from "../domain/payment";

/** What a call says about the payment it is for. */
export type GatewayRequest = { paymentId: string; orderId: string; amount: Money; idempotencyKey: string };

/**
 * One payment provider. Every call answers with what the provider says now; a declined card is an answer, not an error.
 * @throws Error when no answer came: the call may have been carried out or not
 */
export type Gateway = {
  /** Makes the payment known to the provider. Moves no money. */
  create(request: GatewayRequest, token: string): Promise<Observation>;
  /** Takes the money. */
  confirm(request: GatewayRequest, providerId: string): Promise<Observation>;
  fetch(providerId: string): Promise<Observation>;
  /** Ends a payment that holds no money. */
  cancel(request: GatewayRequest, providerId: string): Promise<Observation>;
  /** Gives all of it back, once, however often it is asked for. */
  refund(request: GatewayRequest, providerId: string): Promise<Observation>;
};
