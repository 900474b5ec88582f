import { describe, expect, test } from "bun:test";
import { importJWK, SignJWT } from "jose";
import { testCards } from "../../deploy/local/clients/sandbox-api";
import { eventually } from "../support/eventually";
import { followOrder } from "../support/live-timeline";
import { aConfirmedOrder, anOrder, newCustomer, placeOrder, productInStock, readOrder } from "../support/shop";
import { api, stack } from "../support/stack";

const isConfirmed = ({ data }: { data: Record<string, unknown> }) => data.type === "order.confirmed";

describe("the event stream of an order", () => {
  test("delivers every history entry once, as the order shows it", async () => {
    const { customer, order } = await anOrder();
    const { response, reader } = await followOrder(customer.token, order.id);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const events = await reader.readUntil(isConfirmed);
    const { history } = await readOrder(customer, order.id);
    expect(events.map(({ data: { orderStatus: _, ...entry } }) => entry)).toEqual(history);
    expect(events.map(({ id }) => Number(id))).toEqual(history.map(({ seq }) => seq));
    expect(events.at(-1)?.data.orderStatus).toBe("confirmed");
    await reader.cancel();
  });

  test("delivers every entry once to a client that reconnects after each event", async () => {
    const { customer, order } = await anOrder();
    const received: number[] = [];
    for (let confirmed = false; !confirmed; ) {
      const { reader } = await followOrder(customer.token, order.id, received.at(-1)?.toString());
      const event = await reader.next();
      received.push(Number(event?.id));
      confirmed = event !== undefined && isConfirmed(event);
      await reader.cancel();
    }
    const { history } = await readOrder(customer, order.id);
    expect(received).toEqual(history.map(({ seq }) => seq));
  });

  test("ends after the order is cancelled because its card was declined", async () => {
    const customer = await newCustomer();
    const items = [{ productId: (await productInStock()).id, quantity: 1 }];
    const { body: order } = await placeOrder(customer, items, { card: testCards.declined });
    const { reader } = await followOrder(customer.token, order.id);
    const events = await reader.readUntil(() => false);
    expect(events.at(-2)?.data).toMatchObject({ type: "order.cancelled", orderStatus: "cancelled" });
    expect(events.at(-1)).toMatchObject({ event: "end", data: { reason: "order_final" } });
  });

  test("answers 404 to other customers, and 401 without a token in the header", async () => {
    const { customer, order } = await anOrder();
    const path = `/orders/${order.id}/events`;
    const stranger = await api.request("GET", path, { token: (await newCustomer()).token });
    expect([stranger.status, stranger.body.code]).toEqual([404, "order.not_found"]);
    expect((await api.request("GET", path)).status).toBe(401);
    expect((await api.request("GET", `${path}?access_token=${customer.token}`)).status).toBe(401);
  });

  test("answers 429 to the sixth concurrent stream of a customer, until another one is closed", async () => {
    const { customer, order } = await aConfirmedOrder();
    const streams = await Promise.all(Array.from({ length: 5 }, () => followOrder(customer.token, order.id)));
    expect(streams.map(({ response }) => response.status)).toEqual([200, 200, 200, 200, 200]);
    const sixth = await api.request("GET", `/orders/${order.id}/events`, { token: customer.token });
    expect([sixth.status, sixth.body.code]).toEqual([429, "order.too_many_streams"]);
    expect(sixth.headers.get("content-type")).toContain("application/problem+json");
    await streams[0]?.reader.cancel();
    const replacement = await eventually(async () => {
      const stream = await followOrder(customer.token, order.id);
      return stream.response.status === 200 ? stream : undefined;
    });
    for (const { reader } of [...streams, replacement]) await reader.cancel();
  });

  test("ends when the access token expires", async () => {
    const { customer, order } = await aConfirmedOrder();
    const jwk = stack.secrets.userSigningKeys.keys[0] as { kid: string };
    const token = await new SignJWT({ permissions: [] })
      .setProtectedHeader({ alg: "ES256", kid: jwk.kid })
      .setSubject(customer.id)
      .setIssuer(stack.edgeUrl)
      .setAudience("shop-api")
      .setExpirationTime("3s")
      .sign(await importJWK(jwk as never, "ES256"));
    const { reader } = await followOrder(token, order.id);
    const events = await reader.readUntil(() => false);
    expect(events.at(-1)).toMatchObject({ event: "end", data: { reason: "token_expired" } });
    expect((await api.getOrder(customer.token, order.id)).status).toBe(200);
  });
});
