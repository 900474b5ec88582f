export type JsonResponse<T = Record<string, unknown>> = {
  /** Method and path of the request, for messages: `POST /orders`. */
  request: string;
  status: number;
  headers: Headers;
  body: T;
};

/**
 * Sends one HTTP request, with `body` as JSON if there is one.
 * @param options.name replaces the URL in error messages
 * @returns the response of any status; its body is parsed if it is JSON, and text otherwise
 * @throws Error if no response arrives
 */
export async function requestJson<T = Record<string, unknown>>(
  method: string,
  url: string,
  options: { body?: unknown; headers?: Record<string, string>; name?: string } = {},
): Promise<JsonResponse<T>> {
  const request = `${method} ${options.name ?? url}`;
  const hasBody = options.body !== undefined;
  const response = await fetch(url, {
    method,
    headers: { ...(hasBody && { "content-type": "application/json" }), ...options.headers },
    ...(hasBody && { body: JSON.stringify(options.body) }),
  }).catch((error: Error) => {
    throw new Error(`${request}: ${error.message}`, { cause: error });
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") && text !== "";
  return {
    request,
    status: response.status,
    headers: response.headers,
    body: (isJson ? JSON.parse(text) : text) as T,
  };
}

/** @returns the body of a response with an expected status. @throws Error with request, status and body otherwise */
export function expectStatus<T>({ request, status, body }: JsonResponse<T>, ...expected: number[]): T {
  if (expected.includes(status)) return body;
  throw new Error(`${request}: expected status ${expected.join(" or ")}, received ${status}: ${JSON.stringify(body)}`);
}
