import type { Faults } from "../faults";
import { newId } from "../ids";
import { clientGone, dropConnection } from "../silence";
import { internalError, invalid, rateLimited, StripeError } from "./errors";
import { type Answer, open, release, save } from "./idempotency";
import { checkNames, type Params, parseForm } from "./params";
import type { World } from "./world";

/** What one endpoint does: it throws a StripeError or returns what builds its body. */
export type Act = (world: World, params: Params, id: string) => () => unknown;

export type Operation = { name: string; method: "GET" | "POST"; path: string; params: ReadonlySet<string>; act: Act };

export type CallDeps = { world: World; faults: Faults; secretKey: string };

/** One API call from the key in its header to the answer, or to the silence a fault asks for. */
export async function call(deps: CallDeps, operation: Operation, request: Request, id: string): Promise<Response> {
  const { world } = deps;
  const unauthorised = checkKey(request.headers.get("authorization"), deps.secretKey);
  if (unauthorised) return respond(failure(unauthorised), null, false);
  const form = operation.method === "POST" ? await request.text() : queryOf(request.url);
  const key = operation.method === "POST" ? request.headers.get("idempotency-key") : null;
  const fault = deps.faults.strike(operation.name);
  if (fault?.kind === "rate_limit") return respond(failure(rateLimited()), key, false);

  let replayed: Answer | undefined;
  let fresh: Answer;
  try {
    if (key !== null) {
      if (key.length > 255) throw invalid("Idempotency keys have at most 255 characters.");
      const endpoint = operation.path.replace(":id", id);
      replayed = open(world.idempotency, world.clock.now(), key, endpoint, form);
    }
  } catch (error) {
    return respond(failure(error), key, false);
  }
  if (fault?.kind === "slow") await Bun.sleep(fault.delayMs);
  if (fault?.kind === "hang") {
    await clientGone(request);
    if (key !== null) release(world.idempotency, key);
    return dropConnection();
  }
  if (replayed) fresh = replayed;
  else {
    fresh = perform(deps, operation, form, id, fault?.kind === "error_500");
    if (key !== null) keep(world, key, fresh);
  }
  if (fault?.kind === "drop_answer_after_acting") return dropConnection();
  if (fault?.kind === "hang_after_acting") {
    await clientGone(request);
    return dropConnection();
  }
  return respond(fresh, key, replayed !== undefined);
}

type Outcome = Answer & { saved?: boolean };

function perform(deps: CallDeps, operation: Operation, form: string, id: string, broken: boolean): Outcome {
  try {
    const params = parseForm(form);
    checkNames(params, operation.params);
    if (broken) throw internalError();
    return { status: 200, view: operation.act(deps.world, params, id), requestId: newId("req"), saved: true };
  } catch (error) {
    return failure(error);
  }
}

function keep(world: World, key: string, { saved, status, view, requestId }: Outcome): void {
  if (saved) save(world.idempotency, key, { status, view, requestId });
  else release(world.idempotency, key);
}

function failure(error: unknown): Outcome {
  const known = error instanceof StripeError ? error : undefined;
  if (!known) console.error("the sandbox itself failed:", error);
  const { status, body, saved } = known ?? { ...pick(internalError()), saved: false };
  return { status, view: () => ({ error: body }), requestId: newId("req"), saved };
}

const pick = ({ status, body }: StripeError) => ({ status, body });

function respond(answer: Answer, key: string | null, replayed: boolean): Response {
  const headers: Record<string, string> = { "content-type": "application/json", "request-id": answer.requestId };
  if (key !== null) headers["idempotency-key"] = key;
  if (answer.status >= 500) headers["stripe-should-retry"] = "false"; // the key would only replay it
  if (replayed) {
    headers["idempotent-replayed"] = "true";
    headers["original-request"] = answer.requestId;
    headers["request-id"] = newId("req");
  }
  return new Response(JSON.stringify(answer.view()), { status: answer.status, headers });
}

function queryOf(url: string): string {
  const mark = url.indexOf("?");
  return mark < 0 ? "" : url.slice(mark + 1);
}

function checkKey(header: string | null, secretKey: string): StripeError | undefined {
  if (header === `Bearer ${secretKey}`) return undefined;
  const given = header?.replace(/^Bearer\s+/i, "");
  const message = given
    ? `Invalid API Key provided: ${given.slice(0, 8)}${"*".repeat(8)}${given.slice(-4)}`
    : "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').";
  return new StripeError(401, { type: "invalid_request_error", message });
}
