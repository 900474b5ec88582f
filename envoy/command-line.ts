import { join } from "node:path";

/**
 * The arguments of the `envoy` command, on every platform. Each adds `--concurrency`, the number of worker threads. Hot
 * restart is off: it is not used, and its file in /dev/shm, left by one user, would keep another user's Envoy on the same
 * machine from starting.
 * SIGTERM stops Envoy at once. To finish the requests under way first, send `POST /drain_listeners?graceful` to the admin port.
 */
export const envoyArgs = (configDir: string): string[] => [
  ...["--config-path", join(configDir, "bootstrap.yaml")],
  "--disable-hot-restart",
  ...["--log-level", "warn"],
  // While no collector can be reached, Envoy would log an error several times a second.
  ...["--component-log-level", "tracing:off"],
];
