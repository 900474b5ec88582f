import { idsMax, type Payable, type Payables } from "@shop/contracts/internal-api";
import { batchedLookup } from "@shop/kit/async/batched-lookup";
import { AppError } from "@shop/kit/errors/app-error";
import type { HttpClient } from "@shop/kit/http/client";

/**
 * Asks order what may be charged for an order; charges that come at the same time share a question.
 * @throws AppError `order.not_found` (404), `order.unavailable` (503)
 */
export function payableOf(orders: HttpClient): (orderId: string) => Promise<Payable> {
  const payables = batchedLookup<Payable>({
    load: async (ids) => (await orders.get<Payables>(`/internal/orders/payable?ids=${ids.join()}`)).items,
    idOf: ({ orderId }) => orderId,
    idsMax: idsMax,
  });
  return async (orderId) => {
    const [payable] = await payables([orderId]);
    if (!payable) throw new AppError("order.not_found", { kind: "not_found", public: "There is no such order." });
    return payable;
  };
}
