/** The kinds of errors that callers can tell apart, each with its HTTP status. */
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

export type ErrorKind = keyof typeof httpStatus;

/** One invalid field of a request. `path` is a JSON pointer. */
export type FieldError = { path: string; message: string };

type Details = {
  kind: ErrorKind;
  /** Shown to the caller. Must not contain internals or personal data. */
  public: string;
  /** For the log only. */
  internal?: string;
  cause?: unknown;
  /** After how many seconds a retry makes sense. Sent as the `Retry-After` header. */
  retryAfterSeconds?: number;
  fields?: FieldError[];
};

/** An error that a caller is told about. `code` is stable and part of the API, for example `order.not_found`. */
export class AppError extends Error {
  readonly kind: ErrorKind;
  readonly public: string;
  readonly retryAfterSeconds: number | undefined;
  readonly fields: FieldError[] | undefined;

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

/** The message of anything that was thrown, whether or not it is an `Error`. */
export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error));
