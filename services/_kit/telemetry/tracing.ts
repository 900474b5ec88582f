import {
  type Attributes,
  type Context,
  context,
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

/** Whether the SDK starts traces; otherwise we do. */
let recording = false;

/**
 * Starts tracing. With an OTLP endpoint spans are exported by the OpenTelemetry SDK; without one nothing is recorded,
 * but the trace context still travels through HTTP, outbox and queue, so that logs and errors carry one trace id.
 * @returns a function that flushes what has not been exported yet
 */
export async function startTelemetry(service: string, endpoint: string | undefined): Promise<() => Promise<void>> {
  if (endpoint) {
    // Loaded only when used: it costs 200 ms of start-up.
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
      return sdk.shutdown();
    };
  }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return async () => {};
}

const tracer = trace.getTracer("@shop/kit");
const carrierOf = (traceparent: string | undefined | null) => (traceparent ? { traceparent } : {});

/** A context with the caller's trace, or with a new trace where there is none and no SDK that would start one. */
function contextFrom(traceparent: string | undefined | null): Context {
  const parent = propagation.extract(ROOT_CONTEXT, carrierOf(traceparent));
  if (trace.getSpanContext(parent) || recording) return parent;
  return trace.setSpanContext(ROOT_CONTEXT, newSpanContext());
}

const hex = (bytes: number) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
const newSpanContext = () => ({ traceId: hex(16), spanId: hex(8), traceFlags: TraceFlags.SAMPLED, isRemote: true });

/** Runs `work` inside a span; `traceparent` (W3C) joins the trace it came from. A throw marks the span as failed. */
export function inSpan<T>(
  name: string,
  options: { kind?: SpanKind; attributes?: Attributes; traceparent?: string | null; root?: boolean },
  work: (span: Span) => T,
): T {
  const joined = options.root || options.traceparent ? contextFrom(options.traceparent) : context.active();
  return tracer.startActiveSpan(
    name,
    { kind: options.kind ?? SpanKind.INTERNAL, attributes: options.attributes },
    joined,
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

function endFailed(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** The trace id of the work under way; empty outside of any. */
export const traceId = (): string => trace.getSpanContext(context.active())?.traceId ?? "";

/** The W3C `traceparent` of the work under way, to be sent or stored with a message. */
export function traceparent(): string | undefined {
  const current = trace.getSpanContext(context.active());
  return current && `00-${current.traceId}-${current.spanId}-0${current.traceFlags & 1}`;
}
