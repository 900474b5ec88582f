import { readStack } from "../../deploy/local/stack/stack-file";

/** The stack that `bun run test` started for the whole run. */
export const stack = await readStack(Number(process.env.TEST_STACK_OFFSET));
export const sandboxUrl = `http://127.0.0.1:${stack.ports.sandbox}`;
