import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../local/user-error";

/** In a production start, the operator's secrets are used. In a sandbox start, generated ones and the sandbox. */
export type Mode = "production" | "sandbox";

/** How long after `markSandboxStart` Compose starts the next program. More is a mark that an interrupted start left. */
const markAgeMsMax = 120_000;

const mark = (state: string) => join(state, "sandbox-start");
const dataMode = (state: string) => join(state, "data");

/** Says that the start under way is one of the sandbox. Compose has no other way to tell a program about a profile. */
export const markSandboxStart = (state: string): Promise<void> => writeFile(mark(state), "");

/** The mode of the start under way. Removes the mark: a later start without the profile must not see it. */
export async function takeMode(state: string): Promise<Mode> {
  const written = await stat(mark(state)).catch(() => undefined);
  await rm(mark(state), { force: true });
  return written && Date.now() - written.mtimeMs < markAgeMsMax ? "sandbox" : "production";
}

/**
 * Refuses a start in another mode than the one the data in the volumes belong to. Even without this check the stores
 * would refuse: the two modes never share a password.
 * @throws UserError that says what to do
 */
export async function assertDataFits(state: string, mode: Mode): Promise<void> {
  const found = await readFile(dataMode(state), "utf8").catch(() => mode);
  if (found === mode) return;
  throw new UserError(
    mode === "production"
      ? "The volumes hold the data of the sandbox, whose accounts have public passwords. Nothing was started.\n" +
          '  To delete them:           docker compose --profile "*" down --volumes\n' +
          "  To go on with the sandbox: docker compose --profile sandbox up"
      : "The volumes hold the data of a production shop. The sandbox would add accounts with public passwords.\n" +
          "  To run a sandbox beside it: SHOP_PORT=8090 docker compose --project-name sandbox --profile sandbox up",
  );
}

export const recordDataMode = (state: string, mode: Mode): Promise<void> => writeFile(dataMode(state), mode);
