import { sandboxApi } from "../../deploy/local/clients/sandbox-api";
import { shopApi } from "../../deploy/local/clients/shop-api";
import { readStack } from "../../deploy/local/stack/stack-file";

/** The stack that the test runner started for this part of the tests (runner/with-stack.ts). */
export const stack = await readStack(Number(process.env.TEST_STACK_OFFSET));
export const api = shopApi(stack.edgeUrl);
export const sandbox = sandboxApi(`http://127.0.0.1:${stack.ports.sandbox}`);
