import { afterAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTool } from "../runner/tools";
import { eventually } from "../support/eventually";
import { run } from "./support/run";

/** The configurations of the OpenTelemetry Collector in deploy/compose, with a collector that was built here. */
const folder = join(import.meta.dir, "../../deploy/compose");
const otelcol = findTool("otelcol") as string;
const directory = await mkdtemp(join(tmpdir(), "otelcol-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A line as Docker's driver json-file writes it. */
const dockerLine = (container: string | undefined, log: string) =>
  JSON.stringify({
    log,
    stream: "stdout",
    ...(container && { attrs: { tag: container } }),
    time: "2026-11-25T03:32:50.5Z",
  });

const order = { time: "2026-11-25T03:32:45.042Z", service: "order", instance: "abc", version: "1.2.3" };
const traceId = "76136a26624d5763bbc1eed26f0574dd";
const long = JSON.stringify({ ...order, level: "info", msg: "x".repeat(20_000) });
const lines = [
  dockerLine(undefined, "a container without a tag\n"),
  dockerLine("other/postgres-1", "a container of another project\n"),
  dockerLine("shop/shop-postgres-1", "LOG:  database system is ready\n"),
  dockerLine(
    "shop/shop-order-1",
    `${JSON.stringify({ ...order, level: "info", traceId, method: "GET", path: "/orders", status: 200, ms: 9, msg: "request" })}\n`,
  ),
  dockerLine(
    "shop/shop-order-1",
    `${JSON.stringify({ ...order, level: "error", err: { type: "Error", message: "boom", stack: "Error: boom" }, orderId: "o1", msg: "failed" })}\n`,
  ),
  dockerLine(
    "shop/shop-edge-1",
    `${JSON.stringify({ time: order.time, traceId, method: "GET", route: "/products", status: 200, flags: "-", client: "10.0.0.1" })}\n`,
  ),
  dockerLine("shop/shop-order-1", long.slice(0, 16_384)),
  dockerLine("shop/shop-order-1", `${long.slice(16_384)}\n`),
];

const service = { name: "order", version: "1.2.3", node: { name: "abc" } };
const documents = [
  {
    "@timestamp": "2026-11-25T03:32:50.5Z",
    container: { name: "shop-postgres-1" },
    message: "LOG:  database system is ready",
  },
  {
    "@timestamp": order.time,
    container: { name: "shop-order-1" },
    service,
    log: { level: "info" },
    trace: { id: traceId },
    message: "request",
    http: { request: { method: "GET" }, response: { status_code: 200 } },
    url: { path: "/orders" },
    shop: { ms: 9 },
  },
  {
    "@timestamp": order.time,
    container: { name: "shop-order-1" },
    service,
    log: { level: "error" },
    message: "failed",
    error: { type: "Error", message: "boom", stack_trace: "Error: boom" },
    shop: { orderId: "o1" },
  },
  {
    "@timestamp": order.time,
    container: { name: "shop-edge-1" },
    service: { name: "edge" },
    trace: { id: traceId },
    http: { request: { method: "GET" }, response: { status_code: 200 } },
    client: { ip: "10.0.0.1" },
    shop: { route: "/products", flags: "-" },
  },
  {
    "@timestamp": order.time,
    container: { name: "shop-order-1" },
    service,
    log: { level: "info" },
    message: "x".repeat(20_000),
    shop: {},
  },
];

test("the log shipper makes an ECS document of each line of the project, and of no other line", async () => {
  const received: unknown[] = [];
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      received.push(...toBodies((await request.json()) as Export));
      return Response.json({});
    },
  });
  const config = await shipperConfig(`http://127.0.0.1:${server.port}`);
  await writeFile(join(directory, "a-json.log"), `${lines.join("\n")}\n`);
  const env = { LOG_FILES: join(directory, "*-json.log"), PROJECT: "shop" };
  const child = Bun.spawn([otelcol, "--config", config], { env, stdio: ["ignore", "ignore", "inherit"] });
  await eventually(() => received.length >= documents.length, 30_000).finally(() => child.kill());
  await child.exited;
  const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  expect(received.map(sorted).sort(byText)).toEqual(documents.map(sorted).sort(byText));
}, 60_000);

test("the index template has a type for every field of these documents outside `shop`", async () => {
  const { template } = JSON.parse(await readFile(join(folder, "elk/index-template.json"), "utf8"));
  for (const document of documents) {
    for (const path of paths(document)) {
      if (path[0] === "shop") continue;
      const type = path.reduce((mapping, name) => mapping?.properties?.[name], template.mappings)?.type;
      expect({ path: path.join("."), type }).toEqual({ path: path.join("."), type: expect.any(String) });
    }
  }
});

test("the collector accepts the configuration for traces", async () => {
  await run([otelcol, "validate", "--config", join(folder, "observability/otel-collector.yaml")]);
});

/** The shipper's configuration, with an exporter that a test can receive from in the place of Elasticsearch's. */
async function shipperConfig(url: string): Promise<string> {
  const text = await readFile(join(folder, "elk/log-shipper.yaml"), "utf8");
  const config = Bun.YAML.parse(text) as {
    extensions: { file_storage: { directory: string } };
    exporters: Record<string, { logs_index?: string; mapping?: object }>;
    service: { pipelines: { logs: { exporters: string[] } } };
  };
  expect(config.exporters.elasticsearch).toMatchObject({
    logs_index: "logs-shop-default",
    mapping: { mode: "bodymap" },
  });
  config.exporters = { otlp_http: { logs_endpoint: url, encoding: "json", compression: "none" } as object };
  config.service.pipelines.logs.exporters = ["otlp_http"];
  config.extensions.file_storage.directory = join(directory, "state");
  await mkdir(join(directory, "state"), { recursive: true });
  const path = join(directory, "log-shipper.yaml");
  await writeFile(path, Bun.YAML.stringify(config, null, 2));
  return path;
}

type Value = { stringValue?: string; doubleValue?: number; intValue?: string; kvlistValue?: { values?: Entry[] } };
type Entry = { key: string; value: Value };
type Export = { resourceLogs: { scopeLogs: { logRecords: { body: Value }[] }[] }[] };

const toBodies = ({ resourceLogs }: Export) =>
  resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) => logRecords.map(({ body }) => toValue(body))),
  );

function toValue(value: Value): unknown {
  if (value.kvlistValue) {
    return Object.fromEntries((value.kvlistValue.values ?? []).map((entry) => [entry.key, toValue(entry.value)]));
  }
  return value.stringValue ?? value.doubleValue ?? Number(value.intValue);
}

const sorted = (value: unknown): unknown =>
  typeof value === "object" && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .map(([key, part]) => [key, sorted(part)] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      )
    : value;

const paths = (value: object, above: string[] = []): string[][] =>
  Object.entries(value).flatMap(([key, part]) =>
    typeof part === "object" ? paths(part, [...above, key]) : [[...above, key]],
  );
