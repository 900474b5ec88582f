import { eventually } from "@shop/kit/testing/eventually";

export const sandboxKey = "sk_test_unit";

type LedgerEntry = { type: "charge" | "refund"; amount: number; metadata: { refundId?: string } };

/** Starts the sandbox in a separate process, because services must not import it. */
export async function startSandbox() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/../../../deploy/sandbox/main.ts`], {
    env: {
      ...process.env,
      APP_ENV: "test",
      PORT: String(port),
      SMTP_PORT: String(await freePort()),
      STRIPE_SECRET_KEY: sandboxKey,
      STRIPE_WEBHOOK_SECRET: "whsec_unit",
      WEBHOOKS: "off",
    },
    stdout: "ignore",
    stderr: "inherit",
  });
  await eventually(async () => (await fetch(`${url}/ready`)).ok);
  return {
    url,
    /** The movements of money that the provider recorded for a payment. */
    async ledger(paymentId: string): Promise<LedgerEntry[]> {
      const response = await fetch(`${url}/ledger.json?paymentId=${paymentId}`);
      return ((await response.json()) as { entries: LedgerEntry[] }).entries;
    },
    async fault(operation: string, kind: string, count = 1): Promise<void> {
      const response = await fetch(`${url}/control/faults`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ operation, kind, count }),
      });
      if (!response.ok) throw new Error(await response.text());
    },
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}

export type TestSandbox = Awaited<ReturnType<typeof startSandbox>>;

async function freePort(): Promise<number> {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
