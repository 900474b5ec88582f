import { folders } from "./folders";
import { markSandboxStart } from "./mode";
import { runProgram } from "./run-program";

/** Runs before `configure` if the profile `sandbox` is on, and only then. */
await runProgram(() => markSandboxStart(folders.state));
