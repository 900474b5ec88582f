import { serverBinaries } from "../../deploy/local/binaries/servers";

/** @returns what hadolint finds in the Dockerfile, undefined if nothing */
export async function lintDockerfile(): Promise<string | undefined> {
  const { hadolint } = await serverBinaries(["hadolint"], console.log);
  const child = Bun.spawn([hadolint, "--no-color", "deploy/images/Dockerfile"], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return (await child.exited) === 0 ? undefined : `${out}${err}`;
}
