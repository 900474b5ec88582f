import { Elysia } from "elysia";
import { createClock } from "./clock";
import type { Config } from "./config";
import { controlRoutes } from "./control";
import { createFaults } from "./faults";
import { createInbox } from "./mail/inbox";
import { mailRoutes } from "./mail/routes";
import { startSmtp } from "./mail/smtp";
import { html, notFoundPage, page, stylesheet } from "./pages";
import { stripePages } from "./stripe/pages";
import { stripeRoutes } from "./stripe/routes";
import { createWebhooks } from "./stripe/webhooks/webhooks";
import { createWorld } from "./stripe/world";

/**
 * Starts the HTTP and SMTP servers. If a port is 0, the system chooses one.
 * @throws Error if a port is in use
 */
export async function startSandbox(config: Config) {
  const clock = createClock();
  const faults = createFaults();
  const inbox = createInbox(clock.now);
  const { webhookUrl, webhookSecret, webhooks: mode, secretKey } = config.stripe;
  const webhooks = createWebhooks({ url: webhookUrl, secret: webhookSecret, mode, clock });
  let url = "";
  const world = createWorld({ clock, webhooks, publicUrl: () => config.publicUrl ?? url });

  const app = new Elysia()
    .onError(({ code, error, status }) => {
      if (code === "VALIDATION") return status(422, { error: error.message.slice(0, 2000) });
      if (code === "NOT_FOUND") return notFoundPage("Page");
      if (code === "PARSE") return status(400, { error: "The request body is not valid JSON." });
      console.error("internal error:", error);
      return status(500, { error: "Internal error in the sandbox. See its log." });
    })
    .use(stripeRoutes({ world, faults, secretKey }))
    .use(stripePages(world))
    .use(mailRoutes(inbox))
    .use(controlRoutes({ clock, faults, inbox, world }))
    .get("/health", () => ({ status: "ok" }))
    .get("/ready", () => ({ status: "ok" }))
    .get("/style.css", () => new Response(stylesheet, { headers: { "content-type": "text/css; charset=utf-8" } }))
    .get("/", () => home(inbox.count(), world.ledger.entries.length));

  const smtp = await startSmtp({ inbox, faults, host: config.host, port: config.smtpPort });
  // No idle timeout: with the fault `hang`, the client decides how long it waits.
  app.listen({ port: config.port, hostname: config.host, idleTimeout: 0, reusePort: false });
  const port = app.server!.port!;
  url = `http://${config.host === "0.0.0.0" ? "127.0.0.1" : config.host}:${port}`;

  return {
    url,
    port,
    smtpPort: smtp.port,
    async stop(): Promise<void> {
      webhooks.stop();
      await app.server?.stop(true);
      await smtp.stop();
    },
  };
}

const home = (mails: number, entries: number) =>
  page(
    "Simulated payments and mail",
    html`<p>This process stands in for the payment provider and the mail server in development and tests.</p>
    <div class="tiles">
      <div class="card"><a href="/inbox">Inbox</a><strong>${mails}</strong><span class="soft">mails sent by the shop</span></div>
      <div class="card"><a href="/ledger">Ledger</a><strong>${entries}</strong><span class="soft">movements of simulated money</span></div>
    </div>
    <div class="card"><h2>For tests</h2><p>JSON: <a href="/ledger.json">/ledger.json</a>, <a href="/inbox.json">/inbox.json</a>,
    <a href="/control/faults">/control/faults</a>, <a href="/control/webhooks">/control/webhooks</a>, <a href="/control/clock">/control/clock</a>.
    The Stripe API is served under <code>/v1</code>.</p></div>`,
  );
