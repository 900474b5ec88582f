import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../support/run";

/** The uid and gid of the store's account in the official images of PostgreSQL, MongoDB and Redis. */
export const STORE_UID = 999;

const PASSWD = [
  "root:x:0:0:root:/root:/bin/sh",
  `store:x:${STORE_UID}:${STORE_UID}:store:/tmp:/bin/sh`,
  "nonroot:x:65532:65532:nonroot:/home/nonroot:/bin/false",
];

/** The root file system of an image, made of this machine's programs and the libraries that they need. */
export class Rootfs {
  private readonly dataFolders: string[] = [];

  constructor(private readonly folder: string) {}

  /** Creates what every image has: accounts, certificates, a folder for temporary files. */
  async prepare(): Promise<void> {
    for (const name of ["bin", "lib", "lib64", "sbin"]) {
      await mkdir(join(this.folder, "usr", name), { recursive: true });
      await symlink(`usr/${name}`, join(this.folder, name));
    }
    for (const name of ["root", "home/nonroot", "run", "var"])
      await mkdir(join(this.folder, name), { recursive: true });
    await symlink("../run", join(this.folder, "var/run"));
    await mkdir(join(this.folder, "tmp"));
    await chmod(join(this.folder, "tmp"), 0o1777);
    await this.text("/etc/passwd", PASSWD.join("\n"));
    await this.text("/etc/group", ["root:x:0:", `store:x:${STORE_UID}:`, "nonroot:x:65532:"].join("\n"));
    await this.text("/etc/nsswitch.conf", "hosts: files dns");
    await this.file("/etc/ssl/certs/ca-certificates.crt");
  }

  /** Copies a program of this machine, and the libraries that the linker finds for it. */
  async program(path: string, target = path): Promise<void> {
    await this.file(path, target);
    for (const library of await librariesOf(path)) await this.file(library);
  }

  /** Copies programs that are found on the PATH to /usr/bin. @throws if one is not installed */
  async commands(names: string[]): Promise<void> {
    for (const name of names) {
      const path = Bun.which(name);
      if (!path) throw new Error(`${name} is not installed`);
      await this.program(path, `/usr/bin/${name}`);
    }
  }

  async file(path: string, target = path): Promise<void> {
    await mkdir(dirname(join(this.folder, target)), { recursive: true });
    await copyFile(path, join(this.folder, target)); // follows links
  }

  async text(target: string, text: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(join(this.folder, target)), { recursive: true });
    await writeFile(join(this.folder, target), `${text}\n`, { mode });
  }

  /** A folder that belongs to the store's account: a new volume that is mounted there gets this owner. */
  async dataFolder(target: string): Promise<void> {
    await mkdir(join(this.folder, target), { recursive: true });
    this.dataFolders.push(`.${target}`);
  }

  /** Writes the archive for `podman import`. Owners are set here, so that nobody has to be root. */
  async archive(file: string): Promise<void> {
    const reproducible = ["--sort=name", "--mtime=@0", "--numeric-owner", "-C", this.folder];
    const except = this.dataFolders.map((path) => `--exclude=${path}`);
    await run(["tar", "-c", "-f", file, ...reproducible, "--owner=0", "--group=0", ...except, "."]);
    for (const path of this.dataFolders)
      await run(["tar", "-r", "-f", file, ...reproducible, `--owner=${STORE_UID}`, `--group=${STORE_UID}`, path]);
  }
}

async function librariesOf(path: string): Promise<string[]> {
  const [b0, b1] = await readFile(path);
  if (b0 !== 0x7f || b1 !== 0x45) return []; // a script
  const { stdout } = Bun.spawnSync(["ldd", path]);
  const missing = /(\S+) => not found/.exec(stdout.toString());
  if (missing) throw new Error(`${path} needs the library ${missing[1]}`);
  return [...stdout.toString().matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] as string);
}
