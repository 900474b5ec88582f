import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

const root = join(import.meta.dir, "../..");
const configFile = join(root, ".dependency-cruiser.cjs");
const { forbidden } = require(configFile) as { forbidden: { name: string }[] };

/** An import that breaks a rule: the importing file, the imported file, and whether it imports a type only. */
type Mistake = { rule: string; from: string; to: string; kind?: "type" };

/** One for each rule, each with an importing file of its own, so that one run of dependency-cruiser finds all. */
const mistakes: Mistake[] = [
  {
    rule: "a-service-imports-itself-kit-and-contracts-only",
    from: "services/order/commands/a.ts",
    to: "services/user/main.ts",
  },
  { rule: "kit-knows-no-business", from: "services/_kit/stores/a.ts", to: "services/_contracts/messages.ts" },
  { rule: "kit-room-errors", from: "services/_kit/errors/a.ts", to: "services/_kit/telemetry/log.ts" },
  { rule: "kit-room-telemetry", from: "services/_kit/telemetry/a.ts", to: "services/_kit/async/batch.ts" },
  { rule: "kit-room-async", from: "services/_kit/async/a.ts", to: "services/_kit/stores/redis.ts" },
  { rule: "kit-room-auth", from: "services/_kit/auth/a.ts", to: "services/_kit/http/app.ts" },
  { rule: "kit-room-stores", from: "services/_kit/stores/b.ts", to: "services/_kit/outbox/relay.ts" },
  { rule: "kit-room-http", from: "services/_kit/http/a.ts", to: "services/_kit/messaging/consumer.ts" },
  { rule: "kit-room-messaging", from: "services/_kit/messaging/a.ts", to: "services/_kit/saga/engine.ts" },
  { rule: "kit-room-outbox", from: "services/_kit/outbox/a.ts", to: "services/_kit/http/client.ts" },
  { rule: "kit-room-saga", from: "services/_kit/saga/a.ts", to: "services/_kit/stores/mongo.ts" },
  { rule: "contracts-know-the-kit-only", from: "services/_contracts/a.ts", to: "services/user/model.ts", kind: "type" },
  { rule: "the-domain-does-no-io", from: "services/order/domain/a.ts", to: "services/_kit/stores/redis.ts" },
  { rule: "use-cases-receive-what-they-need", from: "services/order/sagas/a.ts", to: "services/order/store/orders.ts" },
  {
    rule: "clients-call-other-services-only",
    from: "services/payment/clients/a.ts",
    to: "services/payment/commands/a.ts",
  },
  {
    rule: "nothing-imports-the-sandbox",
    from: "deploy/local/clients/a.ts",
    to: "deploy/sandbox/stripe/types.ts",
    kind: "type",
  },
  { rule: "the-edge-knows-no-service", from: "envoy/a.ts", to: "services/order/routes.ts" },
  { rule: "the-topology-knows-tables-only", from: "deploy/topology.ts", to: "envoy/write.ts" },
  { rule: "the-network-follows-the-topology", from: "deploy/network/a.ts", to: "deploy/local/config/ports.ts" },
  { rule: "local-stores-know-no-stack", from: "deploy/local/stores/a.ts", to: "deploy/local/stack/stack.ts" },
  {
    rule: "tests-help-tests-only",
    from: "services/notification/main.ts",
    to: "services/notification/testing/a-message.ts",
  },
];

/** Two files that import each other. */
const cycles: { kind: "value" | "type"; files: [string, string] }[] = [
  { kind: "value", files: ["services/user/commands/a.ts", "services/user/commands/b.ts"] },
  { kind: "type", files: ["services/user/domain/a.ts", "services/user/domain/b.ts"] },
];

type Violation = { rule: { name: string }; from: string; cycle?: { name: string }[] };
let folder: string;
let violations: Violation[];

/** Writes a file that imports `it` from another file. */
async function plant(from: string, to: string, kind: "value" | "type" = "value"): Promise<void> {
  const path = relative(dirname(from), to).replace(/\.ts$/, "");
  const specifier = path.startsWith(".") ? path : `./${path}`;
  const type = kind === "type" ? "type " : "";
  await write(from, `import ${type}{ it } from "${specifier}";\nexport ${type}{ it };\n`);
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

async function findViolations(): Promise<Violation[]> {
  const binary = join(root, "node_modules/.bin/depcruise");
  const argv = [binary, "--config", configFile, "--output-type", "json", "services", "deploy", "envoy"];
  const child = Bun.spawn([process.execPath, "--bun", ...argv], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(await new Response(child.stdout).text()).summary.violations;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boundaries-"));
  await writeFile(join(folder, "tsconfig.json"), "{}");
  for (const { to } of mistakes) await write(to, "export type it = number;\nexport const it = 1;\n");
  for (const { from, to, kind } of mistakes) await plant(from, to, kind);
  for (const { files, kind } of cycles) {
    await plant(files[0], files[1], kind);
    await plant(files[1], files[0], kind);
  }
  violations = await findViolations();
});
afterAll(() => rm(folder, { recursive: true }));

describe("dependency-cruiser reports an import that breaks the rule", () => {
  test.each(mistakes)("$rule", ({ rule, from }) => {
    expect(violations.filter((violation) => violation.from === from).map(({ rule: { name } }) => name)).toContain(rule);
  });
  test.each(cycles)("no-cycles, by a $kind import", ({ files }) => {
    const found = violations.filter(({ rule }) => rule.name === "no-cycles").map(({ cycle = [] }) => cycle);
    expect(found.map((cycle) => cycle.map(({ name }) => name).toSorted())).toContainEqual(files);
  });
});

test("every rule has an import that breaks it", () => {
  const broken = ["no-cycles", ...mistakes.map(({ rule }) => rule)];
  expect(broken.toSorted()).toEqual(forbidden.map(({ name }) => name).toSorted());
});
