import pc from "picocolors";
import { offsetFrom, portsAt } from "../config/ports";
import { type Order, type Product, shopAt } from "./shop";
import { money, timeline } from "./timeline";

/** `bun run demo`: plays purchases against the running stack, and draws each: a card that works, one that is declined, an order paid for later. */
const ports = portsAt(offsetFrom(process.env));
const shop = shopAt(`http://localhost:${ports.edge}`);
const sandbox = `http://127.0.0.1:${ports.sandbox}`;
let wrong = 0;

function check(what: string, isSo: boolean): void {
  if (!isSo) wrong++;
  console.log(`  ${isSo ? pc.green("✓") : pc.red("✗")} ${what}`);
}

async function until<T>(ask: () => Promise<T | false>): Promise<T | undefined> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer !== false) return answer;
    await Bun.sleep(50);
  }
  return undefined;
}

type Play = { title: string; card: string; later?: true; status: string; payment: string; stockMoves: number };
const plays: Play[] = [
  { title: "A card that works", card: "pm_card_visa", status: "confirmed", payment: "completed", stockMoves: -2 },
  {
    title: "A card that is declined",
    card: "pm_card_chargeDeclined",
    status: "cancelled",
    payment: "failed",
    stockMoves: 0,
  },
  {
    title: "An order that is paid for later",
    card: "pm_card_visa",
    later: true,
    status: "confirmed",
    payment: "completed",
    stockMoves: -2,
  },
];

/** First the order, then the payment. */
async function payLater(token: string, productId: string, card: string): Promise<Order> {
  const placed = await shop.placeUnpaid(token, productId, 2);
  const waiting = await until<Order>(async () => {
    const now = await shop.order(token, placed.id);
    return now.status === "awaiting_payment" && now;
  });
  check("its stock is held, and it waits to be paid for", waiting !== undefined);
  await shop.pay(token, placed.id, placed.total, card);
  return placed;
}

async function play(customer: { email: string; token: string }, product: Product, it: Play): Promise<void> {
  const how = it.later ? `, then /api/v1/payments/process with ${it.card}` : ` with ${it.card}`;
  console.log(`\n${pc.bold(pc.underline(it.title))}  ${pc.dim(`POST /api/v1/orders${how}`)}\n`);
  const before = await shop.product(product.id);
  const placed = it.later
    ? await payLater(customer.token, product.id, it.card)
    : await shop.placeOrder(customer.token, product.id, 2, it.card);
  const order = await until<Order>(async () => {
    const now = await shop.order(customer.token, placed.id);
    return ["confirmed", "cancelled"].includes(now.status) && now;
  });
  console.log(`${timeline(order ?? placed)}\n`);
  check(`the order is ${it.status}`, order?.status === it.status);
  const payment = order?.payment && (await shop.payment(customer.token, order.payment.id));
  check(`its payment is ${it.payment}`, payment?.status === it.payment);
  const wanted = before.available + it.stockMoves;
  const stock = await until(async () => (await shop.product(product.id)).available === wanted);
  check(`stock of ${product.name}: ${before.available} → ${wanted}`, stock === true);
  const mail = await until(async () => {
    const found = (await (await fetch(`${sandbox}/inbox.json?to=${encodeURIComponent(customer.email)}`)).json()) as {
      subject: string;
      text: string;
    }[];
    return found.find((candidate) => candidate.text.includes(placed.id)) ?? false;
  });
  check(`a mail came: ${mail ? `"${mail.subject}"` : "no"}`, mail !== undefined);
}

try {
  const email = `demo-${Date.now()}@example.test`;
  await shop.register(email);
  const { token } = await shop.login(email);
  const products = await shop.products();
  const product = products.find((candidate) => candidate.available >= 10);
  if (!product) throw new Error("nothing is in stock; start again with: bun run dev --fresh");
  console.log(
    `${email} registered, logged in, and found ${products.length} products; takes 2 × ${product.name} at ${money(product.price)}`,
  );
  for (const it of plays) await play({ email, token }, product, it);
  console.log(`\nThe provider's own ledger: ${sandbox}/ledger    The inbox: ${sandbox}/inbox\n`);
} catch (error) {
  wrong++;
  const text = error instanceof Error ? error.message : String(error);
  console.error(
    /ECONNREFUSED|Unable to connect/i.test(text) ? "Nothing is running there. Start it with: bun run dev" : text,
  );
}
process.exit(wrong === 0 ? 0 : 1);
