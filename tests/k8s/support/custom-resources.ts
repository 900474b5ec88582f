import { cp } from "node:fs/promises";
import { basename, join } from "node:path";
import { Glob } from "bun";
import { installOnce } from "../../../deploy/local/binaries/install-once";
import { openCache } from "../../../deploy/local/binaries/servers";
import { UserError } from "../../../deploy/local/user-error";
import { findTool } from "../../runner/tools";

/** Where the definitions of custom resources are: files of a Go module, whose content `sum` pins. */
type Source = { module: string; version: string; sum: string; path: string };

const sources: Source[] = [
  {
    module: "github.com/kedacore/keda/v2",
    version: "v2.21.0",
    sum: "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=",
    path: "config/crd/bases/*.yaml",
  },
  {
    module: "github.com/cloudnative-pg/cloudnative-pg",
    version: "v1.28.0",
    sum: "h1:vkv0a0ewDSfJOPJrsyUr4uczsxheReAWf/k171V0Dm0=",
    path: "config/crd/bases/*.yaml",
  },
  {
    module: "github.com/mongodb/mongodb-kubernetes-operator",
    version: "v0.9.0",
    sum: "h1:1SBmpQznWVbUgzi+ScNCNv6z5pLBwsSe4DUDKxHzFwc=",
    path: "config/crd/bases/*.yaml",
  },
  {
    module: "github.com/spotahome/redis-operator",
    version: "v1.2.4",
    sum: "h1:H5koLVJOhxNuuqO90OmJNJOCKzO01VJdZDepsjjgZUs=",
    path: "charts/redisoperator/crds/*.yaml",
  },
  {
    module: "github.com/prometheus-operator/prometheus-operator",
    version: "v0.85.0",
    sum: "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
    path: "example/prometheus-operator-crd/*.yaml",
  },
  {
    module: "github.com/external-secrets/external-secrets",
    version: "v1.3.2",
    sum: "h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ=",
    path: "config/crds/bases/*.io_*.yaml",
  },
  {
    module: "github.com/cert-manager/cert-manager",
    version: "v1.19.1",
    sum: "h1:Txh8L/nLWTDcb7ZnXuXbTe15BxQnLbLirXmbNk0fGgY=",
    path: "deploy/crds/cert-manager.io_*.yaml",
  },
  {
    module: "istio.io/api",
    version: "v1.31.1",
    sum: "h1:5Yb5ihcz4YQsCkciusK7DnFpBMwRB6EFWeUKH1Atuyk=",
    path: "kubernetes/customresourcedefinitions.gen.yaml",
  },
];

/**
 * The definitions of the custom resources that the overlays use, one folder for each module. They are downloaded on first
 * use, into the cache of the server binaries.
 * @throws UserError when a download fails or is not what `sum` pins
 */
export async function customResourceFolders(): Promise<string[]> {
  const cache = await openCache();
  const folders: string[] = [];
  for (const source of sources) {
    const folder = join(cache, `crds-${source.module.replaceAll("/", "-")}-${source.version}`);
    await installOnce(folder, (temporary, content) => download(source, temporary, content));
    folders.push(folder);
  }
  return folders;
}

async function download({ module, version, sum, path }: Source, temporary: string, content: string): Promise<void> {
  console.log(`downloading ${module} ${version}`);
  const child = Bun.spawn(
    [findTool("go") as string, "mod", "download", "-modcacherw", "-json", `${module}@${version}`],
    {
      cwd: temporary,
      env: { ...process.env, GOMODCACHE: join(temporary, "modules"), GOFLAGS: "" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const out = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new UserError(`cannot download ${module} ${version}: ${out}`);
  const { Dir, Sum } = JSON.parse(out) as { Dir: string; Sum: string };
  if (Sum !== sum) throw new UserError(`${module} ${version} has the sum ${Sum}, expected ${sum}`);
  for await (const file of new Glob(path).scan(Dir)) await cp(join(Dir, file), join(content, basename(file)));
}
