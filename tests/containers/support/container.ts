import { readFile } from "node:fs/promises";
import { baseEnv } from "../../../deploy/local/process/spawn";
import { podman } from "./run";

/** As strict as the containers of compose.yaml and of Kubernetes. The limits are those of Docker; podman's are higher. */
const RESTRICTIONS = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"].concat([
  "--ulimit=nofile=20000:20000",
  "--ulimit=nproc=1000:1000",
]);

type Options = { image: string; env?: Record<string, string>; command?: string[] };

/** Runs a program of an image until it ends. @returns what it prints. @throws Error if it fails */
export const runOnce = ({ image, env = {}, command = [] }: Options) =>
  podman(["run", "--rm", "--network=host", ...RESTRICTIONS, ...variables(env), image, ...command], { env });

/** Starts a container that shares this machine's network. */
export async function startContainer({ image, env = {}, command = [] }: Options) {
  const options = ["--detach", "--network=host", ...RESTRICTIONS, ...variables(env)];
  const id = (await podman(["run", ...options, image, ...command], { env })).trim();
  const inspect = (format: string) => podman(["inspect", "--format", format, id]).then((text) => text.trim());
  return {
    /** When its process was started, in milliseconds. */
    startedAtMs: async () => Number(await inspect("{{.State.StartedAt.UnixMilli}}")),
    /** A field of proc(5)'s status of its first process, as this machine sees it. */
    processStatus: async (field: string) => {
      const status = await readFile(`/proc/${await inspect("{{.State.Pid}}")}/status`, "utf8");
      return new RegExp(`^${field}:\\s+(.*)$`, "m").exec(status)?.[1];
    },
    /** Runs the health check of the image. @throws Error if it fails */
    checkHealth: () => podman(["healthcheck", "run", id]),
    /** Sends SIGTERM, and SIGKILL after 20 s. @returns the exit code: 137 after SIGKILL */
    stop: async () => {
      await podman(["stop", "--time=20", id]);
      return Number(await inspect("{{.State.ExitCode}}"));
    },
    logs: () => podman(["logs", id]),
    [Symbol.asyncDispose]: async () => {
      await podman(["rm", "--force", "--time=0", id]);
    },
  };
}

/** The names of variables, whose values podman takes from its own environment: a command line can be read by everybody. */
function variables(env: Record<string, string>): string[] {
  const ofThisMachine = Object.keys(baseEnv());
  return Object.keys(env)
    .filter((name) => !ofThisMachine.includes(name))
    .flatMap((name) => ["--env", name]);
}
