import { eventually } from "@shop/kit/testing/eventually";

export const sandboxKey = "sk_test_unit";

type LedgerEntry = { type: "charge" | "refund"; amount: number; metadata: { refundId?: string } };

/** The sandbox as a process of its own, as in production Stripe is: nothing here imports it. */
export async function startSandbox() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const process_ = Bun.spawn([process.execPath, `${import.meta.dir}/../../../deploy/sandbox/main.ts`], {
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
    /** What the provider itself says happened for a payment. */
    async ledger(paymentId: string): Promise<LedgerEntry[]> {
      const answer = await fetch(`${url}/ledger.json?paymentId=${paymentId}`);
      return ((await answer.json()) as { entries: LedgerEntry[] }).entries;
    },
    async fault(operation: string, kind: string, count = 1): Promise<void> {
      const answer = await fetch(`${url}/control/faults`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ operation, kind, count }),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    async stop() {
      process_.kill();
      await process_.exited;
    },
  };
}

async function freePort(): Promise<number> {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
