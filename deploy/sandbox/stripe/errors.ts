export type ErrorBody = {
  type: "card_error" | "invalid_request_error" | "idempotency_error" | "api_error";
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  charge?: string;
  payment_intent?: unknown;
  payment_method?: unknown;
};

/**
 * An answer that is not 2xx, in Stripe's shape. `saved` says whether Stripe keeps it for the idempotency key: it keeps what
 * happened once execution began (declines, refused transitions, 500s), never what failed before (validation, conflicts).
 */
export class StripeError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    readonly saved = false,
  ) {
    super(body.message);
  }
}

export const invalid = (message: string, param?: string, code?: string) =>
  new StripeError(400, { type: "invalid_request_error", message, ...(param && { param }), ...(code && { code }) });

export const missingParam = (param: string) => invalid(`Missing required param: ${param}.`, param, "parameter_missing");

export const noSuch = (what: string, id: string, param: string, status = 404) =>
  new StripeError(status, {
    type: "invalid_request_error",
    code: "resource_missing",
    message: `No such ${what}: '${id}'`,
    param,
  });

/** The request was well-formed, but the object's state forbids it. */
export const refused = (code: string, message: string, extra: Partial<ErrorBody> = {}) =>
  new StripeError(400, { type: "invalid_request_error", code, message, ...extra }, true);

export const internalError = () =>
  new StripeError(500, { type: "api_error", message: "An error occurred internally with Stripe." }, true);

export const rateLimited = () =>
  new StripeError(429, {
    type: "invalid_request_error",
    code: "rate_limit",
    message: "Request rate limit exceeded. You can learn more about rate limits in Stripe's documentation.",
  });
