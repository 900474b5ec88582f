import type { Clock } from "@shop/kit/clock";
import { invariant } from "@shop/kit/errors/invariant";
import type { MongoOutbox } from "@shop/kit/outbox/mongo";
import type { Collection } from "mongodb";
import type { OrderStore } from "../deps";
import { batchedWrites } from "./batched-writes";
import { newDocument, nextDocument } from "./document-versions";
import { type OrderDocument, toDocument, toStored } from "./documents";

export function orderWrites(o: {
  orders: Collection<OrderDocument>;
  outbox: Pick<MongoOutbox<OrderDocument>, "createEntries" | "nextVia">;
  clock: Clock;
  loadByKey: OrderStore["loadByKey"];
  onWritten: (doc: OrderDocument) => void;
}): Pick<OrderStore, "insert" | "commit"> {
  const writes = batchedWrites(o.orders);
  const { outbox } = o;

  return {
    async insert(placed, request) {
      const doc = newDocument(placed, { request, outbox, now: o.clock.now() });
      if (!(await writes.insert(doc))) {
        const existing = request && (await o.loadByKey(request.scope));
        invariant(existing, "a duplicate order must have the idempotency key of an existing one");
        return existing;
      }
      o.onWritten(doc);
      return { stored: toStored(doc), requestHash: request?.requestHash };
    },

    async commit(stored, next, cause) {
      const before = toDocument(stored);
      const { doc, update, entryId } = nextDocument(before, next, { cause, outbox, now: o.clock.now() });
      if (!(await writes.update({ id: before._id, version: before.version, update, entryId }))) return undefined;
      o.onWritten(doc);
      return toStored(doc);
    },
  };
}
