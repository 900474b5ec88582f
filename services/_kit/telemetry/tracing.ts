import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";

export { SpanKind } from "@opentelemetry/api";

/** Whether the SDK is running. The SDK starts new traces itself; without it, `contextFrom` does. */
let recording = false;

/** A collector that does not answer must not delay the end of the process: its last spans are then lost. */
const flushLimitMs = 2_000;

/**
 * Starts tracing. With an OTLP endpoint, spans are exported by the OpenTelemetry SDK. Without one nothing is recorded, but the
 * trace context is still passed on through HTTP, outbox and queue, so that logs and errors have a trace id.
 * @returns a function that exports remaining spans and stops the SDK
 */
export async function startTelemetry(service: string, endpoint: string | undefined): Promise<() => Promise<void>> {
  if (endpoint) {
    // Loaded on demand, because loading takes 200 ms.
    const { NodeSDK } = await import("@opentelemetry/sdk-node");
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
    const sdk = new NodeSDK({
      serviceName: service,
      traceExporter: new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }),
      instrumentations: [],
    });
    sdk.start();
    recording = true;
    return () => {
      recording = false;
      return Promise.race([sdk.shutdown(), Bun.sleep(flushLimitMs)]);
    };
  }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return async () => {};
}

const tracer = trace.getTracer("@shop/kit");

const parse = (traceparent: string | undefined | null): Context =>
  traceparent ? propagation.extract(ROOT_CONTEXT, { traceparent }) : ROOT_CONTEXT;

/** A context with the caller's trace. If there is none, a context with a new trace, unless the SDK will start one. */
function contextFrom(traceparent: string | undefined | null): Context {
  const parent = parse(traceparent);
  if (trace.getSpanContext(parent) || recording) return parent;
  return trace.setSpanContext(ROOT_CONTEXT, newSpanContext());
}

/**
 * The parent for a request that came without one. Clients come through the edge, which starts the trace and decides whether
 * it is recorded. What comes without it is a probe, a scrape or a fetch of public keys: it gets ids for log lines and
 * errors, and is not recorded.
 */
export function unrecordedTraceparent(): string {
  const { traceId, spanId } = newSpanContext();
  return `00-${traceId}-${spanId}-00`;
}

const hex = (bytes: number) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
const newSpanContext = () => ({ traceId: hex(16), spanId: hex(8), traceFlags: TraceFlags.SAMPLED, isRemote: true });

type SpanOptions = {
  kind?: SpanKind;
  attributes?: Attributes;
  traceparent?: string | null;
  root?: boolean;
  links?: Link[];
};

/**
 * Runs `work` inside a new span, which is marked as failed if `work` throws or rejects.
 * @param options.traceparent the parent span, as a W3C `traceparent`
 * @param options.root starts a new trace if there is no `traceparent`. Without `root` and `traceparent` the parent is the
 *   current span
 */
export function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
  const parent = options.root || options.traceparent ? contextFrom(options.traceparent) : context.active();
  return tracer.startActiveSpan(
    name,
    { kind: options.kind ?? SpanKind.INTERNAL, attributes: options.attributes, links: options.links },
    parent,
    (span) => {
      try {
        const result = work(span);
        if (!(result instanceof Promise)) {
          span.end();
          return result;
        }
        return result.then(
          (value) => {
            span.end();
            return value;
          },
          (error) => {
            endFailed(span, error);
            throw error;
          },
        ) as T;
      } catch (error) {
        endFailed(span, error);
        throw error;
      }
    },
  );
}

/**
 * Runs work that several callers share. For one caller it is part of the caller's trace. For several it has a trace of its
 * own, with links to theirs: as a part of one of them it would mix up the others.
 * @param callers the `traceparent` of each caller, taken when it asked for the work
 */
export function inSharedSpan<T>(name: string, callers: readonly (string | undefined)[], work: () => T): T {
  if (callers.length === 1) return context.with(parse(callers[0]), work);
  const links = callers.flatMap((caller) => trace.getSpanContext(parse(caller)) ?? []);
  return inSpan(name, { root: true, links: links.map((linked) => ({ context: linked })) }, work);
}

function endFailed(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** The current trace id; empty outside a span. */
export const traceId = (): string => trace.getSpanContext(context.active())?.traceId ?? "";

/** The current W3C `traceparent`, to be sent or stored with a message; undefined outside a span. */
export function traceparent(): string | undefined {
  const current = trace.getSpanContext(context.active());
  return current && `00-${current.traceId}-${current.spanId}-0${current.traceFlags & 1}`;
}
