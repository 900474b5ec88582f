/** Safe HTML. Only `html` and `raw` create it. */
export type Html = { readonly html: string };

/** Does not escape its argument. Use it only for markup from the source code, never for input. */
const raw = (html: string): Html => ({ html });

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeText = (value: unknown) => String(value ?? "").replace(/[&<>"']/g, (char) => escapes[char]!);

type Part = Html | readonly Html[] | string | number | undefined;

const render = (part: Part): string => {
  if (Array.isArray(part)) return part.map((item: Html) => item.html).join("");
  return typeof part === "object" ? (part as Html).html : escapeText(part);
};

/** A template that escapes its values, except for values of type Html. */
export const html = (strings: TemplateStringsArray, ...parts: Part[]): Html =>
  raw(strings.reduce((text, string, index) => text + render(parts[index - 1]) + string));

const headers = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "content-security-policy":
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; frame-src 'self'; base-uri 'self'; frame-ancestors 'self'",
};

export function page(title: string, body: Html, status = 200): Response {
  const document = html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title} · Sandbox</title>
  <link rel="stylesheet" href="/style.css">
</head>
<body>
  <header>
    <a class="brand" href="/">Sandbox</a>
    <nav aria-label="Pages"><a href="/inbox">Inbox</a> <a href="/ledger">Ledger</a></nav>
    <span class="note">no real money, no real mail</span>
  </header>
  <main>
    <h1>${title}</h1>
    ${body}
  </main>
</body>
</html>`;
  return new Response(document.html, { status, headers });
}

export const notFoundPage = (what: string) => page("Not found", html`<p>${what} not found.</p>`, 404);

/** Formats minor units: 1999 usd → "19.99 USD". */
export function money(amount: number, currency: string): string {
  const code = currency.toUpperCase();
  try {
    const format = new Intl.NumberFormat("en", { style: "currency", currency: code, currencyDisplay: "code" });
    return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
  } catch {
    return `${amount} ${code}`;
  }
}

export const stylesheet = `
:root { color-scheme: light dark; --ink: light-dark(#1c2430, #e7ebf0); --soft: light-dark(#5d6878, #9aa6b5);
  --paper: light-dark(#f6f7f9, #12161c); --card: light-dark(#fff, #1b212a); --line: light-dark(#dde2e8, #2d3642);
  --accent: light-dark(#2450d6, #8fb0ff); --on-accent: light-dark(#fff, #10203f); }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: baseline; padding: .9rem 1.5rem;
  background: var(--card); border-bottom: 1px solid var(--line) }
.brand { font-weight: 700; color: var(--ink); text-decoration: none }
nav { display: flex; gap: 1rem } .note, .soft { color: var(--soft); font-size: .9rem } .note { margin-left: auto }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem }
h1 { font-size: 1.5rem; line-height: 1.2; margin: .5rem 0 1rem } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem }
a { color: var(--accent) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.25rem; margin: 0 0 1rem }
.scroll { overflow-x: auto; padding: 0 }
.tiles { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)) }
.tiles strong { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums }
table { width: 100%; border-collapse: collapse; font-size: .93rem }
th, td { padding: .55rem .9rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top }
tr:last-child td { border-bottom: 0 } th { color: var(--soft); font-weight: 600 }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
code, pre { font: .86rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere } pre { white-space: pre-wrap; margin: 0 }
form { display: flex; flex-wrap: wrap; gap: .75rem }
button { font: inherit; font-weight: 600; padding: .6rem 1.4rem; border-radius: 8px; cursor: pointer;
  border: 1px solid var(--accent); background: var(--accent); color: var(--on-accent) }
button.plain { background: transparent; color: var(--accent) } :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
iframe { width: 100%; height: 32rem; border: 1px solid var(--line); border-radius: 8px; background: #fff; color-scheme: light }
.empty { padding: 2rem; text-align: center; color: var(--soft) }
`;
