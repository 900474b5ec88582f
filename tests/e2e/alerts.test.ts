import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { serviceNames } from "../../services/_contracts/services";

import { stack } from "../support/stack";

type Rule = {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
};

const root = join(import.meta.dir, "../..");
const folder = join(root, "deploy/observability");
const text = (path: string) => Bun.file(path).text();
const { groups } = Bun.YAML.parse(await text(join(folder, "alerts.yaml"))) as {
  groups: { name: string; rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

/** Names in an expression that are neither functions, nor labels, nor words of the language. */
function metricsIn(expr: string): string[] {
  const bare = expr.replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"|\b(by|without|on|ignoring)\s*\([^)]*\)/g, " ");
  const words = [...bare.matchAll(/(?<![\w:.])[a-zA-Z_:][\w:]*(?![\w:])(?!\s*\()/g)].map(([word]) => word);
  return words.filter((word) => !["and", "or", "unless", "bool", "offset"].includes(word));
}

/** As GitHub makes a link of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

test("the names of an expression's metrics are found", () => {
  expect(metricsIn('max by (queue, job) (queue_depth{state="failed"}) > 0 and rate(a_total[5m]) < 1e3 or b:c')).toEqual(
    ["queue_depth", "a_total", "b:c"],
  );
});

describe("an alert", () => {
  test("has a name of its own", () => {
    expect(rules.length).toBeGreaterThan(3);
    expect(new Set(rules.map((rule) => rule.alert)).size).toBe(rules.length);
  });

  test("says how bad it is, what is wrong, and where in the runbook to look", async () => {
    const headings = [...(await text(join(root, "docs/runbook.md"))).matchAll(/^#+ (.+)$/gm)].map(
      ([, it]) => it as string,
    );
    const pages = headings.map((heading) => `docs/runbook.md#${anchorOf(heading)}`);
    for (const rule of rules) {
      expect(
        Object.keys(rule).filter((key) => !["alert", "expr", "for", "labels", "annotations"].includes(key)),
      ).toEqual([]);
      expect(["page", "ticket"]).toContain(rule.labels.severity);
      expect(rule.for ?? "0s").toMatch(/^\d+[smh]$/);
      expect(rule.annotations.summary.length).toBeGreaterThan(10);
      expect(pages).toContain(rule.annotations.runbook);
    }
  });

  test("asks only for metrics that a service tells; each queue and outbox is among them", async () => {
    const told = await Promise.all(
      serviceNames.map(async (service) => (await fetch(`http://127.0.0.1:${stack.ports[service]}/metrics`)).text()),
    );
    const known = new Set(told.flatMap((it) => [...it.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name as string)));
    for (const rule of rules) {
      const names = metricsIn(rule.expr);
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((name) => !known.has(name))).toEqual([]);
    }
    const depth = told.flatMap((it) =>
      [...it.matchAll(/^queue_depth\{queue="(\w+)",state="failed"\}/gm)].map(([, q]) => q),
    );
    expect(depth.toSorted()).toEqual(["inventory", "notification", "order", "payment"]);
    const outboxes = told.filter((it) => /^outbox_oldest_unsent_seconds [\d.e-]+$/m.test(it));
    expect(outboxes.length).toBe(serviceNames.length);
  });

  const promtool = Bun.which("promtool");
  test.skipIf(!promtool)("fires when it should, and is silent when all is well (promtool)", async () => {
    for (const args of [
      ["check", "rules", "alerts.yaml"],
      ["test", "rules", "alerts.test.yaml"],
    ]) {
      const child = Bun.spawn([promtool as string, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
      const said = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
      expect({ ok: (await child.exited) === 0, said }).toMatchObject({ ok: true });
    }
  });
  if (!promtool) console.log("promtool is not here (Debian: prometheus): alert rules are checked for shape only");
});
