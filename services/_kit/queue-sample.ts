import type { Redis } from "ioredis";

/** What Redis holds of our messages at one moment. */
export type QueueSample = {
  /** Changes when Redis may have lost something: after a restart, a failover or a FLUSHALL. */
  identity: string;
  /** When the oldest job that is not finished was sent; `none` if there is none, `unknown` if they are too many to look at. */
  oldest: Date | "none" | "unknown";
};

/** The same for all services on one Redis; gone when its data is. */
const epochKey = "shop:epoch";

/** So many unfinished jobs are looked at. With more of them the answer is `unknown`, and nothing is forgotten meanwhile. */
const mostJobs = 2_000;

/**
 * One script, so that it is one moment: a queue found empty was empty in the Redis of that identity.
 * The epoch tells a Redis that was emptied, the run id one that was started again or replaced.
 * Jobs that failed for good are not counted: they are the operator's.
 */
const script = `
  redis.call('SET', KEYS[1], ARGV[1], 'NX')
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local identity = run .. '/' .. redis.call('GET', KEYS[1])
  local left = tonumber(ARGV[2])
  local oldest = math.huge
  for i = 2, #KEYS do
    local ids = {}
    for _, list in ipairs({ 'wait', 'paused', 'active' }) do
      table.insert(ids, redis.call('LRANGE', KEYS[i] .. list, 0, left))
    end
    for _, set in ipairs({ 'delayed', 'prioritized' }) do
      table.insert(ids, redis.call('ZRANGE', KEYS[i] .. set, 0, left))
    end
    for _, some in ipairs(ids) do
      left = left - #some
      if left < 0 then return { identity, 'unknown' } end
      for _, id in ipairs(some) do
        local sent = tonumber(redis.call('HGET', KEYS[i] .. id, 'timestamp'))
        if sent and sent < oldest then oldest = sent end
      end
    end
  end
  return { identity, oldest == math.huge and 'none' or string.format('%.0f', oldest) }`;

/** @param queues every queue this service sends to @throws when Redis is away */
export async function sampleQueues(connection: Redis, queues: readonly string[]): Promise<QueueSample> {
  const keys = [epochKey, ...queues.map((queue) => `bull:${queue}:`)];
  const [identity, oldest] = (await connection.eval(script, keys.length, ...keys, crypto.randomUUID(), mostJobs)) as [
    string,
    string,
  ];
  return { identity, oldest: oldest === "none" || oldest === "unknown" ? oldest : new Date(Number(oldest)) };
}
