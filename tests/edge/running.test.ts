import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { request } from "node:http";
import { connect } from "node:net";
import { startEdge } from "../support/edge/start";

/** Stands in for all services, and answers with the headers that it has received. */
const service = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: ({ headers }) => Response.json(headers) });
const upstreams = { user: service.port as number, inventory: service.port as number };

let edge: Awaited<ReturnType<typeof startEdge>>;
let edgeBehindProxy: typeof edge;
beforeAll(async () => {
  edge = await startEdge(upstreams);
  edgeBehindProxy = await startEdge(upstreams, { trustedProxies: 1, limits: { authPerMinute: 2 } });
});
afterAll(async () => {
  await Promise.all([edge.stop(), edgeBehindProxy.stop(), service.stop(true)]);
});

describe("an edge that finds instances by DNS", () => {
  test("starts while a name cannot be resolved, and serves the others", async () => {
    expect((await fetch(`${edge.url}/api/v1/products`)).status).toBe(200);
    const unavailable = await fetch(`${edge.url}/api/v1/payments/webhooks/stripe`, { method: "POST", body: "{}" });
    expect([unavailable.status, await unavailable.json()]).toMatchObject([503, { code: "edge.unavailable" }]);
  });
});

test("a service receives the name of its instances as the host, by which a mesh routes", async () => {
  const response = await fetch(`${edge.url}/api/v1/products`, { headers: { host: "shop.test" } });
  expect(((await response.json()) as { host: string }).host).toBe("localhost");
});

describe("the client's address", () => {
  /** @returns the forwarding headers that a service receives */
  const received = async ({ url }: typeof edge, headers: Record<string, string>) => {
    const response = await fetch(`${url}/api/v1/products`, { headers });
    const all = (await response.json()) as Record<string, string>;
    return Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith("x-forwarded-")));
  };
  const byEnvoy = { "x-forwarded-proto": "http", "x-forwarded-prefix": "/api/v1" };
  const byClient = {
    "x-forwarded-proto": "https",
    "x-forwarded-prefix": "/other",
    "x-forwarded-host": "other.test",
    "x-forwarded-foreign": "1",
  };

  test("is that of the connection if no proxy is in front", async () => {
    expect(await received(edge, { ...byClient, "x-forwarded-for": "203.0.113.7" })).toEqual({
      ...byEnvoy,
      "x-forwarded-for": "127.0.0.1",
    });
  });

  test("is what the trusted proxy has appended, and nothing that the client has sent", async () => {
    const sent = { ...byClient, "x-forwarded-for": "198.51.100.1, 203.0.113.7" };
    expect(await received(edgeBehindProxy, sent)).toEqual({ ...byEnvoy, "x-forwarded-for": "203.0.113.7" });
  });

  test("is what requests are limited by", async () => {
    const login = async (forwardedFor: string) => {
      const headers = { "x-forwarded-for": forwardedFor };
      return (await fetch(`${edgeBehindProxy.url}/api/v1/auth/login`, { method: "POST", body: "{}", headers })).status;
    };
    const spoofed = ["192.0.2.1, 203.0.113.7", "192.0.2.2, 203.0.113.7", "192.0.2.3, 203.0.113.7"];
    expect([await login(spoofed[0]!), await login(spoofed[1]!), await login(spoofed[2]!)]).toEqual([200, 200, 429]);
    expect(await login("203.0.113.8")).toBe(200);
  });
});

describe("the ops listener", () => {
  /** Sends the path as it is; `fetch` would normalize it. @returns the status */
  const send = (method: string, path: string, headers: Record<string, string> = {}, body = "") =>
    new Promise<number | undefined>((resolve, reject) => {
      const { ops: port } = edge.ports;
      const sending = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sending.on("error", reject);
      sending.end(body);
    });

  test("offers readiness and statistics", async () => {
    const ready = await fetch(`${edge.opsUrl}/ready`);
    expect([ready.status, await ready.text()]).toEqual([200, "LIVE\n"]);
    const metrics = await (await fetch(`${edge.opsUrl}/stats/prometheus`)).text();
    expect(metrics).toContain(
      'envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="inventory"}',
    );
    expect(metrics).toContain(
      'envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="edge"}',
    );
  });

  test("does not appear in the statistics", async () => {
    const metrics = await (await fetch(`${edge.opsUrl}/stats/prometheus`)).text();
    expect(metrics).not.toMatch(/="(ops|admin)"/);
    expect(metrics).not.toContain(String(edge.ports.ops));
  });

  test.each([
    ["GET", "/"],
    ["GET", "/clusters"],
    ["GET", "/config_dump"],
    ["GET", "/stats"],
    ["GET", "/stats/prometheus?filter=x"],
    ["GET", "/ready?"],
    ["GET", "/ready/"],
    ["GET", "/ready/../clusters"],
    ["GET", "/ready/%2e%2e/clusters"],
    ["HEAD", "/ready"],
    ["POST", "/ready"],
    ["POST", "/stats/prometheus"],
    ["POST", "/quitquitquit"],
    ["POST", "/ready/../quitquitquit"],
    ["POST", "/healthcheck/fail"],
    ["POST", "/drain_listeners"],
  ])("has no %s %s", async (method, path) => {
    expect(await send(method, path)).toBe(404);
  });

  test("refuses escaped slashes and bodies", async () => {
    expect(await send("GET", "/ready%2f..%2fclusters")).toBe(400);
    expect(await send("GET", "/ready", { "transfer-encoding": "chunked" }, "body")).toBe(413);
  });

  test("is reachable from other machines; the admin port is not", async () => {
    // Every address of 127.0.0.0/8 is this machine. A socket that listens on 127.0.0.1 only refuses the others.
    const isOpen = (port: number) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ host: "127.0.0.2", port }, () => resolve(true)).on("error", () => resolve(false));
        socket.on("connect", () => socket.destroy());
      });
    expect([await isOpen(edge.ports.ops), await isOpen(edge.ports.admin)]).toEqual([true, false]);
  });
});
