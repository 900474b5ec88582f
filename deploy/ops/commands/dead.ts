import type { Job } from "bullmq";
import { UserError } from "../../local/user-error";
import type { Stores } from "../stores";
import { table } from "../table";

type DeadLetter = {
  queue: string;
  id: string;
  type: string;
  subject: string;
  failedAt: string;
  attempts: number;
  error: string;
  traceparent?: string;
};

/** `dead [queue]`, `dead show <queue> <id>`, `dead replay <queue> <id|all>`. */
export async function dead(stores: Stores, [first, queue, id]: string[]): Promise<string | undefined> {
  if (first === "show") return queue && id ? showDeadLetter(stores, queue, id) : undefined;
  if (first === "replay") return queue && id ? replayDeadLetters(stores, queue, id) : undefined;
  return first === undefined || stores.queues.has(first) ? listDeadLetters(stores, first) : undefined;
}

/** The latest dead letters of one queue or of all queues, at most 50 of each queue. */
async function listDeadLetters({ queues }: Stores, only?: string): Promise<string> {
  const listed = [...queues].filter(([name]) => !only || name === only);
  const letters = await Promise.all(
    listed.map(async ([name, queue]) => (await queue.getFailed(0, 49)).map((job) => toDeadLetter(name, job))),
  );
  return table(
    ["queue", "id", "type", "subject", "failed at", "attempts", "error"],
    letters
      .flat()
      .sort((a, b) => b.failedAt.localeCompare(a.failedAt))
      .map((it) => [it.queue, it.id, it.type, it.subject, it.failedAt, it.attempts, it.error.slice(0, 60)]),
  );
}

/** One dead letter as JSON, with the message and the errors of all attempts. */
async function showDeadLetter(stores: Stores, queue: string, id: string): Promise<string> {
  const job = await findDeadLetter(stores, queue, id);
  return JSON.stringify({ ...toDeadLetter(queue, job), message: job.data, stacks: job.stacktrace }, null, 2);
}

/** Puts one dead letter, or all of a queue, back into the queue. Each has all its attempts again. */
async function replayDeadLetters(stores: Stores, queue: string, id: string): Promise<string> {
  const jobs = id === "all" ? await findDeadLetters(stores, queue) : [await findDeadLetter(stores, queue, id)];
  for (const job of jobs) await job.retry("failed", { resetAttemptsMade: true });
  return replayed(jobs.length, queue);
}

/** The dead letters of a queue, oldest first. @throws UserError if there are none */
async function findDeadLetters({ queues }: Stores, queue: string): Promise<Job[]> {
  const jobs = (await queues.get(queue)?.getFailed(0, -1)) ?? [];
  if (jobs.length === 0) throw new UserError(`queue ${queue} has no dead letters`);
  return jobs.reverse();
}

const replayed = (count: number, queue: string) =>
  `replayed ${count} ${count === 1 ? "message" : "messages"} to queue ${queue}`;

/** @throws UserError if there is no such dead letter */
async function findDeadLetter({ queues }: Stores, queue: string, id: string): Promise<Job> {
  const job = await queues.get(queue)?.getJob(id);
  if (!job || !(await job.isFailed())) throw new UserError(`queue ${queue} has no dead letter ${id}`);
  return job;
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
