/**
 * The health check of an image: exits with 0 if the service in the same container answers. There is no shell and no curl in
 * the image. `bun health.js ready` asks whether the service is ready, instead of whether its process runs.
 */
const path = process.argv[2] === "ready" ? "ready" : "health";
const response = await fetch(`http://127.0.0.1:${process.env.PORT}/${path}`, {
  signal: AbortSignal.timeout(2_500),
}).catch((error: Error) => error.message);
if (typeof response === "string" || !response.ok) {
  console.error(typeof response === "string" ? response : `/${path} answered ${response.status}`);
  process.exit(1);
}

export {};
