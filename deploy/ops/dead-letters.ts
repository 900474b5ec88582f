import type { Job } from "bullmq";
import type { Stores } from "./stores";

export type DeadLetter = {
  queue: string;
  id: string;
  type: string;
  subject: string;
  failedAt: string;
  attempts: number;
  error: string;
  traceparent?: string;
};

/** Messages that failed for good, the latest first. */
export async function deadLetters({ queues }: Stores, only?: string, limit = 50): Promise<DeadLetter[]> {
  const wanted = [...queues].filter(([name]) => !only || name === only);
  const found = await Promise.all(
    wanted.map(async ([name, queue]) => (await queue.getFailed(0, limit - 1)).map((job) => toDeadLetter(name, job))),
  );
  return found.flat().sort((a, b) => b.failedAt.localeCompare(a.failedAt));
}

/** One of them whole: the message, every attempt's error. */
export async function deadLetter({ queues }: Stores, queue: string, id: string) {
  const job = await queues.get(queue)?.getJob(id);
  if (!job || !(await job.isFailed())) return undefined;
  return { ...toDeadLetter(queue, job), message: job.data, stacks: job.stacktrace };
}

/** Puts one, or all of a queue, back where they came from, with their attempts counted anew. @returns how many */
export async function replay({ queues }: Stores, queue: string, id: string): Promise<number> {
  const from = queues.get(queue);
  if (!from) return 0;
  if (id !== "all") {
    const job = await from.getJob(id);
    if (!job || !(await job.isFailed())) return 0;
    await job.retry("failed", { resetAttemptsMade: true });
    return 1;
  }
  const count = await from.getFailedCount();
  await from.retryJobs({ state: "failed" });
  return count;
}

const toDeadLetter = (queue: string, job: Job): DeadLetter => ({
  queue,
  id: String(job.id),
  type: job.name,
  subject: String(job.data?.subject),
  failedAt: new Date(job.finishedOn ?? 0).toISOString(),
  attempts: job.attemptsMade,
  error: job.failedReason,
  traceparent: job.data?.traceparent,
});
