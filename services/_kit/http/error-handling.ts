import { AppError } from "../errors/app-error";
import { isStoreOutage } from "../errors/store-outage";

/** Turns anything a route or Elysia throws into an `AppError`. The text of an unexpected error never reaches the caller. */
export function toAppError(elysiaCode: string | number, error: unknown): AppError {
  if (error instanceof AppError) return error;
  // Elysia wraps what a body parser throws.
  if (error instanceof Error && error.cause instanceof AppError) return error.cause;
  if (elysiaCode === "NOT_FOUND")
    return new AppError("route.not_found", { kind: "not_found", public: "Route not found." });
  if (elysiaCode === "PARSE") return malformedRequest("The request body cannot be parsed.", error);
  if (elysiaCode === "VALIDATION") return toValidationError(error as ElysiaValidationError);
  if (isStoreOutage(error))
    return new AppError("store.unavailable", {
      kind: "unavailable",
      public: "The service cannot reach its database right now. Please try again in a moment.",
      retryAfterSeconds: 1,
      cause: error,
    });
  return internalError({ cause: error });
}

/** `request.malformed` (400): the request cannot be read at all. */
export const malformedRequest = (text: string, cause?: unknown): AppError =>
  new AppError("request.malformed", { kind: "malformed", public: text, cause });

const internalError = (details: { internal?: string; cause?: unknown }) =>
  new AppError("internal", { kind: "internal", public: "Something went wrong.", ...details });

/** As much of Elysia's `ValidationError` as is used here. `type` says which part was validated. */
type ElysiaValidationError = { type: string; all: { path?: string; message?: string; summary?: string }[] };

const invalidParts: Record<string, string> = {
  body: "The request body is invalid.",
  query: "The query string is invalid.",
  params: "The path parameters are invalid.",
  headers: "The request headers are invalid.",
};

/** More invalid fields than this are not listed. */
const fieldsMax = 20;

function toValidationError({ type, all }: ElysiaValidationError): AppError {
  // Elysia's `summary` may contain the value, which may be a password. `message` does not, and TypeBox always sets it.
  const fields = all
    .slice(0, fieldsMax)
    .map((issue) => ({ path: issue.path ?? "", message: issue.message ?? issue.summary ?? "invalid" }));
  // The error is not passed on as `cause`: it contains the whole response, which the log must not print.
  if (type === "response") {
    const issues = fields.map(({ path, message }) => `${path} ${message}`).join("; ");
    return internalError({ internal: `response does not match its schema: ${issues}` });
  }
  return new AppError("request.invalid", {
    kind: "invalid",
    public: invalidParts[type] ?? "The request is invalid.",
    fields,
  });
}
