import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundledImages } from "../../deploy/images/programs";
import { portsAt } from "../../deploy/local/config/ports";
import { serviceNames } from "../../services/_contracts/services";
import { runTests } from "../runner/run-tests";
import { eventually } from "../support/eventually";
import { describeStack } from "./compose/describe-stack";
import { type Engine, startEngine } from "./compose/engine";
import { openProject, type Project } from "./compose/project";
import { startBuilder } from "./support/builder";

/**
 * The shop of compose.yaml, with the real Docker Compose. podman takes the place of Docker, and stand-ins that of the images
 * that cannot be had here.
 */
const offset = Number(process.env.TEST_PORT_OFFSET);
const ports = portsAt(offset);
const api = `http://localhost:${ports.edge}/api/v1`;
const minutes = 60_000;

let engine: Engine;
let project: Project;

beforeAll(async () => {
  if (!process.env.COMPOSE_TEST_IMAGES) {
    await using builder = await startBuilder();
    for (const SERVICE of bundledImages) {
      await builder.load({ target: "service", args: { SERVICE, VERSION: "dev" } }, `docker.io/shop/${SERVICE}:dev`);
    }
    await builder.load({ target: "edge", args: { VERSION: "dev" } }, "docker.io/shop/edge:dev");
  }
  engine = await startEngine();
  project = await openProject(engine, offset);
  await project.clear();
}, 10 * minutes);

afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
}, 2 * minutes);

/** What only the operator of a shop knows. */
const operator = {
  settings: { SHOP_URL: "https://shop.test", MAIL_FROM: "shop@shop.test" },
  secrets: {
    STRIPE_SECRET_KEY: "sk_live_of_a_test",
    STRIPE_WEBHOOK_SECRET: "whsec_of_a_test",
    SMTP_URL: "smtp://mail.invalid:25",
  },
};
const logsOf = async (service: string) => (await project.compose(["logs", "--no-log-prefix", service])).text;
const login = (email: string, password: string) =>
  fetch(`${api}/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
const loginAsSeededAdmin = () => login("admin@shop.test", "admin-dev-password");

describe("a production start", () => {
  test(
    "without secrets lists everything that is missing, and starts nothing",
    async () => {
      const { ok, text } = await project.compose(["up"], { attached: true });
      expect(ok).toBe(false);
      for (const name of ["generated.json", ...Object.keys(operator.secrets), ...Object.keys(operator.settings)]) {
        expect(text).toMatch(new RegExp(`missing +(\\.secrets/)?${name}`));
      }
      expect(await project.running()).toEqual({});
    },
    2 * minutes,
  );

  test(
    "gets its secrets from one command, which never changes one that exists",
    async () => {
      const variables = Object.entries(operator.secrets).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
      const run = (...more: string[]) => project.compose(["run", "--rm", ...more, "secrets"], { attached: true });
      const first = await run();
      expect(first.text).toContain("made     .secrets/generated.json");
      for (const name of Object.keys(operator.secrets)) expect(first.text).toContain(name);
      expect((await run(...variables)).text).toContain("made     .secrets/SMTP_URL");
      const names = (await readdir(project.secrets)).sort();
      expect(names).toEqual(["SMTP_URL", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "generated.json"]);
      const read = () => Promise.all(names.map((name) => readFile(join(project.secrets, name), "utf8")));
      for (const name of names) expect((await stat(join(project.secrets, name))).mode & 0o777).toBe(0o600);
      const before = await read();
      await run("-e", "STRIPE_SECRET_KEY=sk_live_other");
      expect(await read()).toEqual(before);
      expect(before.join()).toContain(operator.secrets.STRIPE_SECRET_KEY);
    },
    2 * minutes,
  );

  test(
    "names a secret that is not valid, and does not print it",
    async () => {
      const path = join(project.secrets, "STRIPE_SECRET_KEY");
      await writeFile(path, "pk_test_a_publishable_key");
      const { ok, text } = await project.compose(["up"], { attached: true, env: operator.settings });
      await writeFile(path, `${operator.secrets.STRIPE_SECRET_KEY}\n`);
      expect(ok).toBe(false);
      expect(text).toContain("invalid  .secrets/STRIPE_SECRET_KEY");
      expect(text).not.toContain("publishable");
      expect(text).not.toContain("missing");
    },
    2 * minutes,
  );

  test(
    "brings up a shop without example accounts and products",
    async () => {
      const { ok, text } = await project.compose(["up", "--detach"], { env: operator.settings });
      expect({ ok, text }).toMatchObject({ ok: true });
      const products = (await eventually(async () => {
        const response = await fetch(`${api}/products`);
        return response.ok && (await response.json());
      })) as { items: object[] };
      expect(products.items).toEqual([]);
      expect((await loginAsSeededAdmin()).status).toBe(401);
      expect(await logsOf("configure")).toContain("production");
    },
    3 * minutes,
  );

  test("gives each program its own secrets only, readable for its user only", async () => {
    const expected: Record<string, string[]> = {
      user: ["USER_DATABASE_URL", "USER_SIGNING_KEYS"],
      order: ["ORDER_MONGO_URL", "PAYMENT_SEAL_PUBLIC_KEY"],
      payment: ["PAYMENT_DATABASE_URL", "PAYMENT_SEAL_PRIVATE_KEY", "STRIPE_API_URL", "STRIPE_SECRET_KEY"].concat(
        "STRIPE_WEBHOOK_SECRET",
      ),
      inventory: ["INVENTORY_DATABASE_URL"],
      notification: ["NOTIFICATION_DATABASE_URL", "SMTP_URL"],
    };
    const common = ["APP_ENV", "REDIS_URL", "SERVICE_KEY", "SERVICE_KEYS"];
    for (const service of serviceNames) {
      const folder = await project.volumeFolder(`${service}-secrets`);
      expect((await readdir(folder)).sort()).toEqual([...common, ...(expected[service] as string[])].sort());
      expect(await stat(folder)).toMatchObject({ uid: 65532, mode: 0o40500 });
      expect(await stat(join(folder, "SERVICE_KEY"))).toMatchObject({ uid: 65532, mode: 0o100400 });
    }
    expect(await readdir(await project.volumeFolder("sandbox-secrets"))).toEqual([]);
    expect(await readdir(await project.volumeFolder("postgres-secrets"))).toEqual(["POSTGRES_PASSWORD"]);
  });

  test(
    "has data to which the sandbox is not let",
    async () => {
      const before = await project.running();
      const { ok } = await project.compose(["--profile", "sandbox", "up", "--detach"], { env: operator.settings });
      expect(ok).toBe(false);
      expect(await logsOf("configure")).toContain("The volumes hold the data of a production shop");
      expect((await loginAsSeededAdmin()).status).toBe(401);
      expect(await project.running()).toEqual(before);
      expect(await project.clear()).toMatchObject({ ok: true });
    },
    2 * minutes,
  );
});

describe("a sandbox start", () => {
  test(
    "needs nothing else, and has accounts and products",
    async () => {
      const { ok, text } = await project.up("--profile", "sandbox");
      expect({ ok, text }).toMatchObject({ ok: true });
      await eventually(async () => (await loginAsSeededAdmin()).status === 200, 30_000);
      const { items } = (await (await fetch(`${api}/products`)).json()) as { items: object[] };
      expect(items.length).toBeGreaterThan(3);
      await eventually(async () => (await logsOf("ready")).includes("admin-dev-password"), 30_000);
    },
    3 * minutes,
  );

  test(
    "may be repeated: it changes nothing",
    async () => {
      const before = await project.running();
      expect(Object.keys(before)).toEqual(
        expect.arrayContaining([...serviceNames, "edge", "postgres", "mongo", "redis", "sandbox"]),
      );
      expect(await project.up("--profile", "sandbox")).toMatchObject({ ok: true });
      expect(await project.running()).toEqual(before);
    },
    2 * minutes,
  );

  test(
    "runs the end-to-end tests",
    async () => {
      await using stack = await describeStack(project, offset);
      const signal = AbortSignal.timeout(8 * minutes);
      const { passed, failed } = await runTests({ paths: ["tests/e2e/"], env: stack.env, signal });
      expect(failed).toBe(0);
      expect(passed).toBeGreaterThan(80);
    },
    9 * minutes,
  );

  test(
    "survives the end of any container",
    async () => {
      for (const service of ["order", "mongo", "edge"]) {
        const [id] = ((await project.running())[service] as string).split(" ");
        // The process itself: an engine does not restart a container that it was told to kill.
        process.kill(Number(await engine.podman("inspect", "--format", "{{.State.Pid}}", id as string)), "SIGKILL");
      }
      await eventually(async () => {
        expect(Object.keys(await project.running())).toEqual(expect.arrayContaining(["order", "mongo", "edge"]));
        expect((await fetch(`${api}/products`)).status).toBe(200);
        return (await fetch(`http://127.0.0.1:${ports.order}/ready`)).ok;
      }, 60_000);
    },
    2 * minutes,
  );

  test(
    "leaves data that a production start refuses, whether the sandbox still runs or not",
    async () => {
      const run = await project.compose(["run", "--rm", "-e", "X=1", "secrets"], { attached: true });
      expect(run.ok).toBe(true);
      const refused = async () => {
        const { ok } = await project.compose(["up", "--detach"], { env: operator.settings });
        expect(ok).toBe(false);
        expect(await logsOf("configure")).toContain("The volumes hold the data of the sandbox");
      };
      await refused();
      expect(await project.compose(["--profile", "*", "down"])).toMatchObject({ ok: true });
      await refused();
      expect(Object.keys(await project.running())).toEqual([]);
    },
    3 * minutes,
  );

  test(
    "goes on with its data after `down`",
    async () => {
      expect(await project.up("--profile", "sandbox")).toMatchObject({ ok: true });
      await eventually(async () => (await loginAsSeededAdmin()).status === 200, 30_000);
    },
    3 * minutes,
  );
});
