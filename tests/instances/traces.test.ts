import { afterAll, describe, expect, test } from "bun:test";
import { serviceNames } from "../../services/_contracts/services";
import { startCollector } from "../support/collector";
import { eventually } from "../support/eventually";
import { awaitSettled, newCustomer, placeOrder, productInStock } from "../support/shop";
import { stack } from "../support/stack";

const collector = startCollector(stack.offset);
afterAll(() => collector.close());

/** The SDK exports every 5 s. */
const withinMs = 20_000;

describe("with a collector", () => {
  test("an order is one trace from the edge through the services to the mail", async () => {
    const customer = await newCustomer();
    const { id } = await productInStock();
    const placed = await placeOrder(customer, [{ productId: id, quantity: 1 }]);
    const traceId = placed.headers.get("x-trace-id") as string;
    await awaitSettled(customer, placed.body.id);
    const services = () => new Set(collector.spans.filter((span) => span.traceId === traceId).map((it) => it.service));
    await eventually(() => services().size === serviceNames.length, withinMs);
    await eventually(() => collector.edgeBytes().includes(Buffer.from(traceId, "hex")), withinMs);
    expect(collector.edgeBytes().toString("latin1")).toContain("POST /api/v1/orders");
  });

  test("the edge's spans contain neither the path nor the query of a request", async () => {
    const marker = `m${crypto.randomUUID().replaceAll("-", "")}`;
    const urls = [`/api/v1/products?card=${marker}`, `/${marker}/x`, `/api/v1/products/${marker}`];
    const ids = await Promise.all(
      urls.map(async (path) => (await fetch(`${stack.edgeUrl}${path}`)).headers.get("x-trace-id") as string),
    );
    for (const id of ids) await eventually(() => collector.edgeBytes().includes(Buffer.from(id, "hex")), withinMs);
    expect(collector.edgeBytes().includes(marker)).toBe(false);
    expect(JSON.stringify(collector.spans)).not.toContain(marker);
  });

  test("probes, scrapes and fetches of public keys are not exported", () => {
    // The launcher's probes and the edge's fetch of the keys came before; the tests above waited for several exports.
    const names = collector.spans.map(({ name }) => name);
    expect(names.filter((name) => /\/(ready|health|metrics)|jwks/.test(name))).toEqual([]);
    const roots = collector.spans.filter(({ parentSpanId, name }) => parentSpanId === "" && name.includes("/"));
    expect(roots).toEqual([]);
  });
});
