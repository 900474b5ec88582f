import { connect, createServer, type Socket } from "node:net";

/** A way to a server that can be cut, as a crash of the server or of the network cuts it: at once, every connection, every other time by a reset. */
export async function breakableProxy(port: number) {
  const open = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => {});
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      cuts++;
      for (const socket of open) cuts % 2 === 0 ? socket.resetAndDestroy() : socket.destroy();
    },
    async close() {
      this.cut();
      await new Promise((done) => server.close(done));
    },
  };
}
