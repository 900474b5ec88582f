import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../deploy/images/bundle";
import { keyOf } from "../../deploy/images/packages";
import { bundledImages, entryPoints } from "../../deploy/images/programs";
import { startStack } from "../../deploy/local/stack/stack";
import { type ServiceName, serviceNames } from "../../services/_contracts/services";
import { eventually } from "../support/eventually";
import { type Builder, startBuilder } from "./support/builder";
import { runOnce, startContainer } from "./support/container";
import { type PlatformImage, readArchive } from "./support/oci";
import { podman } from "./support/run";

const MB = 1_000_000;
const SIZE_MAX_MB = 150;
/** e_machine of the header of an ELF file. */
const elfMachines: Record<string, number> = { amd64: 0x3e, arm64: 0xb7 };

let builder: Builder;
let folder: string;

beforeAll(async () => {
  builder = await startBuilder();
  folder = await mkdtemp(join(tmpdir(), "images-"));
}, 300_000);

afterAll(async () => {
  await builder?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 180_000);

const buildOf = (image: string) => ({ target: "service" as const, args: { SERVICE: image, VERSION: "1.2.3" } });
const bothPlatforms = ["linux/amd64" as const, "linux/arm64" as const];

async function buildArchive(image: string, options: { noCache?: boolean } = {}) {
  const name = `${image}-${Bun.randomUUIDv7()}`;
  await builder.archive({ ...buildOf(image), platforms: bothPlatforms, ...options }, join(folder, `${name}.tar`));
  return await readArchive(join(folder, `${name}.tar`), join(folder, name));
}

test("an image that is built again from the same source has the same digest", async () => {
  const first = await buildArchive("order", { noCache: true });
  const second = await buildArchive("order", { noCache: true });
  expect(second.digest).toBe(first.digest);
}, 300_000);

describe.each(bundledImages)("the image of %s", (image) => {
  let built: Record<string, PlatformImage>;
  beforeAll(async () => {
    built = (await buildArchive(image)).images;
  }, 300_000);

  test("exists for both platforms, each with Bun for its processor", async () => {
    expect(Object.keys(built).sort()).toEqual(["amd64", "arm64"]);
    for (const [architecture, { read }] of Object.entries(built))
      expect((await read("/usr/local/bin/bun")).readUInt16LE(18)).toBe(elfMachines[architecture] as number);
  });

  test(`is at most ${SIZE_MAX_MB} MB in size`, () => {
    for (const { files } of Object.values(built))
      expect(files.reduce((sum, { size }) => sum + size, 0) / MB).toBeLessThan(SIZE_MAX_MB);
  });

  test("has the image's programs with their source maps, and nothing that its user could change", () => {
    const { files } = built.amd64 as PlatformImage;
    const own = files.filter(({ path, mode }) => path.startsWith("/app/") && mode.startsWith("-"));
    const programs = Object.keys(entryPoints(image)).flatMap((name) => [`/app/${name}.js`, `/app/${name}.js.map`]);
    const others = own.map(({ path }) => path).filter((path) => !path.startsWith("/app/store/migrations/"));
    expect(others.sort()).toEqual(["/app/licences.txt", "/app/sbom.json", ...programs].sort());
    expect(own.filter(({ owner, mode }) => owner !== "0/0" || mode.includes("w", 5))).toEqual([]);
  });

  test("has no shell", () => {
    for (const { files } of Object.values(built))
      expect(files.filter(({ path }) => /\/(ba|da|a|z|)sh$|busybox/.test(path))).toEqual([]);
  });

  test("says what it is, has a user that is not root, and is the same for both platforms", () => {
    const { amd64, arm64 } = built;
    expect(amd64?.config.config).toMatchObject({
      User: "65532:65532",
      Labels: { "org.opencontainers.image.title": `shop/${image}`, "org.opencontainers.image.version": "1.2.3" },
    });
    expect(arm64?.config.config).toEqual(amd64?.config.config as never);
  });

  test("lists exactly the packages of its bundles", async () => {
    const { read } = built.arm64 as PlatformImage;
    const { components } = JSON.parse((await read("/app/sbom.json")).toString());
    const listed = components.map(({ name, version }: { name: string; version: string }) => `${name}@${version}`);
    expect(listed).toEqual([`bun@${Bun.version}`, ...(await bundle(image)).map(keyOf)]);
  });
});

describe("in containers", () => {
  const offset = Number(process.env.TEST_PORT_OFFSET);
  let stack: Awaited<ReturnType<typeof startStack>>;

  beforeAll(async () => {
    stack = await startStack({ offset, appEnv: "test", fresh: true, only: "stores" });
  }, 60_000);
  afterAll(async () => {
    await stack?.stop();
    await podman(["rmi", "--force", "--ignore", ...bundledImages.map(nameOf)]);
  }, 180_000);

  const nameOf = (image: string) => `localhost/images-test/${image}:${process.pid}`;
  const load = async (image: string) => {
    await builder.load(buildOf(image), nameOf(image));
    return nameOf(image);
  };
  /** Without HOST: the image's own makes it listen on every address. */
  const envOf = (service: ServiceName) => {
    const { HOST, ...env } = stack.env(service);
    return env;
  };

  test.each(serviceNames)(
    "%s migrates, becomes ready and healthy as a user without rights, and ends on SIGTERM",
    async (service) => {
      const image = await load(service);
      const env = envOf(service);
      await runOnce({ image, env, command: ["migrate.js", "--seed"] });
      await using container = await startContainer({ image, env });
      await eventually(async () => (await fetch(`http://127.0.0.1:${env.PORT}/ready`)).ok, 60_000);
      await container.checkHealth();
      expect(await container.processStatus("Uid")).toMatch(/^65532\b/);
      expect(await container.processStatus("CapEff")).toMatch(/^0+$/);
      expect(await container.stop()).toBe(0);
    },
    120_000,
  );

  test("the health check fails if the service does not answer", async () => {
    const image = await load("user");
    await expect(runOnce({ image, command: ["health.js"] })).rejects.toThrow("Unable to connect");
  }, 120_000);

  test("a stack trace names the source file and its line", async () => {
    const image = await load("user");
    const env = { ...envOf("user"), USER_MIGRATION_URL: "postgres://nobody:nothing@127.0.0.1:1/nowhere" };
    await expect(runOnce({ image, env, command: ["migrate.js"] })).rejects.toThrow(
      /services\/_kit\/stores\/postgres\.ts:\d+:\d+/,
    );
  }, 120_000);

  test("sandbox becomes healthy, and ends on SIGTERM", async () => {
    const image = await load("sandbox");
    const { stripeSecretKey, stripeWebhookSecret } = stack.secrets;
    const env = {
      ...{ PORT: String(stack.ports.sandbox), SMTP_PORT: String(stack.ports.smtp), APP_ENV: "test" },
      ...{ STRIPE_SECRET_KEY: stripeSecretKey, STRIPE_WEBHOOK_SECRET: stripeWebhookSecret, WEBHOOKS: "off" },
    };
    await using container = await startContainer({ image, env });
    await eventually(async () => (await container.checkHealth()) === "", 60_000);
    expect(await container.stop()).toBe(0);
  }, 120_000);

  test("ops shows the state of queues and sagas", async () => {
    const { ORDER_MONGO_URL = "" } = stack.env("order");
    const { REDIS_URL = "", USER_DATABASE_URL = "" } = stack.env("user");
    const { PAYMENT_DATABASE_URL = "" } = stack.env("payment");
    const { INVENTORY_DATABASE_URL = "" } = stack.env("inventory");
    const env = { REDIS_URL, ORDER_MONGO_URL, USER_DATABASE_URL, PAYMENT_DATABASE_URL, INVENTORY_DATABASE_URL };
    await expect(runOnce({ image: await load("ops"), env })).resolves.toContain("queue");
  }, 120_000);
});
