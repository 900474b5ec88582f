import type { Faults } from "../../faults";
import { newId } from "../../ids";
import { clientDisconnected, dropConnection } from "../../no-response";
import type { World } from "../world";
import { internalError, invalid, rateLimited, StripeError } from "./errors";
import { type ApiResponse, openKey, releaseKey, saveResponse } from "./idempotency";
import { type Params, parseForm, rejectUnknownNames } from "./params";

/**
 * The effect of one operation.
 * @returns a function that builds the response body
 * @throws StripeError
 */
export type Act = (world: World, params: Params, id: string) => () => unknown;

export type Operation = { name: string; method: "GET" | "POST"; path: string; params: ReadonlySet<string>; act: Act };

export type CallDeps = { world: World; faults: Faults; secretKey: string };

type Call = { operation: Operation; id: string; key: string | null; form: string };

/** Handles one API call: checks the API key, replays a stored response, applies a fault, or executes the operation. */
export async function handleCall(
  deps: CallDeps,
  operation: Operation,
  request: Request,
  id: string,
): Promise<Response> {
  const { world, faults, secretKey } = deps;
  const unauthorised = checkApiKey(request.headers.get("authorization"), secretKey);
  if (unauthorised) return toResponse(toFailure(unauthorised), null, false);
  const isPost = operation.method === "POST";
  const form = isPost ? await request.text() : toQuery(request.url);
  const key = isPost ? request.headers.get("idempotency-key") : null;
  const fault = faults.take(operation.name);
  if (fault?.kind === "rate_limit") return toResponse(toFailure(rateLimited()), key, false);

  const call: Call = { operation, id, key, form };
  let replayed: ApiResponse | undefined;
  try {
    replayed = findReplay(world, call);
  } catch (error) {
    return toResponse(toFailure(error), key, false);
  }
  if (fault?.kind === "slow") await Bun.sleep(fault.delayMs);
  if (fault?.kind === "hang") {
    await clientDisconnected(request);
    if (key !== null) releaseKey(world.idempotency, key);
    return dropConnection();
  }
  const response = replayed ?? execute(world, call, fault?.kind === "error_500");
  if (fault?.kind === "drop_answer_after_acting") return dropConnection();
  if (fault?.kind === "hang_after_acting") {
    await clientDisconnected(request);
    return dropConnection();
  }
  return toResponse(response, key, replayed !== undefined);
}

function findReplay(world: World, { operation, id, key, form }: Call): ApiResponse | undefined {
  if (key === null) return undefined;
  if (key.length > 255) throw invalid("Idempotency keys have at most 255 characters.");
  return openKey(world.idempotency, world.clock.now(), key, operation.path.replace(":id", id), form);
}

type Outcome = ApiResponse & { saved?: boolean };

/** Executes an operation and stores its response under the idempotency key, if Stripe would store it. */
function execute(world: World, call: Call, failsInternally: boolean): ApiResponse {
  const { key } = call;
  const { saved, ...response } = act(world, call, failsInternally);
  if (key !== null && saved) saveResponse(world.idempotency, key, response);
  else if (key !== null) releaseKey(world.idempotency, key);
  return response;
}

function act(world: World, { operation, id, form }: Call, failsInternally: boolean): Outcome {
  try {
    const params = parseForm(form);
    rejectUnknownNames(params, operation.params);
    if (failsInternally) throw internalError();
    return { status: 200, view: operation.act(world, params, id), requestId: newId("req"), saved: true };
  } catch (error) {
    return toFailure(error);
  }
}

function toFailure(error: unknown): Outcome {
  const known = error instanceof StripeError ? error : undefined;
  if (!known) console.error("internal error:", error);
  const { status, body } = known ?? internalError();
  return { status, view: () => ({ error: body }), requestId: newId("req"), saved: known?.saved ?? false };
}

function toResponse(response: ApiResponse, key: string | null, isReplay: boolean): Response {
  const headers: Record<string, string> = { "content-type": "application/json", "request-id": response.requestId };
  if (key !== null) headers["idempotency-key"] = key;
  // A retry with the same key would get the stored response.
  if (response.status >= 500) headers["stripe-should-retry"] = "false";
  if (isReplay) {
    headers["idempotent-replayed"] = "true";
    headers["original-request"] = response.requestId;
    headers["request-id"] = newId("req");
  }
  return new Response(JSON.stringify(response.view()), { status: response.status, headers });
}

function toQuery(url: string): string {
  const mark = url.indexOf("?");
  return mark < 0 ? "" : url.slice(mark + 1);
}

function checkApiKey(header: string | null, secretKey: string): StripeError | undefined {
  if (header === `Bearer ${secretKey}`) return undefined;
  const given = header?.replace(/^Bearer\s+/i, "");
  const message = given
    ? `Invalid API Key provided: ${given.slice(0, 8)}${"*".repeat(8)}${given.slice(-4)}`
    : "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').";
  return new StripeError(401, { type: "invalid_request_error", message });
}
