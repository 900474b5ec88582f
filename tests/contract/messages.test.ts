import { describe, expect, test } from "bun:test";
import { type MessageType, messages, sagaSteps } from "../../services/_contracts/messages";
import type { Message } from "../../services/_kit/messaging/envelope";
import type { Saga } from "../../services/_kit/saga/engine";
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

/** What the contract says about who takes what, and which saga step it is for, is what the services do. */
const types = Object.keys(messages) as MessageType[];

test.each(Object.entries({ order, payment, inventory, notification }))("%s takes what is sent to it", (name, table) => {
  const sent = types.filter((type) => (messages[type].to as readonly string[]).includes(name));
  expect(Object.keys(table).sort()).toEqual(sent.sort());
});

/** As far as the steps look at them. */
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
const asked = sagas.flatMap(({ name, steps }) =>
  steps.flatMap((step) => (step.kind === "remote" ? [{ step, at: `${name}/${step.name}` }] : [])),
);

/** The golden examples; of those with several meanings one for each. */
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
const typesOf = (isOne: (message: Message) => unknown) => [
  ...new Set(examples.filter((message) => isOne(message)).map(({ type }) => type)),
];

/** A step that is done by its own service asks nobody. */
const asks = (draft: { type: string } | undefined) => (draft ? [draft.type] : []);

describe.each(asked.map(({ step, at }) => [at, step] as const))("%s", (at, step) => {
  const saidFor = (place: string) => types.filter((type) => sagaSteps(type).includes(place)).sort();

  test("is asked for and answered by the messages that say so", () => {
    const answers = typesOf((message) => step.parseReply(message));
    expect(saidFor(at)).toEqual([...new Set([...asks(step.do(aggregate)), ...answers])].sort() as MessageType[]);
  });
  test("is undone likewise", () => {
    const failure = { step: step.name, code: "test" };
    const undo = asks(step.undo?.(aggregate, undefined, failure));
    const answers = typesOf((message) => step.isUndone?.(message));
    expect(saidFor(`undo of ${at}`)).toEqual([...undo, ...answers].sort() as MessageType[]);
  });
});

test("no message names a step that no saga has", () => {
  const places = asked.flatMap(({ at }) => [at, `undo of ${at}`]);
  for (const step of types.flatMap(sagaSteps)) expect(places).toContain(step);
});
