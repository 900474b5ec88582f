/** Matches a GET request for exactly this path, without a query: the admin port takes options from it. */
const plainGet = (path: string) => ({
  path,
  headers: [
    { name: ":method", string_match: { exact: "GET" } },
    { name: ":path", string_match: { exact: path } },
  ],
});

/** What the ops listener (bootstrap.yaml) passes on to the admin port. */
export const readyRequest = plainGet("/ready");
export const metricsRequest = plainGet("/stats/prometheus");
