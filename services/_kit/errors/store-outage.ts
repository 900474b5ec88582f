/** The codes with which postgres.js and Bun's sockets report a connection that could not be made or was lost. */
const connectionCodes = new Set([
  ...["CONNECTION_CLOSED", "CONNECTION_DESTROYED", "CONNECTION_ENDED", "CONNECT_TIMEOUT"],
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH"],
  // The name cannot be resolved. In a cluster that is often so for a moment only.
  ...["ENOTFOUND", "EAI_AGAIN"],
]);

/**
 * PostgreSQL's SQLSTATEs for connection exceptions, shutdown or startup, and too many connections.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const postgresStates = /^(08...|57P0[123]|53300)$/;

/** Error names of the MongoDB driver when no server can take the operation. */
const mongoNames =
  /^(Mongo(Network|NetworkTimeout|ServerSelection|PoolCleared|NotConnected|TopologyClosed)Error|PoolClearedOnNetworkError)$/;

/**
 * MongoDB server codes for shutdown, step-down, a node that is not primary, and recovery.
 * @see https://www.mongodb.com/docs/manual/reference/error-codes/
 */
const mongoCodes = new Set([91, 189, 10107, 11600, 11602, 13435, 13436]);

/**
 * Whether an error means that the store was unreachable, and not that it refused the operation. A retry may then succeed.
 * If the operation was a write, it may or may not have been applied. Errors are recognized by their fields, so that no service
 * loads the other store's driver.
 */
export function isStoreOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { name, code, errorResponse, cause } = error as Error & { code?: unknown; errorResponse?: unknown };
  // drizzle wraps the errors of postgres.js.
  if ("query" in error && cause) return isStoreOutage(cause);
  if (mongoNames.test(name)) return true;
  // A bulk write wraps the error that stopped it.
  if (name === "MongoBulkWriteError" && isStoreOutage(errorResponse)) return true;
  if (typeof code === "number") return name.startsWith("Mongo") && mongoCodes.has(code);
  return typeof code === "string" && (connectionCodes.has(code) || postgresStates.test(code));
}
