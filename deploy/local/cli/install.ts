import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import { checkoutNotWritable } from "../config/checkout";
import { repoRoot } from "../config/paths";

/**
 * `bun install --frozen-lockfile`, before each script of package.json that needs packages. In a checkout of another
 * user Bun's own error does not name the cause, so that case is checked first. Imports nothing from node_modules.
 */
if (!existsSync(join(repoRoot, "node_modules"))) {
  try {
    accessSync(repoRoot, constants.W_OK);
  } catch (error) {
    console.error(`error ${checkoutNotWritable((error as NodeJS.ErrnoException).code).message}`);
    process.exit(1);
  }
}
const install = Bun.spawn([process.execPath, "install", "--frozen-lockfile"], {
  cwd: repoRoot,
  stdio: ["inherit", "inherit", "inherit"],
});
process.exit(await install.exited);
