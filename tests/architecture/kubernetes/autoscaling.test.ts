import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createClient } from "redis";
import { overlayNames } from "../../../envoy/targets";
import { type MessageType, messages } from "../../../services/_contracts/messages";
import { queueNames } from "../../../services/_contracts/services";
import type { Message } from "../../../services/_kit/messaging/envelope";
import { createPublisher } from "../../../services/_kit/messaging/publisher";
import { silentLog } from "../../../services/_kit/testing/log";
import { testRedisUrl } from "../../../services/_kit/testing/stores";
import { capacities } from "../../k8s/support/capacity";
import { ofKind } from "../../k8s/support/objects";
import { exceeded } from "../../k8s/support/quota";
import { type K8sObject, overlayFolder, render } from "../../k8s/support/render";
import { eventually } from "../../support/eventually";

type Trigger = { type: string; metadata: { listName: string; databaseIndex?: string } };

/** What KEDA's scaler for Redis asks. A key that does not exist has length 0, so a wrong name would never scale. */
const kedaScript = `
  local type = redis.call('type', KEYS[1]).ok
  if type == 'list' or type == 'none' then return {type, redis.call('llen', KEYS[1])} end
  return {type, -1}`;

describe.each(["staging", "production"] as const)("in %s, each queue's trigger", (overlay) => {
  const redisUrl = testRedisUrl(13);
  const redis = createClient({ url: redisUrl });
  let objects: K8sObject[];

  beforeAll(async () => {
    objects = await render(overlayFolder(overlay));
    await redis.connect();
    await redis.flushDb();
    const publisher = createPublisher({ redisUrl, catalogue: messages, log: silentLog });
    await eventually(publisher.connected);
    await publisher.publish(await Promise.all(queueNames.map(exampleFor)));
    await publisher.close();
  });
  afterAll(async () => {
    await redis.flushDb();
    redis.destroy();
  });

  test.each(queueNames)("reads the list in which the kit's publisher puts jobs: %s", async (queue) => {
    const { listName, databaseIndex } = triggerOf(objects, queue).metadata;
    const [type, length] = (await redis.eval(kedaScript, { keys: [listName] })) as [string, number];
    expect({ type, waiting: length > 0 }).toEqual({ type: "list", waiting: true });
    // The services use database 0.
    expect(databaseIndex ?? "0").toBe("0");
  });
});

/** Any message that is sent to this queue. */
async function exampleFor(queue: string): Promise<{ message: Message; jobId: string }> {
  const types = Object.keys(messages) as MessageType[];
  const type = types.find((type) => (messages[type].to as readonly string[]).includes(queue));
  const file = `${import.meta.dir}/../../../services/_contracts/golden/${type}.golden.json`;
  const message = { ...((await Bun.file(file).json()) as Message), id: Bun.randomUUIDv7() };
  return { message, jobId: message.id };
}

function triggerOf(objects: K8sObject[], queue: string): Trigger {
  const scaled = ofKind(objects, "ScaledObject").filter(({ spec }) => spec.scaleTargetRef.name === queue);
  const triggers: Trigger[] = scaled.flatMap(({ spec }) => spec.triggers);
  return triggers.find(({ type }) => type === "redis") as Trigger;
}

const exhausted = (objects: K8sObject[]) => capacities(objects).filter(({ needed, allowed }) => !(needed <= allowed));

describe.each(overlayNames)("in %s, as many instances as the autoscalers allow", (overlay) => {
  test("leave each store connections, also during a rollout", async () => {
    const objects = await render(overlayFolder(overlay));
    expect(capacities(objects).length).toBeGreaterThan(1);
    expect(exhausted(objects)).toEqual([]);
  });

  test("fit the quota of the namespace", async () => {
    expect(exceeded(await render(overlayFolder(overlay)))).toEqual([]);
  });
});

test("too many instances for the connections of a store are noticed", async () => {
  const objects = await render(overlayFolder("production"));
  for (const { spec } of ofKind(objects, "ScaledObject")) spec.maxReplicaCount = 30;
  expect(exhausted(objects).map(({ store }) => store)).toEqual([
    "payment-db",
    "inventory-db",
    "notification-db",
    "mongo",
  ]);
});

test("too many instances for the quota are noticed", async () => {
  const objects = await render(overlayFolder("production"));
  for (const { spec } of ofKind(objects, "ScaledObject")) spec.maxReplicaCount = 30;
  expect(exceeded(objects)).toEqual(["pods", "requests.cpu", "requests.memory"]);
});
