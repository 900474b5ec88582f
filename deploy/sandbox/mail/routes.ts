import { Elysia, t } from "elysia";
import { html, notFoundPage, page } from "../pages";
import { type Inbox, type Mail, readMail } from "./inbox";

const filter = t.Object({
  to: t.Optional(t.String()),
  subject: t.Optional(t.String()),
  limit: t.Optional(t.Numeric({ minimum: 1, maximum: 10_000 })),
});

/** The inbox as pages and as JSON. */
export const mailRoutes = (inbox: Inbox) =>
  new Elysia({ name: "mail" })
    .get("/inbox", ({ query }) => showInbox(inbox, query), { query: filter })
    .get("/inbox.json", async ({ query }) => Promise.all((await inbox.find(query)).map(toJson)), { query: filter })
    .delete("/inbox.json", ({ status }) => {
      inbox.clear();
      return status(204, undefined);
    })
    .get("/inbox/:id", ({ params }) => showMail(inbox, params.id));

const toJson = async (mail: Mail) => {
  const { subject, text, html } = await readMail(mail);
  const { id, to, from, receivedAt } = mail;
  return { id, to, from, subject, receivedAt, text, html: html ?? null };
};

async function showInbox(inbox: Inbox, query: { to?: string; subject?: string; limit?: number }): Promise<Response> {
  const mails = await inbox.find(query);
  if (mails.length === 0) return page("Inbox", html`<div class="card empty">No mail yet.</div>`);
  const rows = await Promise.all(
    mails.map(async (mail) => {
      const { subject } = await readMail(mail);
      return html`<tr><td><a href="/inbox/${mail.id}">${subject}</a></td><td>${mail.to.join(", ")}</td><td>${mail.from}</td><td class="number">${clockTime(mail)}</td></tr>`;
    }),
  );
  const table = html`<table><thead><tr><th>Subject</th><th>To</th><th>From</th><th class="number">Received (UTC)</th></tr></thead><tbody>${rows}</tbody></table>`;
  return page(
    "Inbox",
    html`<p class="soft">${inbox.count()} mails, showing the newest ${mails.length}</p><div class="card scroll">${table}</div>`,
  );
}

async function showMail(inbox: Inbox, id: string): Promise<Response> {
  const mail = inbox.get(id);
  if (!mail) return notFoundPage("Mail");
  const { subject, text, html: markup } = await readMail(mail);
  // The mail's HTML cannot run scripts, and its links open in a new tab.
  const framed = markup
    ? html`<h2>HTML version</h2><iframe title="The mail" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${`<base target="_blank">${markup}`}"></iframe>`
    : undefined;
  return page(
    subject,
    html`<p class="soft">From ${mail.from} to ${mail.to.join(", ")}, ${clockTime(mail)} UTC</p>
    <div class="card"><pre>${withLinks(text)}</pre></div>${framed}<p><a href="/inbox">Back to the inbox</a></p>`,
  );
}

/** Turns web addresses in plain text into links. All text is escaped. */
const withLinks = (text: string) =>
  text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, index) => (index % 2 === 1 ? html`<a href="${part}">${part}</a>` : html`${part}`));

const clockTime = (mail: Mail) => mail.receivedAt.slice(0, 19).replace("T", " ");
