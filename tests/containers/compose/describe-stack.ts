import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stackPaths } from "../../../deploy/local/config/paths";
import { portsAt } from "../../../deploy/local/config/ports";
import type { Secrets } from "../../../deploy/local/config/secrets";
import { writeStackFile } from "../../../deploy/local/stack/stack-file";
import { embeddedAddresses, storeUrls } from "../../../deploy/local/stores/store-urls";
import type { Project } from "./project";

/**
 * Describes the project's shop as the launcher describes a stack, so that the end-to-end tests find it.
 * @returns the variables that these tests need
 */
export async function describeStack(project: Project, offset: number) {
  const paths = stackPaths(offset);
  const text = await readFile(join(await project.volumeFolder("state"), "sandbox-secrets.json"), "utf8");
  await rm(paths.dataDir, { recursive: true, force: true });
  await mkdir(paths.run, { recursive: true });
  await writeFile(paths.secrets, text, { mode: 0o600 });
  const secrets = JSON.parse(text) as Secrets;
  const ports = portsAt(offset);
  const stores = storeUrls(embeddedAddresses(ports), secrets);
  // The member of the replica set has a name that exists in the containers' network only.
  const direct = (url: string) => url.replace("replicaSet=rs0", "directConnection=true");
  stores.mongo = { ...stores.mongo, order: direct(stores.mongo.order), root: direct(stores.mongo.root) };
  const { adminUrls } = await writeStackFile(paths, {
    ...{ appEnv: "test", ports, secrets, stores, scale: {} },
    collectorUrl: undefined,
  });
  return {
    env: {
      TEST_POSTGRES_URL: adminUrls.postgres,
      TEST_MONGO_URL: adminUrls.mongo,
      TEST_REDIS_URL: adminUrls.redis,
      TEST_STACK_OFFSET: String(offset),
    },
    [Symbol.asyncDispose]: () => rm(paths.dataDir, { recursive: true, force: true }),
  };
}
