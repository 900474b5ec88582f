/** The type URL of a message of Envoy's API, for the field `@type`. */
export const typeUrl = (message: string) => `type.googleapis.com/envoy.${message}`;

/** A `HeaderValueOption` that replaces the header if it is already there. */
export const setHeader = (key: string, value: string) => ({
  header: { key, value },
  append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
});

export const setHeaders = (headers: Record<string, string>) =>
  Object.entries(headers).map(([key, value]) => setHeader(key, value));
