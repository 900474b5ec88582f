/**
 * Matches a GET request for exactly this path, without a query and without a body. The admin port takes options from the
 * query, and it would collect a body of any size.
 */
const plainGet = (path: string) => ({
  path,
  headers: [
    { name: ":method", string_match: { exact: "GET" } },
    { name: ":path", string_match: { exact: path } },
    { name: "content-length", present_match: true, invert_match: true },
    { name: "transfer-encoding", present_match: true, invert_match: true },
  ],
});

/** What the ops listener (bootstrap.yaml) passes on to the admin port. */
export const readyRequest = plainGet("/ready");
export const metricsRequest = plainGet("/stats/prometheus");
