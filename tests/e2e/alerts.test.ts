import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runToEnd } from "../../deploy/local/process/run-to-end";
import { serviceNames } from "../../services/_contracts/services";
import { metricsIn } from "../support/promql";
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

/** The anchor that GitHub gives a heading. */
const toAnchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

test("metricsIn finds the metric names of an expression", () => {
  expect(metricsIn('max by (queue, job) (queue_depth{state="failed"}) > 0 and rate(a_total[5m]) < 1e3 or b:c')).toEqual(
    ["queue_depth", "a_total", "b:c"],
  );
});

describe("every alert", () => {
  test("has a unique name", () => {
    expect(rules.length).toBeGreaterThan(3);
    expect(new Set(rules.map((rule) => rule.alert)).size).toBe(rules.length);
  });

  test("has a severity, a summary and an existing section of the runbook", async () => {
    const headings = [...(await text(join(root, "docs/runbook.md"))).matchAll(/^#+ (.+)$/gm)].map(
      ([, heading]) => heading as string,
    );
    const pages = headings.map((heading) => `docs/runbook.md#${toAnchor(heading)}`);
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

  test("uses only metrics that a service exposes, and every queue and outbox has its metric", async () => {
    const pages = await Promise.all(
      serviceNames.map(async (service) => (await fetch(`http://127.0.0.1:${stack.ports[service]}/metrics`)).text()),
    );
    const exposed = new Set(
      pages.flatMap((page) => [...page.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name as string)),
    );
    for (const rule of rules) {
      const names = metricsIn(rule.expr);
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((name) => !exposed.has(name))).toEqual([]);
    }
    const queues = pages.flatMap((page) =>
      [...page.matchAll(/^queue_depth\{queue="(\w+)",state="failed"\}/gm)].map(([, queue]) => queue),
    );
    expect(queues.toSorted()).toEqual(["inventory", "notification", "order", "payment"]);
    const outboxes = pages.filter((page) => /^outbox_oldest_unsent_seconds [\d.e-]+$/m.test(page));
    expect(outboxes.length).toBe(serviceNames.length);
  });

  const promtool = Bun.which("promtool");
  test.skipIf(!promtool)("fires on its condition and not otherwise (promtool)", async () => {
    for (const args of [
      ["check", "rules", "alerts.yaml"],
      ["test", "rules", "alerts.test.yaml"],
    ]) {
      expect(await runToEnd([promtool as string, ...args], { cwd: folder })).toMatchObject({ ok: true });
    }
  });
  if (!promtool)
    console.log(
      "promtool is not installed (Debian package: prometheus): the alert rules are not evaluated, only their format is checked",
    );
});
