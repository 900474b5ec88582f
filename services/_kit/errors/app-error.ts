/** What went wrong, in the few kinds a caller can act on. One table maps each to its HTTP status. */
export type ErrorKind = keyof typeof httpStatus;

export const httpStatus = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  invalid: 422,
  throttled: 429,
  internal: 500,
  unavailable: 503,
  timeout: 504,
} as const;

type Details = {
  kind: ErrorKind;
  /** Shown to the caller: no internals, no personal data. */
  public: string;
  /** For the log only. */
  internal?: string;
  cause?: unknown;
  /** When trying again makes sense; sent as `Retry-After`. */
  retryAfterSeconds?: number;
  /** One entry per bad field, as RFC 9457 extension member `errors`. */
  fields?: { path: string; message: string }[];
};

/** The one error type that services throw on purpose. `code` is stable and part of the API, e.g. `order.not_found`. */
export class AppError extends Error {
  readonly kind: ErrorKind;
  readonly public: string;
  readonly retryAfterSeconds: number | undefined;
  readonly fields: Details["fields"];

  constructor(
    readonly code: string,
    details: Details,
  ) {
    super(details.internal ?? details.public, { cause: details.cause });
    this.name = "AppError";
    this.kind = details.kind;
    this.public = details.public;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.fields = details.fields;
  }

  get status(): number {
    return httpStatus[this.kind];
  }
}

/** RFC 9457 problem details, with the two extension members every error of this system carries. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  code: string;
  traceId: string;
  errors?: { path: string; message: string }[];
};

export const toProblem = (error: AppError, traceId: string): Problem => ({
  type: `urn:shop:error:${error.code}`,
  title: error.public,
  status: error.status,
  code: error.code,
  traceId,
  ...(error.fields && { errors: error.fields }),
});

export const problemResponse = (error: AppError, traceId: string): Response =>
  new Response(JSON.stringify(toProblem(error, traceId)), {
    status: error.status,
    headers: {
      "content-type": "application/problem+json",
      ...(error.retryAfterSeconds && { "retry-after": String(error.retryAfterSeconds) }),
      ...(error.kind === "unauthenticated" && { "www-authenticate": "Bearer" }),
    },
  });

export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error));
