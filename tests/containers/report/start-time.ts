import { startStack } from "../../../deploy/local/stack/stack";
import { type ServiceName, serviceNames } from "../../../services/_contracts/services";
import { eventually } from "../../support/eventually";
import { runOnce, startContainer } from "../support/container";

const RUNS = 5;

/**
 * Starts each service in a container five times, on stores that run beside it. @returns the median of the times from the
 * start of its process until GET /ready is answered with 200, in milliseconds
 */
export async function measureStarts(
  offset: number,
  imageOf: (service: ServiceName) => string,
  print: (line: string) => void,
): Promise<Record<ServiceName, number>> {
  const stack = await startStack({ offset, appEnv: "bench", fresh: true, only: "stores", report: print });
  try {
    const medians: [ServiceName, number][] = [];
    for (const service of serviceNames) {
      const { HOST, ...env } = stack.env(service);
      const image = imageOf(service);
      await runOnce({ image, env, command: ["migrate.js"] });
      const times: number[] = [];
      for (let run = 0; run < RUNS; run++) times.push(await timeStart(image, env));
      medians.push([service, times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] as number]);
      print(`${service} is ready after ${times.join(", ")} ms`);
    }
    return Object.fromEntries(medians) as Record<ServiceName, number>;
  } finally {
    await stack.stop();
  }
}

async function timeStart(image: string, env: Record<string, string>): Promise<number> {
  // Asked from now on, because podman returns some time after it has started the process.
  const readyAtMs = eventually(async () => {
    const response = await fetch(`http://127.0.0.1:${env.PORT}/ready`);
    return response.ok ? Date.now() : undefined;
  }, 60_000) as Promise<number>;
  await using container = await startContainer({ image, env });
  return (await readyAtMs) - (await container.startedAtMs());
}
