import { testClient } from "@shop/kit/testing/http";
import { testIssuer, testServiceTokens } from "@shop/kit/testing/tokens";
import { routes } from "../routes";
import { testInventoryService } from "./inventory-service";

export const productDetails = {
  name: "Blue Mug",
  description: "Holds coffee",
  price: { amount: 1999, currency: "USD" },
};

/** The inventory service with its routes, without a port. */
export async function testInventoryRoutes() {
  const service = await testInventoryService();
  const issuer = await testIssuer();
  const tokens = await testServiceTokens("order", "payment", "inventory");
  const send = testClient(routes(service.deps, { verify: issuer.verify, tokens: tokens.inventory }));
  const admin = await issuer.bearer(Bun.randomUUIDv7(), ["inventory:write"]);

  return {
    ...service,
    send,
    /** `Authorization` header values. `order` and `payment` are services. */
    bearers: {
      admin,
      otherAdmin: await issuer.bearer(Bun.randomUUIDv7(), ["inventory:write"]),
      customer: await issuer.bearer(Bun.randomUUIDv7()),
      order: `Bearer ${await tokens.order.for("inventory")}`,
      payment: `Bearer ${await tokens.payment.for("inventory")}`,
    },
    /**
     * Creates a product through the routes.
     * @returns its id
     */
    async aProduct(name = productDetails.name, stock = 0): Promise<string> {
      const id = Bun.randomUUIDv7();
      await send("PUT", `/products/${id}`, { body: { ...productDetails, name }, authorization: admin });
      const receipt = { quantity: stock, reason: "received" };
      if (stock > 0) await send("POST", `/products/${id}/stock`, { body: receipt, authorization: admin });
      return id;
    },
  };
}

export type TestInventoryRoutes = Awaited<ReturnType<typeof testInventoryRoutes>>;
