import { isCommand, type MessageType, messages, sagaSteps } from "./messages";
import { type Published, urn } from "./published";
import { queueNames, serviceNames } from "./services";

/** One of the messages as a document of JSON. */
type Golden = (type: MessageType) => unknown;

const all = Object.keys(messages) as MessageType[];
const goesTo = (service: string) => all.filter((type) => (messages[type].to as readonly string[]).includes(service));

/** The events that answer a command: those of its receiver about the same step of a saga. */
const answersTo = (command: MessageType) =>
  all.filter((type) => !isCommand(type) && sagaSteps(type).some((step) => sagaSteps(command).includes(step)));

const ref = (...path: string[]) => ({ $ref: `#/${path.map((part) => part.replaceAll("/", "~1")).join("/")}` });
const schemaName = (type: string, version: number) => `${type}.v${version}`;
const inChannel = (queue: string) => (type: MessageType) => ref("channels", queue, "messages", type);

/**
 * The published language as AsyncAPI 3.0: a channel for each service's queue; what each service sends and receives there;
 * every message with the schema of its data in all its versions, and its golden example.
 * @see https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export const asyncApi = (golden: Golden, published: Published[]) => ({
  asyncapi: "3.0.0",
  id: "urn:shop:messages",
  info: {
    title: "Shop messages",
    version: "1.0.0",
    license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    description: [
      "What the services of the shop tell each other. Every message is a CloudEvents 1.0 event in JSON.",
      "A *command* (`inventory.reserve`) asks one service for something; an *event* (`order.confirmed`) says what happened.",
      "The answer to a saga's step is an event that carries the saga's id, `sagaid`.",
      "Delivery is at least once: a receiver knows a message that it has had by its `id`.",
      "Messages about one subject reach one queue in the order of their `sequence`.",
    ].join(" "),
  },
  defaultContentType: "application/cloudevents+json",
  servers: {
    queues: {
      host: "redis:6379",
      protocol: "redis",
      description:
        "BullMQ queues in Redis. A job's name is the message's type, its id the message's id, its data the message.",
    },
  },
  channels: Object.fromEntries(queueNames.map((queue) => [queue, channel(queue)])),
  operations: Object.fromEntries(queueNames.flatMap((queue) => [...sendOperations(queue), receiveOperation(queue)])),
  components: {
    messages: Object.fromEntries(all.map((type) => [type, message(type, golden(type), published)])),
    schemas: {
      CloudEvent: envelope,
      ...Object.fromEntries(published.map(({ type, version, schema }) => [schemaName(type, version), schema])),
      // As it is now, with what is said about its fields.
      ...Object.fromEntries(all.map((type) => [schemaName(type, messages[type].version), messages[type].data])),
    },
  },
});

const channel = (queue: string) => ({
  address: queue,
  title: `Queue of ${queue}`,
  description: `What the ${queue} service takes: from its queue alone, each message by one of its instances.`,
  servers: [ref("servers", "queues")],
  messages: Object.fromEntries(goesTo(queue).map((type) => [type, ref("components", "messages", type)])),
});

/** Of each sender: its events together, and each command by itself, because each has answers of its own. */
function sendOperations(queue: string): [string, object][] {
  const send = { action: "send", channel: ref("channels", queue) };
  return serviceNames.flatMap((service) => {
    const sent = goesTo(queue).filter((type) => messages[type].from === service);
    const events = sent.filter((type) => !isCommand(type));
    const commands = sent.filter(isCommand).map((type): [string, object] => [
      `${service}.asks.${type}`,
      {
        ...{ ...send, title: `${service} asks ${queue}: ${type}`, summary: messages[type].about },
        messages: [inChannel(queue)(type)],
        reply: { channel: ref("channels", service), messages: answersTo(type).map(inChannel(service)) },
      },
    ]);
    const telling = { ...send, title: `${service} tells ${queue}`, messages: events.map(inChannel(queue)) };
    return events.length > 0 ? [[`${service}.tells.${queue}`, telling], ...commands] : commands;
  });
}

const receiveOperation = (queue: string): [string, object] => [
  `${queue}.receives`,
  {
    ...{ action: "receive", channel: ref("channels", queue), title: `${queue} takes what is in its queue` },
    messages: goesTo(queue).map(inChannel(queue)),
  },
];

function message(type: MessageType, example: unknown, published: Published[]) {
  const { version, from, to, about } = messages[type];
  const versions = published.filter((one) => one.type === type).map((one) => one.version);
  const kind = isCommand(type) ? "command" : "event";
  return {
    name: type,
    title: type,
    summary: about,
    description: described(type),
    contentType: "application/cloudevents+json",
    tags: [{ name: kind }, { name: `v${version}` }],
    correlationId: { location: "$message.payload#/sagaid", description: "The saga that asks, or is answered" },
    payload: {
      allOf: [
        ref("components", "schemas", "CloudEvent"),
        {
          type: "object",
          properties: {
            type: { const: type },
            source: { const: `/services/${from}` },
            dataschema: { enum: versions.map((each) => urn(type, each)) },
            data: ref("components", "schemas", schemaName(type, version)),
          },
        },
      ],
    },
    examples: [{ name: type, summary: "The golden example, which both sides' tests check", payload: example }],
    "x-kind": kind,
    "x-version": version,
    "x-from": from,
    "x-to": to,
    "x-saga-steps": sagaSteps(type),
    "x-answers": isCommand(type) ? answersTo(type) : [],
  };
}

function described(type: MessageType): string {
  const { version, from, to } = messages[type];
  const steps = sagaSteps(type);
  const receivers = to.length > 0 ? `taken by ${to.join(" and ")}` : "not sent to any queue";
  return [
    `Version ${version}. Sent by ${from}, ${receivers}.`,
    ...(steps.length > 0 ? [`${isCommand(type) ? "Asks for" : "Answers"} the saga steps ${steps.join(", ")}.`] : []),
    ...(isCommand(type) ? [`Answered by ${answersTo(type).join(" or ")}.`] : []),
  ].join(" ");
}

/** @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md */
const envelope = {
  type: "object",
  description: "CloudEvents 1.0, JSON format, with the extensions sequence, sagaid and traceparent.",
  required: ["specversion", "id", "type", "source", "subject", "time", "dataschema", "sequence", "data"],
  properties: {
    specversion: { const: "1.0" },
    id: { type: "string", format: "uuid", description: "UUIDv7, and the job's id: a second publish is no second job" },
    type: { type: "string", description: "What was asked for or has happened" },
    source: { type: "string", format: "uri-reference", description: "The service that says so" },
    subject: { type: "string", format: "uuid", description: "The id of what the message is about: an order, a user" },
    time: { type: "string", format: "date-time", description: "UTC" },
    dataschema: { type: "string", format: "uri", description: "urn:shop:schema:<type>:<version>" },
    sequence: { type: "integer", description: "Grows with every message of one source about one subject" },
    sagaid: { type: "string", format: "uuid", description: "The saga that asks, or whose step this answers" },
    traceparent: { type: "string", description: "W3C trace context: one trace from the request to its last message" },
    data: { description: "By type and version" },
  },
};
