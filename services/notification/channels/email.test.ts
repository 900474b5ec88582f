import { expect, test } from "bun:test";
import { testMailServer } from "../testing/mail-server";
import { emailChannel } from "./email";

const notification = {
  id: "delivery-1",
  to: "ada@mail.test",
  subject: "Hello",
  text: "Hello Ada",
  html: "<p>Hello Ada</p>",
};

test("a mail has its sender, recipient and text, and a Message-ID made of the delivery's id", async () => {
  const server = await testMailServer();
  const channel = emailChannel({ smtpUrl: server.url, from: "shop@shop.test", connections: 1 });
  await channel.send(notification);
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

test("an attempt fails after the timeout if the mail server does not respond", async () => {
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const channel = emailChannel({
    smtpUrl: `smtp://127.0.0.1:${silent.port}`,
    from: "s@shop.test",
    connections: 1,
    timeoutMs: 100,
  });
  await expect(channel.send(notification)).rejects.toThrow();
  await channel.close();
  silent.stop(true);
});
