import type { Redis } from "ioredis";

/** The state of this service's queues in Redis at one moment. */
export type QueueSnapshot = {
  /** Changes whenever Redis may have lost something: after a restart, a failover or a FLUSHALL. */
  identity: string;
  /**
   * By queue: when its oldest unfinished job was sent, milliseconds since 1970. Infinity if there is none; 0 if there
   * are too many to examine.
   */
  oldest: ReadonlyMap<string, number>;
};

/** Shared by all services on one Redis. It disappears with the data. */
const epochKey = "shop:epoch";

/** How many unfinished jobs of each queue are examined. If a queue has more, the oldest is not known. */
const jobsMax = 1_000;

/**
 * One script reads identity and queues at the same moment. Otherwise a queue could look finished because Redis was emptied
 * after its identity was read. The epoch identifies the data and changes when Redis is emptied. The run id identifies the
 * process and changes when Redis is restarted or replaced. Dead letters are not counted: an operator decides about them.
 */
const script = `
  redis.call('SET', KEYS[1], ARGV[1], 'NX')
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local identity = run .. '/' .. redis.call('GET', KEYS[1])
  local function oldest(queue)
    local left = tonumber(ARGV[2])
    local ids = {}
    for _, list in ipairs({ 'wait', 'paused', 'active' }) do
      table.insert(ids, redis.call('LRANGE', queue .. list, 0, left))
    end
    for _, set in ipairs({ 'delayed', 'prioritized' }) do
      table.insert(ids, redis.call('ZRANGE', queue .. set, 0, left))
    end
    local found = 'none'
    for _, some in ipairs(ids) do
      left = left - #some
      if left < 0 then return '0' end
      for _, id in ipairs(some) do
        local sent = redis.call('HGET', queue .. id, 'timestamp')
        if sent and (found == 'none' or tonumber(sent) < tonumber(found)) then found = sent end
      end
    end
    return found
  end
  local answer = { identity }
  for i = 2, #KEYS do table.insert(answer, oldest(KEYS[i])) end
  return answer`;

/**
 * @param queues every queue this service sends to
 * @throws when Redis is unavailable
 */
export async function snapshotQueues(connection: Redis, queues: readonly string[]): Promise<QueueSnapshot> {
  const keys = [epochKey, ...queues.map((queue) => `bull:${queue}:`)];
  const args = [...keys, crypto.randomUUID(), jobsMax];
  const [identity, ...sent] = (await connection.eval(script, keys.length, ...args)) as [string, ...string[]];
  const oldest = queues.map((queue, index): [string, number] => [
    queue,
    sent[index] === "none" ? Number.POSITIVE_INFINITY : Number(sent[index]),
  ]);
  return { identity, oldest: new Map(oldest) };
}
