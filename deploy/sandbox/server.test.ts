import { afterAll, beforeAll, expect, test } from "bun:test";
import { aPayment, aSandbox, type TestSandbox } from "./test-support";

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await aSandbox();
});
afterAll(() => sandbox.stop());

const get = async (path: string) => {
  const response = await fetch(sandbox.url + path);
  return { status: response.status, text: await response.text() };
};

test("serves the home page, the stylesheet and the health checks", async () => {
  expect((await get("/")).text).toContain("Simulated payments and mail");
  for (const path of ["/style.css", "/health", "/ready"]) expect((await get(path)).status).toBe(200);
});

test("the ledger page lists the movements of money", async () => {
  expect((await get("/ledger")).text).toContain("No money has moved yet.");
  await aPayment(sandbox, "shown");
  const { text } = await get("/ledger?paymentId=shown");
  expect(text).toContain("<code>order-of-shown</code>");
  expect(text).toContain("1 entries, showing the newest 1");
});

test("responds 404 for an unknown page, payment, mail and API URL", async () => {
  expect(await get("/nope")).toMatchObject({ status: 404, text: expect.stringContaining("Page not found.") });
  expect((await get("/stripe/3ds/pi_nope")).text).toContain("Payment not found.");
  expect((await get("/inbox/nope")).text).toContain("Mail not found.");
  const unrecognised = expect.stringContaining("Unrecognized request URL (GET: /v1/nope)");
  expect(await get("/v1/nope")).toMatchObject({ status: 404, text: unrecognised });
});

test("responds 400 to a control request that is not JSON", async () => {
  const response = await fetch(`${sandbox.url}/control/clock`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{",
  });
  expect([response.status, await response.json()]).toEqual([400, { error: "The request body is not valid JSON." }]);
});
