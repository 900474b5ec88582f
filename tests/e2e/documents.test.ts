import { describe, expect, test } from "bun:test";
import { messages } from "../../services/_contracts/messages";
import { stack } from "../support/stack";

const get = (path: string, method = "GET") => fetch(`${stack.edgeUrl}${path}`, { method });

describe("the message documentation is public", () => {
  test("as AsyncAPI, identical to docs/asyncapi.json", async () => {
    const response = await get("/docs/events/asyncapi.json");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await response.text()).toBe(await Bun.file(`${import.meta.dir}/../../docs/asyncapi.json`).text());
  });

  test("as a page that loads no resource and runs no script, as its content security policy requires", async () => {
    const response = await get("/docs/events");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const page = await response.text();
    for (const type of Object.keys(messages)) expect(page).toContain(`<section id="${type}"`);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|url\(|@import|\son\w+=/i);
    const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, href]) => href as string);
    expect(links.filter((href) => !/^[#/]/.test(href))).toEqual([]);
    for (const href of links.filter((href) => href.startsWith("#"))) expect(page).toContain(`id="${href.slice(1)}"`);
    const styles = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] as string;
    const hash = new Bun.CryptoHasher("sha256").update(styles).digest("base64");
    expect(response.headers.get("content-security-policy")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("x-trace-id")).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each(["/docs/events", "/verify-email", "/docs/events/asyncapi.json"])(
    "%s accepts only GET, and similar paths do not exist",
    async (path) => {
      const response = await get(path, "POST");
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET"]);
      expect(await response.json()).toMatchObject({ code: "edge.method_not_allowed" });
      for (const other of [`${path}/..%2f`, `${path}/x`, `/api/v1${path}`])
        expect([400, 404]).toContain((await get(other)).status);
    },
  );
});

test("the e-mail verification page runs only its own script and connects only to its own origin", async () => {
  const response = await get("/verify-email");
  expect(response.status).toBe(200);
  const page = await response.text();
  expect(page).not.toMatch(/<link|<img|<iframe|\bsrc=|url\(|@import|\son\w+=|https?:/i);
  const hashOf = (tag: string) => {
    const text = page.split(`<${tag}>`)[1]?.split(`</${tag}>`)[0] as string;
    return new Bun.CryptoHasher("sha256").update(text).digest("base64");
  };
  expect(response.headers.get("content-security-policy")).toBe(
    [
      "default-src 'none'",
      `style-src 'sha256-${hashOf("style")}'`,
      `script-src 'sha256-${hashOf("script")}'`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
  );
});
