import pc from "picocolors";
import { expectStatus } from "../clients/json-request";
import { sandboxApi, stripeCard } from "../clients/sandbox-api";
import { type Order, type Product, shopApi } from "../clients/shop-api";
import { offsetFrom, portsAt } from "../config/ports";
import { type Scenario, scenarios } from "./scenarios";
import { drawTimeline, formatMoney } from "./timeline";

/**
 * `bun run demo`: plays each scenario against the running stack, draws the order's timeline and checks the result.
 * Exits with 1 if a check fails.
 */
const ports = portsAt(offsetFrom(process.env));
const api = shopApi(`http://localhost:${ports.edge}`);
const sandbox = sandboxApi(`http://127.0.0.1:${ports.sandbox}`);
let failures = 0;

type Customer = { email: string; token: string };

function check(statement: string, isTrue: boolean): void {
  if (!isTrue) failures++;
  console.log(`  ${isTrue ? pc.green("✓") : pc.red("✗")} ${statement}`);
}

/** Polls until there is a result. @returns undefined if there is none after 30 seconds */
async function waitFor<T>(poll: () => Promise<T | undefined>): Promise<T | undefined> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const result = await poll();
    if (result !== undefined) return result;
    await Bun.sleep(50);
  }
  return undefined;
}

const waitForStatus = (token: string, orderId: string, statuses: string[]): Promise<Order | undefined> =>
  waitFor(async () => {
    const order = expectStatus(await api.getOrder(token, orderId), 200);
    return statuses.includes(order.status) ? order : undefined;
  });

const readProduct = async (id: string): Promise<Product> => expectStatus(await api.getProduct(id), 200);

async function register(): Promise<Customer> {
  const credentials = { email: `demo-${Date.now()}@example.test`, password: "a-good-password" };
  expectStatus(await api.register({ ...credentials, name: "Demo Customer" }), 201);
  const { token } = expectStatus(await api.login(credentials), 200);
  return { email: credentials.email, token };
}

async function placeOrder({ token }: Customer, productId: string, { card, payLater }: Scenario): Promise<Order> {
  const items = [{ productId, quantity: 2 }];
  if (!payLater) return expectStatus(await api.placeOrder(token, { items, paymentMethod: stripeCard(card) }), 201);
  const order = expectStatus(await api.placeOrder(token, { items }), 201);
  const unpaid = await waitForStatus(token, order.id, ["awaiting_payment"]);
  check("the order holds its stock and awaits payment", unpaid !== undefined);
  const payment = { orderId: order.id, amount: order.total, paymentMethod: stripeCard(card) };
  expectStatus(await api.payOrder(token, payment), 201, 202);
  return order;
}

async function play(customer: Customer, product: Product, scenario: Scenario): Promise<void> {
  const requests = scenario.payLater
    ? `POST /api/v1/orders, then POST /api/v1/payments/process with ${scenario.card}`
    : `POST /api/v1/orders with ${scenario.card}`;
  console.log(`\n${pc.bold(pc.underline(scenario.title))}  ${pc.dim(requests)}\n`);
  const { available } = await readProduct(product.id);
  const placed = await placeOrder(customer, product.id, scenario);
  const order = await waitForStatus(customer.token, placed.id, ["confirmed", "cancelled"]);
  console.log(`${drawTimeline(order ?? placed)}\n`);
  check(`the order is ${scenario.orderStatus}`, order?.status === scenario.orderStatus);
  const payment = order?.payment && expectStatus(await api.getPayment(customer.token, order.payment.id), 200);
  check(`its payment is ${scenario.paymentStatus}`, payment?.status === scenario.paymentStatus);
  const expected = available + scenario.stockChange;
  const stock = await waitFor(async () => (await readProduct(product.id)).available === expected || undefined);
  check(`available units of ${product.name}: ${available} before, ${expected} after`, stock === true);
  const mail = await waitFor(async () => {
    const mails = await sandbox.listMails({ to: customer.email });
    return mails.find(({ text }) => text.includes(placed.id));
  });
  check(`the customer received a mail${mail ? `: "${mail.subject}"` : ""}`, mail !== undefined);
}

async function playAll(): Promise<void> {
  const customer = await register();
  const { items: products } = expectStatus(await api.listProducts(), 200);
  const product = products.find(({ available }) => available >= 10);
  if (!product) throw new Error("no product has 10 units in stock; reset the data with: bun run dev --fresh");
  console.log(`${customer.email} is registered and logged in.`);
  console.log(`Each order is for 2 × ${product.name} at ${formatMoney(product.price)}.`);
  for (const scenario of scenarios) await play(customer, product, scenario);
  console.log(`\nThe payment provider's ledger: ${sandbox.url}/ledger`);
  console.log(`The customer's inbox: ${sandbox.url}/inbox\n`);
}

try {
  await playAll();
} catch (error) {
  failures++;
  const message = error instanceof Error ? error.message : String(error);
  const isUnreachable = /ECONNREFUSED|Unable to connect/i.test(message);
  console.error(isUnreachable ? "No stack is running. Start one: bun run dev" : message);
}
process.exit(failures === 0 ? 0 : 1);
