import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverBinaries } from "../../../deploy/local/binaries/servers";
import { runToEnd } from "../../../deploy/local/process/run-to-end";
import { withParentDeathSignal } from "../../../deploy/local/process/spawn";
import { findTool } from "../../runner/tools";

const offset = Number(process.env.TEST_PORT_OFFSET ?? 4_000);
const ports = { etcd: 20_000 + offset, etcdPeer: 20_001 + offset, api: 20_002 + offset };
const token = "test";
const certificates = "certificates";

export type Result = { ok: boolean; output: string };
export type ApiServer = {
  /** Runs kubectl against the server, with `input` on its standard input. */
  kubectl(args: string[], input?: string): Promise<Result>;
  /** For other programs that talk to the server. */
  kubeconfig: string;
  /** The server's own certificate and its key. */
  certificate: { certFile: string; keyFile: string };
  stop(): Promise<void>;
};

/**
 * A real API server with an etcd of its own. There are no nodes and no controllers: an object is defaulted, validated and
 * admitted as in a cluster, and nothing runs.
 */
export async function startApiServer(): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), "api-server-"));
  const { kubectl } = await serverBinaries(["kubectl"], (line) => console.log(line));
  const kubeconfig = await writeKubeconfig(folder);
  const running = [startEtcd(folder), await startServer(folder)];
  const run = async (args: string[], input = ""): Promise<Result> => {
    const env = { ...process.env, HOME: folder };
    const { ok, out, err } = await runToEnd([kubectl, "--kubeconfig", kubeconfig, ...args], { env, input });
    return { ok, output: out + err };
  };
  const stop = async () => {
    for (const child of running.toReversed()) {
      child.kill("SIGKILL");
      await child.exited;
    }
    await rm(folder, { recursive: true });
  };
  try {
    await untilReady(run);
  } catch (error) {
    await stop();
    throw error;
  }
  const [certFile, keyFile] = [
    join(folder, certificates, "apiserver.crt"),
    join(folder, certificates, "apiserver.key"),
  ];
  return { kubectl: run, kubeconfig, certificate: { certFile, keyFile }, stop };
}

async function writeKubeconfig(folder: string): Promise<string> {
  const file = join(folder, "kubeconfig");
  const cluster = { server: `https://127.0.0.1:${ports.api}`, "insecure-skip-tls-verify": true };
  const config = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": "test" },
    clusters: [{ name: "test", cluster }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

function startEtcd(folder: string) {
  const [clients, peers] = [`http://127.0.0.1:${ports.etcd}`, `http://127.0.0.1:${ports.etcdPeer}`];
  return startProgram(
    [findTool("etcd") as string, "--data-dir", join(folder, "etcd"), "--log-level", "error"].concat(
      ["--listen-client-urls", clients, "--advertise-client-urls", clients],
      ["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", `default=${peers}`],
    ),
  );
}

/** A program that ends with the tests, also when they are killed. */
const startProgram = (command: string[]) =>
  Bun.spawn(withParentDeathSignal(command, "SIGKILL"), { stdio: ["ignore", "ignore", "ignore"] });

async function startServer(folder: string) {
  const file = (name: string) => join(folder, name);
  const { privateKey } = await crypto.subtle.generateKey(
    { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
    true,
    ["sign", "verify"],
  );
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", privateKey)).toString("base64");
  await writeFile(file("accounts.pem"), `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`);
  await writeFile(file("tokens.csv"), `${token},admin,admin,system:masters\n`);
  const key = ["--service-account-key-file", "--service-account-signing-key-file"];
  return startProgram(
    [findTool("kube-apiserver") as string, "--etcd-servers", `http://127.0.0.1:${ports.etcd}`].concat(
      ["--bind-address", "127.0.0.1", "--secure-port", String(ports.api), "--cert-dir", file(certificates)],
      ["--service-account-issuer", "https://test", ...key.flatMap((name) => [name, file("accounts.pem")])],
      ["--token-auth-file", file("tokens.csv"), "--authorization-mode", "RBAC"],
      // Whether a container may be privileged is for Pod Security to decide, not for the server.
      ["--service-cluster-ip-range", "10.0.0.0/16", "--allow-privileged"],
    ),
  );
}

async function untilReady(run: ApiServer["kubectl"]): Promise<void> {
  let output = "";
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await Bun.sleep(250)) {
    const ready = await run(["get", "--raw", "/readyz"]);
    // The namespace comes a moment after the server is ready.
    if (ready.ok && (await run(["get", "namespace", "default"])).ok) return;
    output = ready.output;
  }
  throw new Error(`the API server is not ready after 60 s: ${output}`);
}
