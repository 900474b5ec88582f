import { AppError } from "../errors/app-error";
import { rejectCardNumber } from "./card-numbers";
import { malformedRequest } from "./error-handling";

/**
 * Reads a request body as JSON. Card numbers are rejected here, before any other code sees the body.
 * @returns undefined for an empty body
 * @throws AppError `request.unsupported_media_type` (415), `request.malformed` (400), `card_number.refused` (422)
 */
export async function readBody(request: Request, contentType: string): Promise<unknown> {
  const text = await request.text();
  if (text === "") return undefined;
  if (contentType.toLowerCase() !== "application/json")
    throw new AppError("request.unsupported_media_type", {
      kind: "unsupported_media_type",
      public: "The request body must be application/json.",
    });
  rejectCardNumber(text);
  const body = parseJson(text);
  // Unicode escapes and exponents (4.111e15) hide digits from the first check.
  if (/\\u|\de[+\d]/i.test(text)) rejectCardNumber(JSON.stringify(body));
  return body;
}

function parseJson(text: string): unknown {
  try {
    // The reviver is slow and only needed if the text can contain what it rejects.
    return JSON.parse(text, /toString|\\u/i.test(text) ? rejectUnsafe : undefined);
  } catch (cause) {
    throw malformedRequest("The request body is not valid JSON.", cause);
  }
}

/**
 * Rejects what would fail later as an internal error although it is the caller's mistake: PostgreSQL stores neither NUL nor
 * unpaired surrogates, and an object with a `toString` field breaks Elysia's validation messages.
 */
function rejectUnsafe(key: string, value: unknown): unknown {
  if (key === "toString") throw new SyntaxError("a field must not be named toString");
  for (const text of [key, value])
    if (typeof text === "string" && (text.includes("\0") || !text.isWellFormed()))
      throw new SyntaxError("a string contains NUL or an unpaired surrogate");
  return value;
}
