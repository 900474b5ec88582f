import { Glob } from "bun";

const target = 0.85;
const candidates = new Glob("services/*/**/*.ts");
/** Files that do not count: tests, files that only tests use, generated migrations, and the settings of drizzle-kit. */
const notSource = /\.test\.ts$|\/testing\/|\/node_modules\/|\/migrations\/|drizzle\.config\.ts$/;

type Sums = { lines: number; hitLines: number; functions: number; hitFunctions: number };

/**
 * Prints the coverage of each service. All lines of a source file that no test loads count as missed.
 * @returns a line for each service with less than 85 % of its lines or functions covered
 */
export async function coverageProblems(): Promise<string[]> {
  const measured = await readLcov("coverage/lcov.info");
  const services = new Map<string, Sums>();
  for await (const path of candidates.scan(".")) {
    if (notSource.test(path)) continue;
    const service = path.split("/")[1] as string;
    const sums = services.get(service) ?? { lines: 0, hitLines: 0, functions: 0, hitFunctions: 0 };
    const file = measured.get(path) ?? (await countUncovered(path));
    for (const key of Object.keys(sums) as (keyof Sums)[]) sums[key] += file[key];
    services.set(service, sums);
  }
  const problems: string[] = [];
  for (const [service, sums] of [...services].sort()) {
    const lines = share(sums.hitLines, sums.lines);
    const functions = share(sums.hitFunctions, sums.functions);
    console.log(`coverage ${service.padEnd(14)} lines ${percent(lines)}  functions ${percent(functions)}`);
    if (lines < target || functions < target) problems.push(`${service} is below ${percent(target)}`);
  }
  return problems;
}

const share = (part: number, whole: number) => (whole === 0 ? 1 : part / whole);
const percent = (value: number) => `${(value * 100).toFixed(1)} %`;

async function readLcov(path: string): Promise<Map<string, Sums>> {
  const files = new Map<string, Sums>();
  for (const record of (await Bun.file(path).text()).split("end_of_record")) {
    const name = /^SF:(.+)$/m.exec(record)?.[1];
    const number = (key: string) => Number(new RegExp(`^${key}:(\\d+)$`, "m").exec(record)?.[1] ?? 0);
    if (name)
      files.set(name, {
        lines: number("LF"),
        hitLines: number("LH"),
        functions: number("FNF"),
        hitFunctions: number("FNH"),
      });
  }
  return files;
}

/** Counts lines and functions of a file that no test loads. Types do not count: the transpiler removes them. */
async function countUncovered(path: string): Promise<Sums> {
  const code = new Bun.Transpiler({ loader: "ts" }).transformSync(await Bun.file(path).text());
  const lines = code.split("\n").filter((line) => !/^\s*(import .*|export \{.*|\}.*)?$/.test(line)).length;
  const functions = code.match(/=>|\bfunction\b/g)?.length ?? 0;
  return { lines, hitLines: 0, functions, hitFunctions: 0 };
}
