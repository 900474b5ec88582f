import { idsMax, type Payable, type Payables } from "@shop/contracts/internal-api";
import { batchedLookup } from "@shop/kit/async/batched-lookup";
import { AppError } from "@shop/kit/errors/app-error";
import type { HttpClient } from "@shop/kit/http/client";

/**
 * Asks the order service what may be charged for an order. Concurrent lookups share a request.
 * @throws AppError `order.not_found` (404), `order.unavailable` (503)
 */
export function payableLoader(orders: HttpClient): (orderId: string) => Promise<Payable> {
  const findPayables = batchedLookup<Payable>({
    name: "look up payable orders",
    load: async (ids) => (await orders.get<Payables>(`/internal/orders/payable?ids=${ids.join()}`)).items,
    idOf: ({ orderId }) => orderId,
    idsMax,
  });
  return async (orderId) => {
    const [payable] = await findPayables([orderId]);
    if (!payable) throw new AppError("order.not_found", { kind: "not_found", public: "Order not found." });
    return payable;
  };
}
