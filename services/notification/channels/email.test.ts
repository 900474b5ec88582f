import { expect, test } from "bun:test";
import { testMailServer } from "../testing/mail-server";
import { email } from "./email";

const notice = { id: "delivery-1", to: "ada@mail.test", subject: "Hello", text: "Hello Ada", html: "<p>Hello Ada</p>" };

test("a mail carries both texts, its sender, and an id made of the delivery's", async () => {
  const server = await testMailServer();
  const channel = email({ smtpUrl: server.url, from: "shop@shop.test", connections: 1 });
  await channel.send(notice);
  expect(server.mails[0]?.messageId).toBe("<delivery-1@shop.test>");
  for (const part of [
    "From: shop@shop.test",
    "To: ada@mail.test",
    "<p>Hello Ada</p>",
    "Auto-Submitted: auto-generated",
  ])
    expect(server.mails[0]?.raw).toContain(part);
  await channel.close();
  await server.close();
});

test("a mail server that says nothing is given up on in time", async () => {
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const channel = email({
    smtpUrl: `smtp://127.0.0.1:${silent.port}`,
    from: "s@shop.test",
    connections: 1,
    timeoutMs: 100,
  });
  await expect(channel.send(notice)).rejects.toThrow();
  await channel.close();
  silent.stop(true);
});
