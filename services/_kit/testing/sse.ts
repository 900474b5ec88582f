export type SseEvent = { event: string; id?: string; data: Record<string, unknown> };
export type SseReader = {
  /** The next event; undefined when the stream has ended. Comments and `retry` are read over. */
  next(): Promise<SseEvent | undefined>;
  /** All events until one fits (with it), or to the stream's end. */
  until(fits: (event: SseEvent) => boolean): Promise<SseEvent[]>;
  /** Everything received, as it came. */
  text(): string;
  cancel(): Promise<void>;
};

/** Reads server-sent events as a client would. */
export function sseReader(body: ReadableStream<Uint8Array> | null): SseReader {
  if (!body) throw new Error("there is no stream");
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let read = 0;

  async function block(): Promise<string | undefined> {
    for (;;) {
      const end = text.indexOf("\n\n", read);
      if (end >= 0) {
        const found = text.slice(read, end);
        read = end + 2;
        return found;
      }
      const { value, done } = await reader.read();
      if (done) return undefined;
      text += decoder.decode(value, { stream: true });
    }
  }
  async function next(): Promise<SseEvent | undefined> {
    for (;;) {
      const found = await block();
      if (found === undefined) return undefined;
      const fields = Object.fromEntries(found.split("\n").map((line) => line.split(/: (.*)/s, 2)));
      if (fields.data !== undefined) return { event: fields.event, id: fields.id, data: JSON.parse(fields.data) };
    }
  }
  return {
    next,
    async until(fits) {
      const events: SseEvent[] = [];
      for (;;) {
        const event = await next();
        if (event) events.push(event);
        if (!event || fits(event)) return events;
      }
    },
    text: () => text,
    cancel: () => reader.cancel(),
  };
}
