import { expect, test } from "bun:test";
import { sseReader } from "../testing/sse";
import { eventStream, isEventStream, sseEvent, sseHeartbeat, sseRetry } from "./sse";

test("events are read as they were written, for any content and any chunk boundaries", async () => {
  const data = { text: "two\nlines: and\r\n\n the rest", name: "Ærø" };
  const written = `${sseRetry(500)}${sseEvent({ event: "a", id: 7, data })}${sseHeartbeat}${sseEvent({ event: "b", data: {} })}`;
  const response = eventStream(
    new ReadableStream({
      start(to) {
        for (const byte of new TextEncoder().encode(written)) to.enqueue(new Uint8Array([byte]));
        to.close();
      },
    }),
  );
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(isEventStream(response)).toBe(true);
  const reader = sseReader(response.body);
  expect(await reader.readUntil(() => false)).toEqual([
    { event: "a", id: "7", data },
    { event: "b", data: {} },
  ] as never);
});

test("a response of another type is no event stream", () => {
  expect(isEventStream(Response.json({}))).toBe(false);
  expect(isEventStream(new Response())).toBe(false);
});
