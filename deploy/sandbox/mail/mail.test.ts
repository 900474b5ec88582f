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

/** Speaks SMTP as a mail library would, and returns the server's last line; empty when the connection broke. */
async function send(to: string, subject: string, body = "Hello.", headers: string[] = []): Promise<string> {
  const message = [`From: shop@shop.test`, `To: ${to}`, `Subject: ${subject}`, ...headers, "", body].join("\r\n");
  const lines = ["EHLO test", "MAIL FROM:<shop@shop.test>", `RCPT TO:<${to}>`, "DATA", `${message}\r\n.`];
  let answer = "";
  return new Promise((resolve, reject) => {
    void Bun.connect({
      hostname: "127.0.0.1",
      port: sandbox.smtpPort,
      socket: {
        data(socket, data) {
          answer += data.toString();
          if (!/^\d{3} .*\r\n$/m.test(answer.slice(answer.lastIndexOf("\n", answer.length - 3) + 1))) return;
          const last = answer.trim().split("\r\n").at(-1)!;
          answer = "";
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

test("a mail that was sent is in the inbox, newest first, found by address and subject", async () => {
  expect(await send("ann@shop.test", "Welcome", "Verify: http://localhost:8080/verify?token=1")).toStartWith("250");
  await send("bob@shop.test", "=?UTF-8?Q?Your_order_is_best=C3=A4tigt?=");
  expect((await inbox()).map((mail) => mail.subject)).toEqual(["Your order is bestätigt", "Welcome"]);
  expect(await inbox("?to=ANN@shop.test")).toMatchObject([
    { to: ["ann@shop.test"], from: "shop@shop.test", text: expect.stringContaining("token=1") },
  ]);
  expect(await inbox("?subject=bestätigt")).toHaveLength(1);
  expect(await inbox("?to=bob@shop.test&subject=welcome")).toEqual([]);
});

test("the pages show it without running what it contains", async () => {
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

test("the inbox can be emptied", async () => {
  await send("ann@shop.test", "One");
  expect((await fetch(`${sandbox.url}/inbox.json`, { method: "DELETE" })).status).toBe(204);
  expect(await inbox()).toEqual([]);
});

test("a refusal with 451 keeps nothing, as often as it was told", async () => {
  await sandbox.control("faults", { operation: "smtp", kind: "error_500", count: 2 });
  expect(await send("ann@shop.test", "One")).toStartWith("451");
  expect(await send("ann@shop.test", "One")).toStartWith("451");
  expect(await inbox()).toEqual([]);
  expect(await send("ann@shop.test", "One")).toStartWith("250");
  expect(await inbox()).toHaveLength(1);
});

test("a dropped answer: the mail is kept, the sender cannot know", async () => {
  await sandbox.control("faults", { operation: "smtp", kind: "drop_answer_after_acting" });
  expect(await send("ann@shop.test", "One")).toBe("");
  await eventually("kept", async () => ((await inbox()).length === 1 ? true : undefined));
});

test("a sender that dies in the middle of a mail has sent none, and nothing else happens", async () => {
  const lines = ["EHLO test", "MAIL FROM:<shop@shop.test>", "RCPT TO:<ann@shop.test>", "DATA", "Subject: half a ma"];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: sandbox.smtpPort,
    socket: {
      data(it) {
        const next = lines.shift();
        it.write(`${next}\r\n`);
        // Its process is killed: the connection breaks without a farewell.
        if (lines.length === 0) setTimeout(() => it.terminate(), 20);
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
