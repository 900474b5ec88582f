import { testCards } from "../clients/sandbox-api";

/** A purchase of two units, and its expected result. */
export type Scenario = {
  title: string;
  /** A payment token. */
  card: string;
  /** The order is placed without a card and paid in a second request. */
  payLater?: true;
  orderStatus: string;
  paymentStatus: string;
  /** The change of the available stock, in units. */
  stockChange: number;
};

export const scenarios: Scenario[] = [
  {
    title: "The card is approved",
    card: testCards.approved,
    orderStatus: "confirmed",
    paymentStatus: "completed",
    stockChange: -2,
  },
  {
    title: "The card is declined",
    card: testCards.declined,
    orderStatus: "cancelled",
    paymentStatus: "failed",
    stockChange: 0,
  },
  {
    title: "The order is paid later",
    card: testCards.approved,
    payLater: true,
    orderStatus: "confirmed",
    paymentStatus: "completed",
    stockChange: -2,
  },
];
