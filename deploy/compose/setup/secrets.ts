import { existsSync } from "node:fs";
import { chown, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadSecrets } from "../../local/config/secrets";
import { UserError } from "../../local/user-error";
import { folders } from "./folders";
import { generatedFile, operatorProblems, operatorSecrets, readSecret } from "./operator-values";
import { runProgram } from "./run-program";

/**
 * `docker compose run --rm secrets`: makes the secrets of a production shop that can be generated, and takes those of
 * others from its environment (`-e STRIPE_SECRET_KEY`). Never changes one that exists. Lists what is still missing.
 */
async function secrets(): Promise<void> {
  const folder = folders.operator;
  const made: string[] = [];
  if (!existsSync(join(folder, generatedFile))) {
    await loadSecrets(join(folder, generatedFile));
    made.push(generatedFile);
  }
  for (const { name, pattern } of operatorSecrets) {
    const given = process.env[name];
    if (!given || (await readSecret(folder, name))) continue;
    if (!pattern.test(given)) throw new UserError(`${name} is not valid: it must match ${pattern.source}`);
    await writeFile(join(folder, name), `${given}\n`, { mode: 0o600 });
    made.push(name);
  }
  await giveToFolderOwner(folder, made);
  for (const name of made) console.log(`made     .secrets/${name}`);
  const problems = await operatorProblems(folder, process.env);
  if (problems.length === 0) console.log("Nothing is missing. Start the shop: docker compose up");
  else console.log(`Before \`docker compose up\`, supply:\n${problems.join("\n")}`);
}

/** The container runs as root, but the files are the operator's. */
async function giveToFolderOwner(folder: string, names: string[]): Promise<void> {
  const { uid, gid } = await stat(folder);
  for (const name of names) await chown(join(folder, name), uid, gid);
}

await runProgram(secrets);
