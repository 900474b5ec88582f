import { expect, test } from "bun:test";
import { counter, histogram, registry } from "./metrics";

test("a service's own metrics are in the same registry as the kit's", async () => {
  counter("kit_test_total", "A count", ["what"]).inc({ what: "x" });
  histogram("kit_test_seconds", "A time", ["what"], [1, 2]).observe({ what: "x" }, 1.5);
  const text = await registry.metrics();
  expect(text).toContain('kit_test_total{what="x"} 1');
  expect(text).toContain('kit_test_seconds_bucket{le="2",what="x"} 1');
});
