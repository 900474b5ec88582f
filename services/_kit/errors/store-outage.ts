/** What postgres.js and Bun's sockets say when there is no connection, or no longer one. */
const connectionCodes = new Set([
  ...["CONNECTION_CLOSED", "CONNECTION_DESTROYED", "CONNECTION_ENDED", "CONNECT_TIMEOUT"],
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EHOSTUNREACH"],
]);

/** PostgreSQL's: connection exceptions, shutting down or starting, too many connections. */
const postgresStates = /^(08...|57P0[123]|53300)$/;

/** The MongoDB driver's, when it finds no server that takes the operation. */
const mongoNames =
  /^(Mongo(Network|NetworkTimeout|ServerSelection|PoolCleared|NotConnected|TopologyClosed)Error|PoolClearedOnNetworkError)$/;

/** MongoDB's own: shutting down, stepping down, not (yet) primary, recovering. */
const mongoCodes = new Set([91, 189, 10107, 11600, 11602, 13435, 13436]);

/**
 * Whether an error says that the store was away, rather than that it refused what was asked: whoever asked may ask again.
 * Whether a write that was under way was done is unknown. Both drivers' errors are known by what they carry, so that
 * no service loads the other's.
 */
export function isStoreOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { name, code, errorResponse } = error as Error & { code?: unknown; errorResponse?: unknown };
  if (mongoNames.test(name)) return true;
  // A bulk write wraps the reason why it broke off.
  if (name === "MongoBulkWriteError" && isStoreOutage(errorResponse)) return true;
  if (typeof code === "number") return name.startsWith("Mongo") && mongoCodes.has(code);
  return typeof code === "string" && (connectionCodes.has(code) || postgresStates.test(code));
}
