/** An error the user can fix. Only its message is printed, without a stack trace. */
export class UserError extends Error {
  override name = "UserError";
}
