import { existsSync } from "node:fs";
import { join } from "node:path";
import type { EdgeOptions } from "../../../envoy/config";
import { renderEnvoy } from "../../../envoy/render";
import { composeEdge } from "../../../envoy/targets";
import { loadSecrets } from "../../local/config/secrets";
import { UserError } from "../../local/user-error";
import { folders } from "./folders";
import { assertDataFits, recordDataMode, takeMode } from "./mode";
import { generatedFile, type OperatorSecret, operatorProblems, problemLine, readSecret } from "./operator-values";
import { programFolders, type Start } from "./program-files";
import { runProgram } from "./run-program";
import { writeFolder } from "./write-folder";

/**
 * The first program of each start. Decides whether it is a start of the sandbox or of production, refuses it if something
 * is missing, and gives each program its own secrets, and the edge its configuration.
 */
async function configure(): Promise<void> {
  const { state, programs } = folders;
  const mode = await takeMode(state);
  await assertDataFits(state, mode);
  const start = mode === "sandbox" ? await sandboxStart() : await productionStart();
  await recordDataMode(state, mode);
  for (const [program, folder] of Object.entries(programFolders(start))) {
    await writeFolder(join(programs, program), folder);
  }
  await renderEnvoy(join(programs, "edge"), edgeOptions(start.appEnv));
  console.log(mode === "sandbox" ? "sandbox: simulated payments and mail" : "production");
}

async function sandboxStart(): Promise<Start> {
  return {
    appEnv: process.env.SANDBOX_APP_ENV === "test" ? "test" : "dev",
    secrets: await loadSecrets(join(folders.state, "sandbox-secrets.json")),
    smtpUrl: "smtp://sandbox:2525",
    stripeApiUrl: "http://sandbox:3000",
  };
}

async function productionStart(): Promise<Start> {
  const { operator } = folders;
  const generated = join(operator, generatedFile);
  const problems = [
    ...(existsSync(generated)
      ? []
      : [problemLine("missing", `.secrets/${generatedFile}`, "docker compose run --rm secrets")]),
    ...(await operatorProblems(operator, process.env)),
  ];
  if (problems.length > 0) {
    throw new UserError(
      `The shop cannot start in production. Nothing was started.\n${problems.join("\n")}\n` +
        "`docker compose run --rm secrets` makes the keys and passwords, and takes the secrets of others from its environment.\n" +
        "To try the shop with a sandbox for payments and mail: docker compose --profile sandbox up",
    );
  }
  const secret = async (name: OperatorSecret) => (await readSecret(operator, name)) as string;
  return {
    appEnv: "production",
    secrets: {
      ...(await loadSecrets(generated)),
      stripeSecretKey: await secret("STRIPE_SECRET_KEY"),
      stripeWebhookSecret: await secret("STRIPE_WEBHOOK_SECRET"),
    },
    smtpUrl: await secret("SMTP_URL"),
    stripeApiUrl: "",
  };
}

function edgeOptions(appEnv: Start["appEnv"]): EdgeOptions {
  return composeEdge({
    shopUrl: process.env.EDGE_URL as string,
    development: appEnv !== "production",
    trustedProxies: Number(process.env.EDGE_TRUSTED_PROXIES),
    // In tests many customers share one address.
    limits: appEnv === "test" ? { perAddressPerSecond: 1_000_000, authPerMinute: 100_000 } : undefined,
  });
}

await runProgram(configure);
