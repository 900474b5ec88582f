import { MongoClient } from "mongodb";
import postgres from "postgres";
import { type SqlServiceName, services } from "../../../services/_contracts/services";
import type { OrderDocument } from "../../../services/order/store/documents";
import { stack } from "../stack";

/** A connection to the service's database with the rights of an administrator. */
export function openDatabase(service: SqlServiceName) {
  const url = Object.assign(new URL(stack.adminUrls.postgres), { pathname: `/${services[service].database}` });
  return postgres(url.href, { max: 2 });
}

export type Stores = ReturnType<typeof openStores>;

/** The services' stores, read directly and not through the services. */
export function openStores() {
  const payments = openDatabase("payment");
  const inventory = openDatabase("inventory");
  const notifications = openDatabase("notification");
  const mongo = new MongoClient(stack.adminUrls.mongo);
  const orderDatabase = mongo.db(services.order.database);
  return {
    payments,
    inventory,
    notifications,
    orderDatabase,
    orders: orderDatabase.collection<OrderDocument>("orders"),
    orderHistory: orderDatabase.collection<{ _id: string }>("order_history"),
    async close() {
      await Promise.all([payments.end(), inventory.end(), notifications.end(), mongo.close()]);
    },
  };
}
