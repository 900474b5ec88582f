/** Where a stack whose traces are exported sends them. */
export const collectorPort = (offset: number): number => 4318 + offset;

/** A span as a service exports it. Envoy exports protobuf: of its exports only the raw bytes are kept. */
export type ExportedSpan = { service: string; name: string; traceId: string; spanId: string; parentSpanId: string };

type OtlpSpan = { name: string; traceId: string; spanId: string; parentSpanId?: string };
type OtlpBody = {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: { spans: OtlpSpan[] }[];
  }[];
};

/** An OTLP/HTTP collector that keeps what it receives. */
export function startCollector(offset: number) {
  const spans: ExportedSpan[] = [];
  const edgeExports: Buffer[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: collectorPort(offset),
    async fetch(request) {
      if (request.headers.get("content-type")?.includes("json"))
        spans.push(...toSpans((await request.json()) as OtlpBody));
      else edgeExports.push(Buffer.from(await request.arrayBuffer()));
      return Response.json({});
    },
  });
  return {
    /** The spans of services, in the order of their arrival. */
    spans,
    /** Everything that Envoy exported. Strings are readable in it; a trace id is 16 bytes. */
    edgeBytes: () => Buffer.concat(edgeExports),
    close: () => server.stop(true),
  };
}

const toSpans = ({ resourceSpans }: OtlpBody): ExportedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "";
    return scopeSpans
      .flatMap((scope) => scope.spans)
      .map(({ name, traceId, spanId, parentSpanId = "" }) => ({ service, name, traceId, spanId, parentSpanId }));
  });
