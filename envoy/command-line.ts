import { join } from "node:path";

/**
 * The arguments of the `envoy` command. Two Envoys on one machine need different base ids, which name their shared memory.
 * SIGTERM stops Envoy at once. To finish the requests under way first, send `POST /drain_listeners?graceful` to the admin port.
 */
export const envoyArgs = (o: { configDir: string; baseId: number; concurrency: number }): string[] => [
  ...["--config-path", join(o.configDir, "bootstrap.yaml")],
  ...["--base-id", String(o.baseId)],
  ...["--concurrency", String(o.concurrency)],
  ...["--log-level", "warn"],
];
