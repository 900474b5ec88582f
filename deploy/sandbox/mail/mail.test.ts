import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { aSandbox, eventually, type TestSandbox } from "../test-support";

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await aSandbox();
});
beforeEach(async () => {
  await sandbox.control("reset");
});
afterAll(() => sandbox.stop());

/** Sends a mail by SMTP. Returns the server's last line, or an empty string if the connection was closed. */
async function send(to: string, subject: string, body = "Hello.", headers: string[] = []): Promise<string> {
  const message = [`From: shop@shop.test`, `To: ${to}`, `Subject: ${subject}`, ...headers, "", body].join("\r\n");
  const lines = ["EHLO test", "MAIL FROM:<shop@shop.test>", `RCPT TO:<${to}>`, "DATA", `${message}\r\n.`];
  let reply = "";
  return new Promise((resolve, reject) => {
    void Bun.connect({
      hostname: "127.0.0.1",
      port: sandbox.smtpPort,
      socket: {
        data(socket, data) {
          reply += data.toString();
          if (!/^\d{3} .*\r\n$/m.test(reply.slice(reply.lastIndexOf("\n", reply.length - 3) + 1))) return;
          const last = reply.trim().split("\r\n").at(-1)!;
          reply = "";
          const next = lines.shift();
          if (next !== undefined) return void socket.write(`${next}\r\n`);
          resolve(last);
          socket.end("QUIT\r\n");
        },
        close: () => resolve(""),
        error: (_, error) => reject(error),
      },
    }).catch(reject);
  });
}

type Listed = { id: string; to: string[]; from: string; subject: string; text: string };
const inbox = async (query = "") => (await (await fetch(`${sandbox.url}/inbox.json${query}`)).json()) as Listed[];

test("lists sent mails, newest first, and finds them by address and subject", async () => {
  expect(await send("ann@shop.test", "Welcome", "Verify: http://localhost:8080/verify?token=1")).toStartWith("250");
  await send("bob@shop.test", "=?UTF-8?Q?Your_order_is_best=C3=A4tigt?=");
  expect((await inbox()).map((mail) => mail.subject)).toEqual(["Your order is bestätigt", "Welcome"]);
  expect(await inbox("?to=ANN@shop.test")).toMatchObject([
    { to: ["ann@shop.test"], from: "shop@shop.test", text: expect.stringContaining("token=1") },
  ]);
  expect(await inbox("?subject=bestätigt")).toHaveLength(1);
  expect(await inbox("?to=bob@shop.test&subject=welcome")).toEqual([]);
});

test("the pages escape the content of a mail and run no scripts", async () => {
  await send("ann@shop.test", "<script>alert(1)</script>", "<b>http://shop.test/?a=1&b=2</b>", [
    "Content-Type: text/html",
  ]);
  const list = await (await fetch(`${sandbox.url}/inbox`)).text();
  expect(list).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(list).not.toContain("<script>");
  const [mail] = await inbox();
  const shown = await fetch(`${sandbox.url}/inbox/${mail!.id}`);
  expect(shown.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(await shown.text()).toContain("&lt;b&gt;http://shop.test/?a=1&amp;b=2&lt;/b&gt;");
  expect((await fetch(`${sandbox.url}/inbox/nope`)).status).toBe(404);
});

test("deletes all mails", async () => {
  await send("ann@shop.test", "One");
  expect((await fetch(`${sandbox.url}/inbox.json`, { method: "DELETE" })).status).toBe(204);
  expect(await inbox()).toEqual([]);
});

test("the fault error_500 refuses as many mails as its count with 451 and stores none", async () => {
  await sandbox.control("faults", { operation: "smtp", kind: "error_500", count: 2 });
  expect(await send("ann@shop.test", "One")).toStartWith("451");
  expect(await send("ann@shop.test", "One")).toStartWith("451");
  expect(await inbox()).toEqual([]);
  expect(await send("ann@shop.test", "One")).toStartWith("250");
  expect(await inbox()).toHaveLength(1);
});

test("the fault drop_answer_after_acting stores the mail and closes the connection", async () => {
  await sandbox.control("faults", { operation: "smtp", kind: "drop_answer_after_acting" });
  expect(await send("ann@shop.test", "One")).toBe("");
  await eventually("the mail is stored", async () => ((await inbox()).length === 1 ? true : undefined));
});

test("the server discards the mail of a sender that dies while sending, and keeps running", async () => {
  const lines = ["EHLO test", "MAIL FROM:<shop@shop.test>", "RCPT TO:<ann@shop.test>", "DATA", "Subject: half a ma"];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: sandbox.smtpPort,
    socket: {
      data(connection) {
        const next = lines.shift();
        connection.write(`${next}\r\n`);
        // As if the process was killed: the connection closes without QUIT.
        if (lines.length === 0) setTimeout(() => connection.terminate(), 20);
      },
      close: () => resolve(),
    },
  });
  await closed;
  socket.end();
  await Bun.sleep(50);
  expect(await inbox()).toEqual([]);
  expect(await send("ann@shop.test", "One")).toStartWith("250");
});
