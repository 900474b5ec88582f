import { eventsPage } from "./events-page";
import { texts } from "./texts";

/**
 * A file that Envoy itself serves, without a version prefix and to anyone. It needs no service, so it is readable
 * during an outage.
 */
export type Document = { path: string; file: string; body: string; headers: Record<string, string> };

export const documents = (): Document[] => [
  page("/docs/events", "events.html", eventsPage(JSON.parse(texts.asyncApi), texts.eventsPageStyles)),
  // The link in a verification mail leads here. A shop with its own web pages replaces this one.
  page("/verify-email", "verify-email.html", texts.verifyEmailPage),
  {
    path: "/docs/events/asyncapi.json",
    file: "asyncapi.json",
    body: texts.asyncApi,
    headers: { "content-type": "application/json", ...cacheHeaders },
  },
];

/** Only one minute, so that clients see a new version soon after a deployment. */
const cacheHeaders = { "cache-control": "public, max-age=60" };

/**
 * An HTML document with a Content-Security-Policy that allows only the page's own style sheet and script, by their hashes.
 * A page with a script may also send requests to its own origin.
 */
function page(path: string, file: string, body: string): Document {
  const [styles, script] = [elementText("style", body), elementText("script", body)];
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
    ...cacheHeaders,
  };
  return { path, file, body, headers };
}

const elementText = (tag: string, html: string) => html.split(`<${tag}>`)[1]?.split(`</${tag}>`)[0];
const hashOf = (text: string) => `'sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}'`;
