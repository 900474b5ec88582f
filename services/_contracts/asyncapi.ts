import { isCommand, type MessageType, messages, sagaSteps } from "./messages";
import { type PublishedSchema, toUrn } from "./published";
import { queueNames, serviceNames } from "./services";

const types = Object.keys(messages) as MessageType[];
const messagesTo = (queue: string) => types.filter((type) => (messages[type].to as readonly string[]).includes(queue));

/** The events that reply to a command: those for the same saga step. */
const repliesTo = (command: MessageType) =>
  types.filter((type) => !isCommand(type) && sagaSteps(type).some((step) => sagaSteps(command).includes(step)));

const ref = (...path: string[]) => ({ $ref: `#/${path.map((part) => part.replaceAll("/", "~1")).join("/")}` });
const schemaName = (type: string, version: number) => `${type}.v${version}`;
const inChannel = (queue: string) => (type: MessageType) => ref("channels", queue, "messages", type);

/**
 * The published language as an AsyncAPI 3.0 document: a channel for each queue, what each service sends and receives there, and
 * each message with its golden example and the schema of its data in all versions.
 * @param golden returns the golden example of a message, as JSON
 * @see https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export const toAsyncApi = (golden: (type: MessageType) => unknown, published: PublishedSchema[]) => ({
  asyncapi: "3.0.0",
  id: "urn:shop:messages",
  info: {
    title: "Shop messages",
    version: "1.0.0",
    license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    description: [
      "The messages between the services of the shop. Every message is a CloudEvents 1.0 event in JSON.",
      "A *command* (`inventory.reserve`) asks one service to do something; an *event* (`order.confirmed`) says what happened.",
      "The reply to a saga step carries the id of the saga, `sagaid`.",
      "Delivery is at least once: a receiver recognizes a duplicate by its `id`.",
      "Messages about one subject arrive in a queue in the order of their `sequence`.",
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
  channels: Object.fromEntries(queueNames.map((queue) => [queue, toChannel(queue)])),
  operations: Object.fromEntries(queueNames.flatMap((queue) => [...sendOperations(queue), receiveOperation(queue)])),
  components: {
    messages: Object.fromEntries(types.map((type) => [type, toMessage(type, golden(type), published)])),
    schemas: {
      CloudEvent: envelope,
      ...Object.fromEntries(published.map(({ type, version, schema }) => [schemaName(type, version), schema])),
      // The current version, with the descriptions that published schemas do not have.
      ...Object.fromEntries(types.map((type) => [schemaName(type, messages[type].version), messages[type].data])),
    },
  },
});

const toChannel = (queue: string) => ({
  address: queue,
  title: `Queue of ${queue}`,
  description: `The messages to the ${queue} service. Each message is handled by one of its instances.`,
  servers: [ref("servers", "queues")],
  messages: Object.fromEntries(messagesTo(queue).map((type) => [type, ref("components", "messages", type)])),
});

/** For each sender one operation for all its events, and one for each command, because each command has its own replies. */
function sendOperations(queue: string): [string, object][] {
  const send = { action: "send", channel: ref("channels", queue) };
  return serviceNames.flatMap((service) => {
    const sent = messagesTo(queue).filter((type) => messages[type].from === service);
    const events = sent.filter((type) => !isCommand(type));
    const commands = sent.filter(isCommand).map((type): [string, object] => [
      `${service}.sends.${type}`,
      {
        ...{ ...send, title: `${service} sends the command ${type}`, summary: messages[type].summary },
        messages: [inChannel(queue)(type)],
        reply: { channel: ref("channels", service), messages: repliesTo(type).map(inChannel(service)) },
      },
    ]);
    const publish = {
      ...send,
      title: `${service} publishes events to ${queue}`,
      messages: events.map(inChannel(queue)),
    };
    return events.length > 0 ? [[`${service}.publishes-to.${queue}`, publish], ...commands] : commands;
  });
}

const receiveOperation = (queue: string): [string, object] => [
  `${queue}.receives`,
  {
    ...{ action: "receive", channel: ref("channels", queue), title: `${queue} receives the messages in its queue` },
    messages: messagesTo(queue).map(inChannel(queue)),
  },
];

function toMessage(type: MessageType, example: unknown, published: PublishedSchema[]) {
  const { version, from, to, summary } = messages[type];
  const versions = published.filter((one) => one.type === type).map((one) => one.version);
  const kind = isCommand(type) ? "command" : "event";
  return {
    name: type,
    title: type,
    summary,
    description: describeMessage(type),
    contentType: "application/cloudevents+json",
    tags: [{ name: kind }, { name: `v${version}` }],
    correlationId: {
      location: "$message.payload#/sagaid",
      description: "The saga that sent the command; its reply has the same id",
    },
    payload: {
      allOf: [
        ref("components", "schemas", "CloudEvent"),
        {
          type: "object",
          properties: {
            type: { const: type },
            source: { const: `/services/${from}` },
            dataschema: { enum: versions.map((each) => toUrn(type, each)) },
            data: ref("components", "schemas", schemaName(type, version)),
          },
        },
      ],
    },
    examples: [
      { name: type, summary: "The golden example, which the tests of sender and receivers check", payload: example },
    ],
    "x-kind": kind,
    "x-version": version,
    "x-from": from,
    "x-to": to,
    "x-saga-steps": sagaSteps(type),
    "x-answers": isCommand(type) ? repliesTo(type) : [],
  };
}

function describeMessage(type: MessageType): string {
  const { version, from, to } = messages[type];
  const steps = sagaSteps(type);
  const receivers = to.length > 0 ? `to ${to.join(" and ")}` : "to no queue";
  return [
    `Version ${version}. Sent by ${from} ${receivers}.`,
    ...(steps.length > 0 ? [`It belongs to the saga steps ${steps.join(", ")}.`] : []),
    ...(isCommand(type) ? [`The reply is ${repliesTo(type).join(" or ")}.`] : []),
  ].join(" ");
}

/** @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md */
const envelope = {
  type: "object",
  description: "CloudEvents 1.0, JSON format, with the extensions sequence, sagaid and traceparent.",
  required: ["specversion", "id", "type", "source", "subject", "time", "dataschema", "sequence", "data"],
  properties: {
    specversion: { const: "1.0" },
    id: {
      type: "string",
      format: "uuid",
      description: "UUIDv7. Also the job's id, so that publishing a message twice makes one job",
    },
    type: { type: "string", description: "The command, or the event that happened" },
    source: { type: "string", format: "uri-reference", description: "The service that sent the message" },
    subject: { type: "string", format: "uuid", description: "The id of the aggregate: an order, a user" },
    time: { type: "string", format: "date-time", description: "UTC" },
    dataschema: { type: "string", format: "uri", description: "urn:shop:schema:<type>:<version>" },
    sequence: { type: "integer", description: "Increases with every message of one source about one subject" },
    sagaid: {
      type: "string",
      format: "uuid",
      description: "The saga that sent this command, or to which this event replies",
    },
    traceparent: { type: "string", description: "W3C trace context: one trace from the request to its last message" },
    data: { description: "Depends on type and version" },
  },
};
