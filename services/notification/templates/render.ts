import type { Content } from "./layout";
import { orderCancelled } from "./order-cancelled";
import { orderConfirmed } from "./order-confirmed";
import { orderShipped } from "./order-shipped";
import { paymentRefunded } from "./payment-refunded";
import { verifyEmail } from "./verify-email";
import { welcome } from "./welcome";

const templates = {
  welcome,
  "verify-email": verifyEmail,
  "order-confirmed": orderConfirmed,
  "order-cancelled": orderCancelled,
  "order-shipped": orderShipped,
  "payment-refunded": paymentRefunded,
};

export type Template = keyof typeof templates;
/** The data of a template, without `publicUrl`, which is the same for all. */
export type TemplateData<T extends Template> = Omit<Parameters<(typeof templates)[T]>[0], "publicUrl">;

export const isTemplate = (name: string): name is Template => Object.hasOwn(templates, name);

/** @param data a `TemplateData` of this template, as stored with the delivery */
export const render = (template: Template, data: unknown, publicUrl: string): Content =>
  templates[template]({ ...(data as object), publicUrl } as never);
