import { describe, expect, test } from "bun:test";
import { importJWK, SignJWT } from "jose";
import { sseReader } from "../../services/_kit/testing/sse";
import { eventually } from "../support/eventually";
import {
  api,
  type Customer,
  call,
  cards,
  newCustomer,
  placeOrder,
  plentiful,
  readOrder,
  settled,
} from "../support/shop";
import { stack } from "../support/stack";

const isOver = ({ data }: { data: Record<string, unknown> }) => data.type === "order.confirmed";

async function follow(token: string, orderId: string, lastEventId?: string) {
  const response = await fetch(`${api}/orders/${orderId}/events`, {
    headers: { authorization: `Bearer ${token}`, ...(lastEventId && { "last-event-id": lastEventId }) },
  });
  return { response, reader: sseReader(response.body) };
}
async function anOrder(customer?: Customer, card = cards.good) {
  const buyer = customer ?? (await newCustomer());
  const { body: order } = await placeOrder(buyer, [{ productId: (await plentiful()).id, quantity: 1 }], card);
  return { buyer, order };
}

describe("a buyer who follows an order", () => {
  test("sees all of it, as it is read later, and each entry once", async () => {
    const { buyer, order } = await anOrder();
    const { response, reader } = await follow(buyer.token, order.id);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const events = await reader.until(isOver);
    const { history } = await readOrder(buyer, order.id);
    expect(events.map(({ data: { orderStatus: _, ...entry } }) => entry)).toEqual(history);
    expect(events.map(({ id }) => Number(id))).toEqual(history.map(({ seq }) => seq));
    expect(events.at(-1)?.data.orderStatus).toBe("confirmed");
    await reader.cancel();
  });

  test("and whose connection breaks again and again misses nothing, and sees nothing twice", async () => {
    const { buyer, order } = await anOrder();
    const seen: number[] = [];
    for (let over = false; !over; ) {
      const { reader } = await follow(buyer.token, order.id, seen.at(-1)?.toString());
      const event = await reader.next();
      seen.push(Number(event?.id));
      over = event !== undefined && isOver(event);
      await reader.cancel();
    }
    const { history } = await readOrder(buyer, order.id);
    expect(seen).toEqual(history.map(({ seq }) => seq));
  });

  test("which is declined sees it cancelled, and the stream ends", async () => {
    const { buyer, order } = await anOrder(undefined, cards.declined);
    const { reader } = await follow(buyer.token, order.id);
    const events = await reader.until(() => false);
    expect(events.at(-2)?.data).toMatchObject({ type: "order.cancelled", orderStatus: "cancelled" });
    expect(events.at(-1)).toMatchObject({ event: "end", data: { reason: "order_final" } });
  });

  test("is the only one who can", async () => {
    const { buyer, order } = await anOrder();
    const path = `/orders/${order.id}/events`;
    const stranger = await call("GET", path, { token: (await newCustomer()).token });
    expect([stranger.status, stranger.body.code]).toEqual([404, "order.not_found"]);
    expect((await call("GET", path)).status).toBe(401);
    expect((await call("GET", `${path}?access_token=${buyer.token}`)).status).toBe(401);
  });

  test("five times may not do so a sixth time, until one is given up", async () => {
    const { buyer, order } = await anOrder();
    await settled(buyer, order.id);
    const five = await Promise.all(Array.from({ length: 5 }, () => follow(buyer.token, order.id)));
    expect(five.map(({ response }) => response.status)).toEqual([200, 200, 200, 200, 200]);
    const path = `/orders/${order.id}/events`;
    const sixth = await call("GET", path, { token: buyer.token });
    expect([sixth.status, sixth.body.code]).toEqual([429, "order.too_many_streams"]);
    expect(sixth.headers.get("content-type")).toContain("application/problem+json");
    await five[0]?.reader.cancel();
    const again = await eventually(async () => {
      const next = await follow(buyer.token, order.id);
      return next.response.status === 200 ? next : undefined;
    });
    for (const { reader } of [...five, again]) await reader.cancel();
  });

  test("is sent away when the token expires", async () => {
    const { buyer, order } = await anOrder();
    await settled(buyer, order.id);
    const jwk = stack.secrets.userSigningKeys.keys[0] as { kid: string };
    const token = await new SignJWT({ permissions: [] })
      .setProtectedHeader({ alg: "ES256", kid: jwk.kid })
      .setSubject(buyer.id)
      .setIssuer(stack.edgeUrl)
      .setAudience("shop-api")
      .setExpirationTime("3s")
      .sign(await importJWK(jwk as never, "ES256"));
    const { reader } = await follow(token, order.id);
    const events = await reader.until(() => false);
    expect(events.at(-1)).toMatchObject({ event: "end", data: { reason: "token_expired" } });
    expect((await call("GET", `/orders/${order.id}`, { token: buyer.token })).status).toBe(200);
  });
});
