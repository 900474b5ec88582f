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
 * An error response in Stripe's format. `saved`: whether Stripe stores it under the idempotency key. It stores every result
 * of an operation that began to execute (declines, refused transitions, 500s), and no validation error or conflict.
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

export const noSuch = (type: string, id: string, param: string, status = 404) =>
  new StripeError(status, {
    type: "invalid_request_error",
    code: "resource_missing",
    message: `No such ${type}: '${id}'`,
    param,
  });

/** The request is valid, but the state of the object forbids it. */
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
