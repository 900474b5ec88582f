import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../../deploy/images/programs";
import { findTool } from "../../runner/tools";
import { eventually } from "../../support/eventually";
import { buildStandIns } from "../stand-in/build";
import { podman, run } from "./run";

type Build = {
  target: "service" | "edge";
  /** Arguments of the Dockerfile. */
  args: Record<string, string>;
  platforms: ("linux/amd64" | "linux/arm64")[];
  /** Makes every step again, instead of taking those that were made before. */
  noCache?: boolean;
};

/** The bases: those of one platform run the build, the others have an image for each platform. */
const bases = [
  { name: "oven/bun:1.4.5" },
  { name: "oven/bun:1.4.5-distroless", arm64: "localhost/stand-in/bun:1.4.5-distroless-arm64" },
  { name: "envoyproxy/envoy:distroless-v1.40.0", arm64: "localhost/stand-in/envoy:distroless-v1.40.0-arm64" },
];

/**
 * Starts BuildKit, which `docker build` consists of, with the stand-ins as base images. Its cache is empty and is removed
 * at the end. It has to be root.
 */
export async function startBuilder() {
  await buildStandIns();
  const folder = await mkdtemp(join(tmpdir(), "buildkit-"));
  const address = `unix://${folder}/buildkitd.sock`;
  const daemon = Bun.spawn(
    [findTool("buildkitd") as string, "--root", join(folder, "root"), "--addr", address].concat(
      ["--oci-worker=true", "--containerd-worker=false", "--oci-worker-binary=runc", "--oci-worker-net=host"],
      ["--otel-socket-path", join(folder, "otel.sock")],
    ),
    { stdio: ["ignore", "ignore", Bun.file(join(folder, "log"))] },
  );
  const buildctl = (args: string[]) => run([findTool("buildctl") as string, "--addr", address, ...args]);
  const close = async () => {
    daemon.kill();
    await daemon.exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually(() => buildctl(["debug", "workers"]));
    const contexts = await exportBases(folder);

    const build = async (o: Build, output: string) => {
      const options = [`target=${o.target}`, `platform=${o.platforms.join(",")}`, "build-arg:SOURCE_DATE_EPOCH=0"]
        .concat(Object.entries(o.args).map(([name, value]) => `build-arg:${name}=${value}`))
        .flatMap((option) => ["--opt", option]);
      const sources = ["--local", `context=${root}`, "--local", `dockerfile=${join(root, "deploy/images")}`];
      const cache = o.noCache ? ["--no-cache"] : [];
      await buildctl(
        ["build", "--progress=plain", "--frontend=dockerfile.v0", ...sources, ...contexts, ...options, ...cache].concat(
          ["--output", output],
        ),
      );
    };
    return {
      /** Writes an OCI archive with an image for each platform. */
      archive: (o: Build, file: string) => build(o, `type=oci,dest=${file},rewrite-timestamp=true`),
      /** Makes the image available to podman. */
      load: async (o: Omit<Build, "platforms">, name: string) => {
        const file = join(folder, "image.tar");
        const platforms = [`linux/${process.arch === "arm64" ? "arm64" : "amd64"}`] as Build["platforms"];
        await build({ ...o, platforms }, `type=docker,dest=${file},name=${name},rewrite-timestamp=true`);
        // podman load would read it as an OCI archive, in which podman finds no health check.
        await podman(["pull", "--quiet", `docker-archive:${file}`]);
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export type Builder = Awaited<ReturnType<typeof startBuilder>>;

/** Writes the bases where BuildKit can read them. @returns the arguments that put them in place of a registry's images */
async function exportBases(folder: string): Promise<string[]> {
  const contexts: string[] = [];
  for (const [index, { name, arm64 }] of bases.entries()) {
    const layout = join(folder, `base-${index}`);
    await mkdir(layout);
    const list = `localhost/base-${process.pid}-${index}`;
    const images = [`docker.io/${name}`, ...(arm64 ? [arm64] : [])];
    await podman(["manifest", "create", list, ...images.map((image) => `containers-storage:${image}`)]);
    try {
      await podman(["manifest", "push", "--quiet", "--all", list, `oci:${layout}:base`]);
    } finally {
      await podman(["manifest", "rm", list]);
    }
    const digest = (await Bun.file(join(layout, "index.json")).json()).manifests[0].digest;
    contexts.push(
      "--oci-layout",
      `base${index}=${layout}`,
      "--opt",
      `context:${name}=oci-layout://base${index}@${digest}`,
    );
  }
  return contexts;
}
