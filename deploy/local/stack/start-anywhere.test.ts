import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, chown, lstat, mkdir, readlink, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stackPaths } from "../config/paths";
import { findAccount } from "../process/accounts";
import { sharedDir } from "../stores/shared-dir";
import { type CheckoutCopy, copyCheckout } from "../testing/checkout-copy";

const portOffset = Number(process.env.TEST_STACK_OFFSET ?? 0) + 50; // beside the stores of this test run
const startStores = "deploy/local/testing/start-stores.ts";
const isRoot = process.getuid?.() === 0;
const nobody = findAccount({ name: "nobody" });
const canChangeUser = isRoot && nobody !== undefined;
if (!canChangeUser) console.log("not root: the tests that change to another user are skipped");

let copy: CheckoutCopy;
const paths = () => stackPaths(portOffset, copy.root);
const start = (o: { fresh?: boolean; as?: typeof nobody } = {}) =>
  copy.run(startStores, { args: o.fresh ? ["--fresh"] : [], as: o.as, portOffset });

beforeAll(async () => {
  copy = await copyCheckout("a path with späces/shop");
});
afterAll(() => copy.remove(portOffset));

describe("below a folder that only its owner may enter, in a path with spaces and non-ASCII characters", () => {
  const marker = () => join(paths().pg, "marker");

  test("the launcher starts PostgreSQL", async () => {
    const { output, exitCode } = await start();
    expect(output).toContain("stores: postgres is up");
    expect(exitCode).toBe(0);
  });

  test("no other user can read PostgreSQL's data", async () => {
    const cluster = await stat(paths().pg);
    expect(cluster.mode & 0o777).toBe(0o700);
    expect(cluster.uid === 0).toBe(false);
  });

  test.skipIf(!isRoot)("root keeps PostgreSQL's data in a shared folder that only root can change", async () => {
    const folder = await lstat(sharedDir);
    expect(await readlink(paths().pg)).toStartWith(`${sharedDir}/`);
    expect({ uid: folder.uid, mode: folder.mode & 0o777 }).toEqual({ uid: 0, mode: 0o711 });
  });

  test("the data survives a restart", async () => {
    await writeFile(marker(), "");
    expect((await start()).output).toContain("stores: postgres is up");
    expect(existsSync(marker())).toBe(true);
  });

  test.skipIf(!isRoot)("a checkout that was moved does not use the data of the old place", async () => {
    const moved = `${copy.root}-moved`;
    await rename(copy.root, moved);
    await mkdir(copy.root);
    const { output, exitCode } = await copy.run(`../shop-moved/${startStores}`, { portOffset });
    await rm(copy.root, { recursive: true });
    await rename(moved, copy.root);
    expect(output).toContain("links to the data of another checkout");
    expect(exitCode).toBe(1);
  });

  test("--fresh deletes the data", async () => {
    const before = await realpath(paths().pg);
    expect((await start({ fresh: true })).output).toContain("stores: postgres is up");
    expect(await realpath(paths().pg)).toBe(before);
    expect(existsSync(marker())).toBe(false);
  });
});

describe("as an ordinary user", () => {
  beforeAll(async () => {
    if (canChangeUser) await chmod(copy.parent, 0o755);
  });

  test.skipIf(!canChangeUser)("the launcher names the other user whose data it is", async () => {
    const { output, exitCode } = await start({ as: nobody });
    expect(output.trim()).toBe(
      `error ${paths().dataDir} belongs to user root: start as that user, or use another PORT_OFFSET`,
    );
    expect(exitCode).toBe(1);
  });

  test.skipIf(!canChangeUser)("the launcher names the owner of a checkout that it cannot write to", async () => {
    const { output, exitCode } = await copy.run(startStores, { as: nobody, portOffset: portOffset + 1 });
    expect(output.trim()).toBe(
      `error user nobody cannot write to the checkout ${copy.root}: it belongs to user root. Use a clone of your own`,
    );
    expect(exitCode).toBe(1);
  });

  test.skipIf(!canChangeUser)("the installation of packages names that owner, too", async () => {
    await rename(join(copy.root, "node_modules"), join(copy.parent, "node_modules"));
    const { exitCode, output } = await copy.run("deploy/local/cli/install.ts", { as: nobody });
    await rename(join(copy.parent, "node_modules"), join(copy.root, "node_modules"));
    expect(output.trim()).toBe(
      `error user nobody cannot write to the checkout ${copy.root}: it belongs to user root. Use a clone of your own`,
    );
    expect(exitCode).toBe(1);
  });

  test.skipIf(!canChangeUser)("the launcher starts PostgreSQL", async () => {
    await chown(join(copy.root, ".data"), nobody!.uid, nobody!.gid);
    const { output, exitCode } = await copy.run(startStores, { as: nobody, portOffset: portOffset + 1 });
    expect(output).toContain("stores: postgres is up");
    expect(exitCode).toBe(0);
  });
});
