import { UserError } from "../../local/user-error";

/** Runs a one-shot program of compose.yaml. An error that the user can correct is printed without a stack trace. */
export async function runProgram(main: () => Promise<void>): Promise<never> {
  try {
    await main();
    process.exit(0);
  } catch (error) {
    console.error(error instanceof UserError ? error.message : error);
    process.exit(1);
  }
}
