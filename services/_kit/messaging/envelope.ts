import type { Static, TSchema } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";

/**
 * A message between services: CloudEvents 1.0 in JSON.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export type Message<T extends string = string, D = unknown> = {
  specversion: "1.0";
  /** UUIDv7. Also the job id in the queue: a second publish adds no job while the first job is unfinished. */
  id: string;
  type: T;
  /** `/services/order` */
  source: string;
  /** The id of the aggregate the message is about. */
  subject: string;
  /** ISO 8601, UTC. */
  time: string;
  /** `urn:shop:schema:order.confirmed:1`; the last part is the version. */
  dataschema: string;
  /** Increases with every message of one source about one subject. */
  sequence: number;
  /** The saga that sent the message or that it replies to. */
  sagaid?: string;
  /** W3C Trace Context of the work that produced the message. */
  traceparent?: string;
  data: D;
};

/** A message as a decision produces it. Id, sequence and trace are added when it is committed. */
export type Draft<T extends string = string, D = unknown> = { type: T; data: D; sagaid?: string };

/** All messages by type, each with its version, the schema of its data and the queues it is sent to. */
export type Catalogue = Record<string, { version: number; data: TSchema; to: readonly string[] }>;
export type DraftOf<C extends Catalogue> = {
  [T in keyof C & string]: Draft<T, Static<C[T]["data"]>>;
}[keyof C & string];
export type DataOf<C extends Catalogue, T extends keyof C> = Static<C[T]["data"]>;

/** Creates a message from a draft. */
export function createMessage(
  draft: Draft,
  context: {
    source: string;
    subject: string;
    sequence: number;
    version: number;
    now: Date;
    traceparent: string | undefined;
  },
): Message {
  return {
    specversion: "1.0",
    id: Bun.randomUUIDv7(),
    type: draft.type,
    source: `/services/${context.source}`,
    subject: context.subject,
    time: context.now.toISOString(),
    dataschema: `urn:shop:schema:${draft.type}:${context.version}`,
    sequence: context.sequence,
    ...(draft.sagaid && { sagaid: draft.sagaid }),
    traceparent: context.traceparent,
    data: draft.data,
  };
}

/** The version of the schema that a message was written with. */
export const schemaVersion = (message: Message): number =>
  Number(message.dataschema.slice(message.dataschema.lastIndexOf(":") + 1));

/**
 * Validates the data of incoming messages against the catalogue. The schema of each type is compiled on first use.
 * @returns a function that describes the first problem of a message, or returns undefined if there is none
 */
export function messageValidator(catalogue: Catalogue): (message: Message) => string | undefined {
  const compiled = new Map<string, ReturnType<typeof TypeCompiler.Compile>>();
  return (message) => {
    const entry = Object.hasOwn(catalogue, message.type) ? catalogue[message.type] : undefined;
    if (!entry) return `unknown message type ${message.type}`;
    const check = compiled.get(message.type) ?? TypeCompiler.Compile(entry.data);
    compiled.set(message.type, check);
    if (check.Check(message.data)) return undefined;
    const first = check.Errors(message.data).First();
    return `${message.type} ${first?.path}: ${first?.message}`;
  };
}
