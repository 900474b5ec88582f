import { readConfig } from "./config";
import { startSandbox } from "./server";

try {
  const sandbox = await startSandbox(readConfig(process.env));
  console.log(`sandbox: ${sandbox.url} (pages and Stripe API), SMTP on port ${sandbox.smtpPort}`);
  const stop = () => {
    // Nothing is stored on disk, so half a second is enough to stop.
    setTimeout(() => process.exit(0), 500);
    void sandbox.stop().finally(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  const advice = code === "EADDRINUSE" ? ": set PORT or SMTP_PORT, or stop the process that uses the port" : "";
  console.error(`${message}${advice}`);
  process.exit(1);
}
