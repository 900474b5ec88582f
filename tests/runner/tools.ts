import { homedir } from "node:os";
import { join } from "node:path";

/** The programs that parts of test:full need, and how to get each. Versions are those the tests were written with. */
const tools = {
  podman: "Debian: apt-get install podman netavark aardvark-dns",
  "docker-compose":
    "go build -o ~/go/bin/docker-compose ./cmd of github.com/docker/compose/v2 v2.40.3, or Docker's own program of this name",
  promtool: "Debian: apt-get install prometheus",
  runc: "Debian: apt-get install runc",
  buildkitd: "go install github.com/moby/buildkit/cmd/buildkitd@v0.34.2",
  buildctl: "go install github.com/moby/buildkit/cmd/buildctl@v0.34.2",
  ldd: "Debian: apt-get install libc-bin",
  psql: "Debian: apt-get install postgresql-client",
  "redis-cli": "Debian: apt-get install redis-tools",
  istioctl: "go install istio.io/istio/istioctl/cmd/istioctl@eed52ebb66ad",
  go: "https://go.dev/dl, 1.24 or newer",
  etcd: "Debian: apt-get install etcd-server",
  "kube-apiserver": "build k8s.io/kubernetes/cmd/kube-apiserver of v1.36.3 with Go, into ~/go/bin",
} as const;
export type ToolName = keyof typeof tools;

/** The path of a program: from the PATH, or from where `go install` puts it. Undefined if it is not installed. */
export function findTool(name: ToolName): string | undefined {
  return Bun.which(name, { PATH: `${process.env.PATH}:${join(homedir(), "go/bin")}` }) ?? undefined;
}

/** A line for each program that is not installed, which says how to get it. */
export function missingTools(names: ToolName[]): string[] {
  return names.filter((name) => !findTool(name)).map((name) => `${name} is not installed. ${tools[name]}`);
}
