/** The parts of docs/asyncapi.json that the page shows. */
type AsyncApi = {
  asyncapi: string;
  info: { title: string; version: string; description: string };
  channels: Record<string, { title: string; messages: Record<string, unknown> }>;
  components: { messages: Record<string, MessageDoc>; schemas: Record<string, Schema> };
};
type MessageDoc = {
  summary: string;
  payload: { allOf: [unknown, { properties: { data: { $ref: string } } }] };
  examples: { payload: unknown }[];
  "x-kind": "command" | "event";
  "x-version": number;
  "x-from": string;
  "x-to": string[];
  "x-saga-steps": string[];
  "x-answers": string[];
};
type Schema = {
  type?: string;
  const?: unknown;
  anyOf?: Schema[];
  format?: string;
  description?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  minimum?: number;
  maximum?: number;
  pattern?: string;
};

/** The list of all messages as one HTML page that contains no script and loads no other file. */
export function eventsPage(doc: AsyncApi, styles: string): string {
  const names = Object.keys(doc.components.messages);
  const groups = Map.groupBy(names, (name) => name.split(".")[0] as string);
  const title = escaped(doc.info.title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${styles}</style>
</head>
<body>
<nav aria-label="Messages">
<a class="home" href="#top">${title}</a>
${[...groups].map(([group, members]) => `<h2>${escaped(group)}</h2>\n${members.map(navLink(doc)).join("\n")}`).join("\n")}
<h2>envelope</h2>
<a href="#envelope">CloudEvent</a>
</nav>
<main id="top">
<header>
<h1>${title}</h1>
<p>${prose(doc.info.description)}</p>
<p class="files"><a href="/docs/events/asyncapi.json">asyncapi.json</a> machine-readable description, AsyncAPI ${escaped(doc.asyncapi)}</p>
</header>
<section aria-label="Queues" class="queues">
${Object.entries(doc.channels).map(queueCard(doc)).join("\n")}
</section>
${names.map((name) => messageSection(doc, name)).join("\n")}
<section id="envelope" class="message">
<h2>CloudEvent</h2>
<p class="about">${prose(doc.components.schemas.CloudEvent?.description ?? "")}</p>
${fieldTable(doc.components.schemas.CloudEvent as Schema)}
</section>
</main>
</body>
</html>
`;
}

const escaped = (text: string): string => Bun.escapeHTML(text);
/** Converts the two kinds of markup that descriptions use: `code` and *emphasis*. */
const prose = (text: string): string =>
  escaped(text)
    .replace(/`([^`]+)`/g, "<code>$1</code>")
    .replace(/\*([^*]+)\*/g, "<em>$1</em>");

const linkTo = (name: string) => `<a class="name" href="#${escaped(name)}">${escaped(name)}</a>`;
const navLink = (doc: AsyncApi) => (name: string) =>
  `<a href="#${escaped(name)}" class="${doc.components.messages[name]?.["x-kind"]}">${escaped(name)}</a>`;
const badge = (kind: string, text = kind) => `<span class="badge ${kind}">${escaped(text)}</span>`;

const queueCard =
  (doc: AsyncApi) =>
  ([queue, channel]: [string, AsyncApi["channels"][string]]) => {
    const lines = Object.keys(channel.messages).map((name) => {
      const message = doc.components.messages[name] as MessageDoc;
      return `<li>${linkTo(name)}<span class="from">${escaped(message["x-from"])}</span></li>`;
    });
    return `<article class="queue"><h2>${escaped(queue)}</h2><p class="hint">receives these messages; the sender is on the right</p><ul>${lines.join("")}</ul></article>`;
  };

function messageSection(doc: AsyncApi, name: string): string {
  const message = doc.components.messages[name] as MessageDoc;
  const { "x-kind": kind, "x-version": version, "x-saga-steps": steps, "x-answers": answers } = message;
  const schema = doc.components.schemas[message.payload.allOf[1].properties.data.$ref.split("/").at(-1) as string];
  const to = message["x-to"].map((service) => `<b>${escaped(service)}</b>`).join(" ") || "no consumer";
  const facts: [term: string, html: string][] = [
    ["from → to", `<b>${escaped(message["x-from"])}</b> <span class="arrow">→</span> ${to}`],
  ];
  if (steps.length > 0) {
    const list = steps.map((step) => `<code>${escaped(step)}</code>`).join(" ");
    facts.push([kind === "command" ? "command for" : "reply to", list]);
  }
  if (answers.length > 0) facts.push(["replies", answers.map(linkTo).join(" ")]);
  return `<section id="${escaped(name)}" class="message ${kind}">
<h2><a href="#${escaped(name)}">${escaped(name)}</a> ${badge(kind)} ${badge("version", `v${version}`)}</h2>
<p class="about">${prose(message.summary)}</p>
<dl>${facts.map(([term, html]) => `<dt>${term}</dt><dd>${html}</dd>`).join("")}</dl>
${fieldTable(schema as Schema)}
<details><summary>Example</summary><pre tabindex="0">${escaped(JSON.stringify(message.examples[0]?.payload, null, 2))}</pre></details>
</section>`;
}

const fieldTable = (schema: Schema) => `<div class="wide"><table>
<thead><tr><th scope="col">field</th><th scope="col">type</th><th scope="col">description</th></tr></thead>
<tbody>${fieldRows(schema, "").join("")}</tbody>
</table></div>`;

function fieldRows(schema: Schema, path: string): string[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const fieldPath = path + name;
    const optional = required.has(name) ? "" : ' <span class="optional">optional</span>';
    const description = field.description ? prose(field.description) : "";
    const row = `<tr><td><code>${escaped(fieldPath)}</code>${optional}</td><td class="type">${escaped(typeText(field))}</td><td>${description}</td></tr>`;
    return [row, ...fieldRows(field, `${fieldPath}.`), ...fieldRows(field.items ?? {}, `${fieldPath}[].`)];
  });
}

/** A type with its limits, for example `integer 1…50`. */
function typeText(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf) return schema.anyOf.map(typeText).join(" | ");
  if (schema.items) return `array of ${typeText(schema.items)}`;
  const range = [schema.minimum, schema.maximum].map((limit) =>
    limit === undefined || limit === Number.MAX_SAFE_INTEGER ? "" : String(limit),
  );
  const limits = range.join("") ? ` ${range.join("…")}` : "";
  return `${schema.format ?? schema.type ?? "any"}${limits}${schema.pattern ? ` ${schema.pattern}` : ""}`;
}
