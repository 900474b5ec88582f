import { describe, expect, test } from "bun:test";
import { type MessageType, messages } from "./messages";
import { queueNames, type ServiceName, serviceNames, services, sqlServiceNames } from "./services";

const types = Object.keys(messages) as MessageType[];
const receivers = types.flatMap((type): readonly string[] => messages[type].to);

test.each(types)("%s is sent by a service in the registry, to queues in the registry", (type) => {
  const { from, to } = messages[type];
  expect(serviceNames).toContain(from);
  for (const queue of to) expect(queueNames).toContain(queue);
});

test.each(queueNames)("the queue %s belongs to the service of that name and receives messages", (queue) => {
  expect(services[queue].queue).toBe(queue);
  expect(receivers).toContain(queue);
});

describe("every service has its own", () => {
  const valuesOf = (field: "port" | "database" | "queue") =>
    serviceNames.map((name: ServiceName) => services[name][field]).filter((value) => value !== undefined);
  test.each(["port", "database", "queue"] as const)("%s", (field) => {
    const values = valuesOf(field);
    expect(values.length).toBeGreaterThan(0);
    expect(new Set(values).size).toBe(values.length);
  });
});

test("sqlServiceNames has exactly the services with PostgreSQL", () => {
  for (const name of serviceNames)
    expect((sqlServiceNames as string[]).includes(name)).toBe(services[name].store === "postgres");
});
