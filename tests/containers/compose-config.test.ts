import { describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTool } from "../runner/tools";
import { run } from "./support/run";

/** What compose.yaml and its files say, checked without starting anything. */
const root = join(import.meta.dir, "../..");
const folder = join(root, "deploy/compose");

type Service = {
  image: string;
  profiles?: string[];
  ports?: { host_ip: string; published: string }[];
  cap_drop?: string[];
  security_opt?: string[];
  read_only?: boolean;
  logging?: object;
  deploy?: { resources: { limits: { cpus: number; memory: string; pids: number } } };
  volumes?: { source: string; target: string; read_only?: boolean }[];
};

const profiles = ["sandbox", "scale", "observability", "elk", "tools"];
const combinations = Array.from({ length: 2 ** profiles.length }, (_, bits) =>
  profiles.filter((_, index) => bits & (1 << index)),
);

async function config(active: string[]): Promise<Record<string, Service>> {
  const options = active.flatMap((profile) => ["--profile", profile]);
  const command = [findTool("docker-compose") as string, ...options, "config", "--format", "json"];
  return JSON.parse(await run(command, { cwd: root })).services;
}

describe("compose.yaml", () => {
  test("is valid with every combination of profiles", async () => {
    for (const active of combinations) expect(Object.keys(await config(active)).length).toBeGreaterThan(16);
  }, 60_000);

  test("starts no tool, sandbox, second instance or telemetry without its profile", async () => {
    const names = Object.keys(await config([]));
    expect(names.filter((name) => /sandbox|seed|-2$|^(ops|secrets|grafana|kibana|jaeger)$/.test(name))).toEqual([]);
  });

  test("pins every image", async () => {
    for (const [name, { image }] of Object.entries(await config(profiles))) {
      expect({ name, image }).toEqual({ name, image: expect.stringMatching(/:(dev|v?\d+\.\d+(\.\d+)?)$/) });
    }
  });

  test("publishes the edge, and pages on the loopback address only", async () => {
    const published = Object.entries(await config(profiles)).flatMap(([name, { ports = [] }]) =>
      ports.map(({ host_ip }) => `${name} ${host_ip}`),
    );
    const pages = ["alertmanager", "edge", "grafana", "jaeger", "kibana", "prometheus", "sandbox"];
    expect(published.sort()).toEqual(pages.map((name) => `${name} 127.0.0.1`));
  });

  test("limits every container, and takes its privileges", async () => {
    for (const [name, service] of Object.entries(await config(profiles))) {
      expect({ name, ...service }).toMatchObject({
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        logging: { options: { "max-size": "10m", "max-file": "3" } },
      });
      const { cpus, memory, pids } = service.deploy?.resources.limits ?? {};
      expect({ name, limited: [cpus, Number(memory), pids].every((limit) => (limit ?? 0) > 0) }).toMatchObject({
        limited: true,
      });
      // Elasticsearch and Kibana write to their installation.
      if (!/^(elasticsearch|kibana|log-template)$/.test(name))
        expect({ name, ...service }).toMatchObject({ read_only: true });
    }
  });

  test("lets a program see no secrets but its own", async () => {
    const services = await config(profiles);
    const seen = Object.entries(services).flatMap(([name, { volumes = [] }]) =>
      volumes.filter(({ target }) => target === "/run/secrets").map((volume) => ({ name, ...volume })),
    );
    expect(seen.length).toBeGreaterThan(20);
    for (const { name, source, read_only } of seen) {
      const owner = name.replace(/-2$/, "").replace(/-seed$/, "-migration");
      expect({ name, source, read_only }).toEqual({ name, source: `${owner}-secrets`, read_only: true });
    }
  });
});

test("Prometheus accepts its configuration and the alerts", async () => {
  const copy = await mkdtemp(join(tmpdir(), "prometheus-"));
  await copyFile(join(folder, "observability/prometheus.yaml"), join(copy, "prometheus.yaml"));
  await copyFile(join(root, "deploy/observability/alerts.yaml"), join(copy, "alerts.yaml"));
  const checked = await run([findTool("promtool") as string, "check", "config", join(copy, "prometheus.yaml")]);
  await rm(copy, { recursive: true });
  expect(checked).toContain("rules found");
});

test("Prometheus scrapes every service and the edge", async () => {
  const { scrape_configs } = Bun.YAML.parse(await Bun.file(join(folder, "observability/prometheus.yaml")).text()) as {
    scrape_configs: { dns_sd_configs: { names: string[] }[] }[];
  };
  const { serviceNames } = await import("../../services/_contracts/services");
  const scraped = scrape_configs.flatMap(({ dns_sd_configs }) => dns_sd_configs.flatMap(({ names }) => names));
  expect(scraped.sort()).toEqual([...serviceNames, "edge"].sort());
});
