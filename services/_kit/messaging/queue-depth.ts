import type { Worker } from "bullmq";
import { queueDepth } from "../telemetry/metrics";

/** Sets the gauge `queue_depth` for each job state, in one round trip. Without Redis the gauge keeps its last values. */
export async function measureQueueDepth(worker: Worker, queue: string): Promise<void> {
  const states = ["wait", "prioritized", "active", "delayed", "failed"] as const;
  const counts = await worker.backend.getCounts([...states]).catch(() => undefined);
  if (!counts) return;
  const [wait = 0, prioritized = 0, active = 0, delayed = 0, failed = 0] = counts;
  const depth = { waiting: wait + prioritized, active, delayed, failed };
  for (const [state, count] of Object.entries(depth)) queueDepth.set({ queue, state }, count);
}
