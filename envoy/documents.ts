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
    page("/docs/events", "events.html", eventsPage(JSON.parse(description), styles), `style-src ${hashOf(styles)}`),
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

/** A page may do nothing but what is allowed it by the hash of the very text. */
const page = (path: string, file: string, body: string, allowed: string): Document => ({
  ...{ path, file, body },
  headers: {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": `default-src 'none'; ${allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    "referrer-policy": "no-referrer",
    ...kept,
  },
});

const hashOf = (text: string) => `'sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}'`;
