import { eventsPage } from "./events-page";

/**
 * Files that the edge itself answers with, at the origin's root, to anyone. They belong to no service and need none: what the
 * messages are can be read while everything behind is down. They are read when the configuration is loaded.
 */
export type Document = { path: string; file: string; body: string; headers: Record<string, string> };

export async function documents(): Promise<Document[]> {
  const description = await Bun.file(`${import.meta.dir}/../docs/asyncapi.json`).text();
  const styles = await Bun.file(`${import.meta.dir}/events-page.css`).text();
  return [
    page("/docs/events", "events.html", eventsPage(JSON.parse(description), styles)),
    // Where the link in a mail leads. A shop with pages of its own has one in its place.
    page("/verify-email", "verify-email.html", await Bun.file(`${import.meta.dir}/verify-email.html`).text()),
    {
      path: "/docs/events/asyncapi.json",
      file: "asyncapi.json",
      body: description,
      headers: { "content-type": "application/json", ...kept },
    },
  ];
}

/** A minute: after a deployment nobody reads the old one for long. */
const kept = { "cache-control": "public, max-age=60" };

/** A page may do nothing but what the hashes of its own style sheet and script allow; the script may ask this origin. */
function page(path: string, file: string, body: string): Document {
  const [styles, script] = [inside("style", body), inside("script", body)];
  const policy = [
    "default-src 'none'",
    ...(styles ? [`style-src ${hashOf(styles)}`] : []),
    ...(script ? [`script-src ${hashOf(script)}`, "connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy.join("; "),
    "referrer-policy": "no-referrer",
    ...kept,
  };
  return { path, file, body, headers };
}

const inside = (tag: string, body: string) => body.split(`<${tag}>`)[1]?.split(`</${tag}>`)[0];
const hashOf = (text: string) => `'sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}'`;
