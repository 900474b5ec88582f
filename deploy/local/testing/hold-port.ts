/** A socket that keeps a local port in use. */
export type HeldPort = { pid: number; [Symbol.dispose]: () => void };

/**
 * Opens an outgoing connection whose local port is `port`, in a process of its own. Its socket has no SO_REUSEADDR,
 * like one whose port the kernel chose, so that no server can use the port. Only Python can open such a socket here.
 * @param closed closes the connection on this side only; then the kernel keeps the port for about two seconds
 */
export async function holdPort(port: number, { closed = false } = {}): Promise<HeldPort> {
  const script = `
import socket, time
peer = socket.create_server(("127.0.0.1", 0))
held = socket.socket()
held.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 2)
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(("127.0.0.1", ${port}))
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
held.connect(peer.getsockname())
accepted, _ = peer.accept()
${closed ? "held.close()" : ""}
print("held", flush=True)
time.sleep(60)`;
  const child = Bun.spawn(["python3", "-c", script], { stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  if (!value) throw new Error(`port ${port} could not be held`);
  return { pid: child.pid, [Symbol.dispose]: () => child.kill("SIGKILL") };
}
