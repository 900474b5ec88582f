import type { ServiceName } from "../../../services/_contracts/services";
import type { SupervisedProcess } from "../process/supervise";
import { UserError } from "../user-error";
import { watchSources } from "./watch";

/**
 * Restarts services when their files change, one round at a time: changes during a round are handled in the next one.
 * After a change of a migration the service's store is migrated first.
 * @returns a function that stops watching
 */
export function restartOnChange(
  sourceDir: string,
  instancesOf: (service: ServiceName) => SupervisedProcess[],
  migrateAll: (services: ServiceName[]) => Promise<unknown>,
  print: (line: string) => void,
): () => void {
  let round: Promise<void> = Promise.resolve();
  /** The services to restart; true means that their store is migrated first. */
  let changed = new Map<ServiceName, boolean>();

  async function run(): Promise<void> {
    const services = changed;
    changed = new Map();
    if (services.size === 0) return;
    const names = [...services.keys()];
    print(`files changed: restarting ${names.join(", ")}`);
    const migrating = names.filter((service) => services.get(service));
    await migrateAll(migrating).catch((error) => print(error instanceof UserError ? error.message : String(error)));
    await Promise.all(names.flatMap(instancesOf).map((instance) => instance.restart()));
    const up = names.filter((service) => instancesOf(service).every((instance) => instance.pid() !== undefined));
    if (up.length > 0) print(`restarted ${up.join(", ")}`);
  }

  return watchSources(sourceDir, (affected, files) => {
    const migration = files.some((file) => /migrat|schema/.test(file));
    for (const service of affected) changed.set(service, migration || (changed.get(service) ?? false));
    round = round.then(run);
  });
}
