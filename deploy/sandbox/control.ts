import { Elysia, t } from "elysia";
import type { Clock } from "./clock";
import { webhookModes } from "./config";
import { type Faults, faultKinds } from "./faults";
import type { Inbox } from "./mail/inbox";
import { StripeError } from "./stripe/api/errors";
import { disputeIntent } from "./stripe/disputes";
import { operations } from "./stripe/routes";
import { viewDispute } from "./stripe/views/money";
import { resetWorld, type World } from "./stripe/world";

export type ControlDeps = { clock: Clock; faults: Faults; inbox: Inbox; world: World };

const operationNames: [string, ...string[]] = ["*", "smtp", ...operations.map(({ name }) => name)];

const FaultModel = t.Object({
  operation: t.UnionEnum(operationNames, { error: `operation must be one of ${operationNames.join(", ")}` }),
  kind: t.UnionEnum(faultKinds, { error: `kind must be one of ${faultKinds.join(", ")}` }),
  count: t.Optional(t.Integer({ minimum: 1 })),
  probability: t.Optional(t.Number({ minimum: 0, maximum: 1 })),
  delayMs: t.Optional(t.Integer({ minimum: 0, maximum: 600_000 })),
});

const WebhookModel = t.Object({
  mode: t.UnionEnum(webhookModes, { error: `mode must be one of ${webhookModes.join(", ")}` }),
  delayMs: t.Optional(t.Integer({ minimum: 0, maximum: 600_000 })),
});

const ReplayModel = t.Object({
  id: t.Optional(t.String()),
  type: t.Optional(t.String()),
  undelivered: t.Optional(t.Boolean()),
});

/** The control API: tests advance the clock, set faults and webhooks, open disputes and reset the sandbox. */
export const controlRoutes = ({ clock, faults, inbox, world }: ControlDeps) =>
  new Elysia({ name: "control", prefix: "/control" })
    .get("/clock", () => ({ now: new Date(clock.now()).toISOString() }))
    .post(
      "/clock",
      ({ body }) => {
        clock.advance(body.advanceSeconds);
        return { now: new Date(clock.now()).toISOString() };
      },
      // Only a reset turns the clock back, because lists are sorted by creation time.
      { body: t.Object({ advanceSeconds: t.Integer({ minimum: 0 }) }) },
    )
    .get("/faults", () => ({ items: faults.list() }))
    .post("/faults", ({ body, status }) => status(201, faults.add(body)), { body: FaultModel })
    .delete("/faults", ({ status }) => {
      faults.clear();
      return status(204, undefined);
    })
    .get("/webhooks", () => world.webhooks.status())
    .post(
      "/webhooks",
      ({ body }) => {
        world.webhooks.configure(body);
        return world.webhooks.status();
      },
      { body: WebhookModel },
    )
    .post("/webhooks/replay", ({ body }) => ({ sent: world.webhooks.replay(body ?? {}) }), {
      body: t.Optional(ReplayModel),
    })
    .post(
      "/search",
      ({ body }) => {
        world.searchDelaySeconds = body.delaySeconds;
        return body;
      },
      { body: t.Object({ delaySeconds: t.Integer({ minimum: 0 }) }) },
    )
    .post(
      "/disputes",
      ({ body, status }) => {
        try {
          return status(201, viewDispute(disputeIntent(world, body.paymentIntent)));
        } catch (error) {
          if (error instanceof StripeError) return status(409, { error: error.message });
          throw error;
        }
      },
      { body: t.Object({ paymentIntent: t.String() }) },
    )
    .post("/reset", ({ status }) => {
      clock.reset();
      faults.clear();
      inbox.clear();
      resetWorld(world);
      return status(204, undefined);
    });
