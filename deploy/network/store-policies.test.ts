import { expect, test } from "bun:test";
import { anyManagedStore, managedStorePolicies } from "./store-policies";

test("outside of the cluster, each program reaches the ports of its own stores", () => {
  const egress = managedStorePolicies().map(({ metadata, spec }) => [metadata.name, spec.egress]);
  const rules = (...ports: number[]) => [
    { to: [{ ipBlock: { cidr: anyManagedStore } }], ports: ports.map((port) => ({ protocol: "TCP", port })) },
  ];
  expect(Object.fromEntries(egress)).toEqual({
    "user-managed-stores": rules(5432, 6379),
    "order-managed-stores": rules(27017, 6379),
    "payment-managed-stores": rules(5432, 6379),
    "inventory-managed-stores": rules(5432, 6379),
    "notification-managed-stores": rules(5432, 6379),
    "ops-managed-stores": rules(5432, 27017, 6379),
    "user-migration-managed-stores": rules(5432),
    "order-migration-managed-stores": rules(27017),
    "payment-migration-managed-stores": rules(5432),
    "inventory-migration-managed-stores": rules(5432),
    "notification-migration-managed-stores": rules(5432),
  });
});
