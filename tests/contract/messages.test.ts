import { describe, expect, test } from "bun:test";
import { type MessageType, messages, sagaSteps } from "../../services/_contracts/messages";
import type { Message } from "../../services/_kit/messaging/envelope";
import type { Saga } from "../../services/_kit/saga/definition";
import { consumers as inventory } from "../../services/inventory/consumers";
import { consumers as notification } from "../../services/notification/consumers";
import { consumers as order } from "../../services/order/consumers";
import type { Order } from "../../services/order/domain/order";
import { cancelOrder, cancelUnpaidOrder } from "../../services/order/sagas/cancel-order";
import { placeOrder, placeUnpaidOrder } from "../../services/order/sagas/place-order";
import { takePayment } from "../../services/order/sagas/take-payment";
import { consumers as payment } from "../../services/payment/consumers";
import type { Payment } from "../../services/payment/domain/payment";
import { payOrder } from "../../services/payment/sagas/pay-order";

/* The catalogue says which service consumes a message and which saga step it belongs to. The services must match it. */
const types = Object.keys(messages) as MessageType[];

test.each(Object.entries({ order, payment, inventory, notification }))(
  "%s consumes exactly the messages that the catalogue sends to it",
  (service, consumers) => {
    const sent = types.filter((type) => (messages[type].to as readonly string[]).includes(service));
    expect(Object.keys(consumers).sort()).toEqual(sent.sort());
  },
);

/** An order and a payment in one object, with the fields that the saga steps read. */
const aggregate = {
  id: "o",
  items: [],
  total: { amount: 1, currency: "USD" },
  paymentMethod: {},
  payment: { id: "p" },
} as unknown as Order & Payment;
const sagas: Saga<Order & Payment>[] = [
  ...[placeOrder, placeUnpaidOrder, takePayment, cancelOrder, cancelUnpaidOrder],
  payOrder as Saga<Payment>,
] as Saga<Order & Payment>[];
const remoteSteps = sagas.flatMap(({ name, steps }) =>
  steps.flatMap((step) => (step.kind === "remote" ? [{ step, place: `${name}/${step.name}` }] : [])),
);

/** The golden examples. A message whose meaning depends on one of its fields has an example for each value of it. */
const examples = (
  await Promise.all(
    types.map(async (type): Promise<Message[]> => {
      const message = await Bun.file(`${import.meta.dir}/../../services/_contracts/golden/${type}.golden.json`).json();
      if (type === "order.status_changed")
        return ["awaiting_payment", "paying", "confirmed"].map((to) => ({ ...message, data: { ...message.data, to } }));
      if (type !== "inventory.updated") return [message];
      const changes = messages[type].data.properties.change.anyOf.map((it) => it.const);
      return changes.map((change) => ({ ...message, data: { ...message.data, change } }));
    }),
  )
).flat();
const typesOfExamples = (accepts: (message: Message) => unknown) => [
  ...new Set(examples.filter((message) => accepts(message)).map(({ type }) => type)),
];

/** The type of a step's command. A step that the saga's own service executes has no command. */
const commandType = (draft: { type: string } | undefined) => (draft ? [draft.type] : []);

describe.each(remoteSteps.map(({ step, place }) => [place, step] as const))("%s", (place, step) => {
  const typesFor = (stepPlace: string) => types.filter((type) => sagaSteps(type).includes(stepPlace)).sort();

  test("has the command and the replies that the catalogue lists", () => {
    const replies = typesOfExamples((message) => step.parseReply(message));
    const expected = [...new Set([...commandType(step.do(aggregate)), ...replies])].sort();
    expect(typesFor(place)).toEqual(expected as MessageType[]);
  });
  test("has the compensation and its replies that the catalogue lists", () => {
    const failure = { step: step.name, code: "test" };
    const compensation = commandType(step.undo?.(aggregate, undefined, failure));
    const replies = typesOfExamples((message) => step.isUndone?.(message));
    expect(typesFor(`undo of ${place}`)).toEqual([...compensation, ...replies].sort() as MessageType[]);
  });
});

test("every saga step that the catalogue names exists", () => {
  const places = remoteSteps.flatMap(({ place }) => [place, `undo of ${place}`]);
  for (const step of types.flatMap(sagaSteps)) expect(places).toContain(step);
});
