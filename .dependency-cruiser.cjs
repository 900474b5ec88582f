const { serviceNames } = require("./services/_contracts/services.ts");

/**
 * Which code may import which. docs/service-boundaries.md explains the rules; `bun run check` and tests/architecture enforce
 * them. A new service is covered as soon as it is in services/_contracts/services.ts.
 */
const service = `^services/(${serviceNames.join("|")})/`;
const tests = "(\\.test\\.ts$|/testing/)";
const kit = (...rooms) => `^services/_kit/(${rooms.join("|")})`;

/** What each room of the kit may import of the others, besides the root files; lower rooms first. */
const rooms = {
  errors: [],
  telemetry: ["errors"],
  async: ["errors", "telemetry"],
  auth: ["errors", "async"],
  stores: ["errors", "telemetry", "async"],
  http: ["errors", "telemetry", "async", "auth"],
  messaging: ["errors", "telemetry", "async", "stores"],
  outbox: ["errors", "telemetry", "async", "stores", "messaging"],
  saga: ["errors", "messaging", "outbox"],
};
/** Files at the kit's root that any room may import. */
const root = ["clock\\.ts", "ids\\.ts", "lifecycle\\.ts", "idempotency\\.ts"];

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "a-service-imports-itself-kit-and-contracts-only",
      severity: "error",
      from: { path: service },
      to: { path: "^(services|deploy|envoy|bench|tests)/", pathNot: "^services/($1|_kit|_contracts)/" },
    },
    {
      name: "kit-knows-no-business",
      severity: "error",
      from: { path: "^services/_kit/" },
      to: { path: "^(services|deploy|envoy|bench|tests)/", pathNot: "^services/_kit/" },
    },
    ...Object.entries(rooms).map(([room, below]) => ({
      name: `kit-room-${room}`,
      severity: "error",
      comment: `_kit/${room} may import ${below.join(", ") || "no other room"}`,
      from: { path: `^services/_kit/${room}/`, pathNot: tests },
      to: { path: "^services/_kit/", pathNot: [kit(`${room}/`, ...below.map((name) => `${name}/`), ...root)] },
    })),
    {
      name: "contracts-know-the-kit-only",
      severity: "error",
      from: { path: "^services/_contracts/" },
      to: { path: "^(services|deploy|envoy|bench|tests)/", pathNot: "^services/(_kit|_contracts)/" },
    },
    {
      name: "the-domain-does-no-io",
      severity: "error",
      comment: "domain/ may use types of the published language, errors, the clock and the pure saga engine",
      from: { path: `${service}domain/`, pathNot: tests },
      to: {
        pathNot: [
          `^services/[^/]+/domain/`,
          "^services/_contracts/",
          kit(
            "errors/(app-error|invariant)\\.ts",
            "clock\\.ts",
            "saga/(definition|engine)\\.ts",
            "messaging/envelope\\.ts",
          ),
        ],
      },
    },
    {
      name: "use-cases-receive-what-they-need",
      severity: "error",
      comment: "commands, queries and sagas get stores and clients through deps",
      from: { path: `${service}(commands|queries|sagas)/`, pathNot: tests },
      to: {
        path: [
          "node_modules/(elysia|drizzle-orm|mongodb|bullmq|postgres|ioredis|redis)/",
          `${service}(store|clients)/`,
        ],
      },
    },
    {
      name: "clients-call-other-services-only",
      severity: "error",
      comment: "clients/ translates calls to other services; it decides nothing and stores nothing",
      from: { path: `${service}clients/`, pathNot: tests },
      to: { path: `${service}(commands|queries|sagas|store|routes|main)` },
    },
    {
      name: "nothing-imports-the-sandbox",
      severity: "error",
      from: { pathNot: "^deploy/sandbox/" },
      to: { path: "^deploy/sandbox/" },
    },
    {
      name: "the-edge-knows-no-service",
      severity: "error",
      comment: "envoy/ renders one configuration for every platform; of the services it knows the registry only",
      from: { path: "^envoy/" },
      to: { path: "^(services|deploy|bench|tests)/", pathNot: "^services/_contracts/services\\.ts$" },
    },
    {
      name: "the-topology-knows-tables-only",
      severity: "error",
      from: { path: "^deploy/topology\\.ts$" },
      to: {
        path: "^(services|deploy|envoy|bench|tests)/",
        pathNot: "^(services/_contracts/services|envoy/routes)\\.ts$",
      },
    },
    {
      name: "the-network-follows-the-topology",
      severity: "error",
      comment: "deploy/network/ generates manifests from the topology and from tables",
      from: { path: "^deploy/network/" },
      to: {
        path: "^(services|deploy|envoy|bench|tests)/",
        pathNot: "^(deploy/network/|(deploy/topology|services/_contracts/services|envoy/(routes|targets|write))\\.ts$)",
      },
    },
    {
      name: "local-stores-know-no-stack",
      severity: "error",
      comment: "deploy/local: cli starts stack; stack uses stores, binaries and process; none of those looks up",
      from: { path: "^deploy/local/(stores|binaries|process|config)/", pathNot: tests },
      to: { path: "^deploy/local/(cli|stack|demo)/" },
    },
    {
      name: "tests-help-tests-only",
      severity: "error",
      from: { path: "^services/", pathNot: tests },
      to: { path: "^services/.*/testing/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/migrations/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["bun", "import", "default"] },
  },
};
