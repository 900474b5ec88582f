import { connect, createServer, type Socket } from "node:net";

/**
 * A TCP proxy to a local server, to break a client's connections as a crash of the server or of the network does.
 * `breakConnections` closes all open connections at once: on odd calls without, on even calls with a TCP reset.
 */
export async function breakableProxy(serverPort: number) {
  const open = new Set<Socket>();
  let breaks = 0;
  const server = createServer((client) => {
    const upstream = connect(serverPort, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on("error", () => {});
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    breakConnections() {
      breaks++;
      for (const socket of open) breaks % 2 === 0 ? socket.resetAndDestroy() : socket.destroy();
    },
    async close() {
      this.breakConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
