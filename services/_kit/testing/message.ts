import type { Message } from "../messaging/envelope";

/** A message as it comes out of a queue, from `/services/test` about a new subject. `over` replaces any of its fields. */
export const testMessage = (type: string, data: unknown, over: Partial<Message> = {}): Message => ({
  specversion: "1.0",
  id: Bun.randomUUIDv7(),
  type,
  source: "/services/test",
  subject: Bun.randomUUIDv7(),
  time: new Date().toISOString(),
  dataschema: `urn:shop:schema:${type}:1`,
  sequence: 1,
  ...over,
  data,
});
