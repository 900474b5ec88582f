import type { Stores } from "../stores";

/**
 * A command of `bun run ops`.
 * @returns what to print; undefined if the arguments are wrong
 */
export type Command = (stores: Stores, args: string[]) => Promise<string | undefined>;
