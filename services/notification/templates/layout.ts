/** A rendered notification, in every form that a channel may need. */
export type Content = { subject: string; text: string; html: string };

/** A paragraph, a table of two columns, or a link. */
export type Block =
  | { text: string }
  | { rows: readonly (readonly [string, string])[] }
  | { link: string; label: string };

/** Renders one column that is readable on a phone and loads no images or style sheets. All text is escaped here. */
export function layout(o: { subject: string; name: string; blocks: Block[] }): Content {
  const blocks: Block[] = [{ text: `Hello ${oneLine(o.name)},` }, ...o.blocks];
  const body = blocks.map(renderHtml).join("\n");
  return {
    subject: oneLine(o.subject),
    text: `${blocks.map(renderText).join("\n\n")}\n\nThe Shop\n`,
    html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${Bun.escapeHTML(o.subject)}</title></head>
<body style="margin:0;background:#f4f4f2;font:16px/1.5 system-ui,sans-serif;color:#222">
<div style="max-width:560px;margin:24px auto;padding:32px;background:#fff;border-radius:8px">
<h1 style="font-size:20px;margin:0 0 16px">${Bun.escapeHTML(o.subject)}</h1>
${body}
<p style="margin:32px 0 0;color:#777;font-size:14px">The Shop</p>
</div></body></html>
`,
  };
}

/** Users choose names, so line breaks in them are removed: a name must not add a line or a header. */
const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

function renderText(block: Block): string {
  if ("text" in block) return block.text;
  if ("link" in block) return `${block.label}: ${block.link}`;
  return block.rows.map(([left, right]) => `  ${oneLine(left)}  ${right}`).join("\n");
}

function renderHtml(block: Block): string {
  if ("text" in block) return `<p style="margin:0 0 16px">${Bun.escapeHTML(block.text)}</p>`;
  if ("link" in block)
    return `<p style="margin:0 0 16px"><a href="${Bun.escapeHTML(block.link)}" style="color:#0b57d0">${Bun.escapeHTML(block.label)}</a></p>`;
  const rows = block.rows.map(
    ([left, right]) =>
      `<tr><td style="padding:6px 0;border-bottom:1px solid #eee">${Bun.escapeHTML(oneLine(left))}</td>` +
      `<td style="padding:6px 0;border-bottom:1px solid #eee;text-align:right;white-space:nowrap">${Bun.escapeHTML(right)}</td></tr>`,
  );
  return `<table style="width:100%;border-collapse:collapse;margin:0 0 16px">${rows.join("")}</table>`;
}
