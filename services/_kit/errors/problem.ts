import type { AppError, FieldError } from "./app-error";

/**
 * The body of every error response: problem details with the extension members `code`, `traceId` and `errors`.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export type Problem = {
  type: string;
  title: string;
  status: number;
  code: string;
  traceId: string;
  errors?: FieldError[];
};

export const toProblem = (error: AppError, traceId: string): Problem => ({
  type: `urn:shop:error:${error.code}`,
  title: error.public,
  status: error.status,
  code: error.code,
  traceId,
  ...(error.fields && { errors: error.fields }),
});

/** An `application/problem+json` response, with `Retry-After` and `WWW-Authenticate` where they apply. */
export const problemResponse = (error: AppError, traceId: string): Response =>
  new Response(JSON.stringify(toProblem(error, traceId)), {
    status: error.status,
    headers: {
      "content-type": "application/problem+json",
      ...(error.retryAfterSeconds && { "retry-after": String(error.retryAfterSeconds) }),
      ...(error.kind === "unauthenticated" && { "www-authenticate": "Bearer" }),
    },
  });
