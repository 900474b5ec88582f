/** The boundaries of docs/service-boundaries.md as rules; `bun run check` and tests/architecture hold the code against them. */
const service = "^services/(user|order|payment|inventory|notification)/";
const tests = "(\\.test\\.ts$|/testing/)";

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "a-service-imports-itself-kit-and-contracts-only",
      severity: "error",
      from: { path: service },
      to: { path: "^(services|deploy|bench|tests)/", pathNot: "^services/($1|_kit|_contracts)/" },
    },
    {
      name: "kit-knows-no-business",
      severity: "error",
      from: { path: "^services/_kit/" },
      to: { path: "^(services|deploy|bench|tests)/", pathNot: "^services/_kit/" },
    },
    {
      name: "contracts-know-the-kit-only",
      severity: "error",
      from: { path: "^services/_contracts/" },
      to: { path: "^(services|deploy|bench|tests)/", pathNot: "^services/(_kit|_contracts)/" },
    },
    {
      name: "the-domain-does-no-io",
      severity: "error",
      comment: "domain/ may use types of the published language, the error type and nothing that talks to the outside",
      from: { path: `${service}domain/`, pathNot: tests },
      to: {
        pathNot: [
          `^services/[^/]+/domain/`,
          "^services/_contracts/",
          "^services/_kit/(errors|clock|saga|messages)\\.ts$",
        ],
      },
    },
    {
      name: "use-cases-receive-what-they-need",
      severity: "error",
      comment: "commands, queries and sagas get stores and clients through deps",
      from: { path: `${service}(commands|queries|sagas)/`, pathNot: tests },
      to: { path: ["node_modules/(elysia|drizzle-orm|mongodb|bullmq|postgres|ioredis|redis)/", `${service}store/`] },
    },
    {
      name: "nothing-imports-the-sandbox",
      severity: "error",
      from: { pathNot: "^deploy/sandbox/" },
      to: { path: "^deploy/sandbox/" },
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
