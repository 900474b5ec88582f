export type SseEvent = { event: string; id?: string; data: Record<string, unknown> };
export type SseReader = {
  /** The next event; undefined at the end of the stream. Comments and `retry` are skipped. */
  next(): Promise<SseEvent | undefined>;
  /** All events up to and including the first that matches, or up to the end of the stream. */
  readUntil(matches: (event: SseEvent) => boolean): Promise<SseEvent[]>;
  /** Everything received so far, unparsed. */
  text(): string;
  cancel(): Promise<void>;
};

/** Reads server-sent events as a client does. */
export function sseReader(body: ReadableStream<Uint8Array> | null): SseReader {
  if (!body) throw new Error("the response has no body");
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let position = 0;

  /** The text up to the next empty line; undefined at the end of the stream. */
  async function nextBlock(): Promise<string | undefined> {
    for (;;) {
      const end = text.indexOf("\n\n", position);
      if (end >= 0) {
        const block = text.slice(position, end);
        position = end + 2;
        return block;
      }
      const { value, done } = await reader.read();
      if (done) return undefined;
      text += decoder.decode(value, { stream: true });
    }
  }
  async function next(): Promise<SseEvent | undefined> {
    for (;;) {
      const block = await nextBlock();
      if (block === undefined) return undefined;
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
      if (fields.data !== undefined) return { event: fields.event, id: fields.id, data: JSON.parse(fields.data) };
    }
  }
  return {
    next,
    async readUntil(matches) {
      const events: SseEvent[] = [];
      for (;;) {
        const event = await next();
        if (event) events.push(event);
        if (!event || matches(event)) return events;
      }
    },
    text: () => text,
    cancel: () => reader.cancel(),
  };
}
