import { type ServiceName, type SqlServiceName, sqlServiceNames } from "../../../services/_contracts/services";
import { connectionsMax as mongoPool } from "../../../services/_kit/stores/mongo";
import { connectionsMax as inventoryPool } from "../../../services/inventory/config";
import { connectionsMax as notificationPool } from "../../../services/notification/config";
import { connectionsMax as paymentPool } from "../../../services/payment/config";
import { connectionsMax as userPool } from "../../../services/user/config";
import { ofKind, scalers } from "./objects";
import type { K8sObject } from "./render";

/** Connections of one instance to PostgreSQL. */
const sqlPools: Record<SqlServiceName, number> = {
  user: userPool,
  payment: paymentPool,
  inventory: inventoryPool,
  notification: notificationPool,
};
/** A migration has two connections; `ops` has one to each store, and so has a person who looks for the cause of an outage. */
const others = { migration: 2, ops: 1, person: 1 };
/** Those that PostgreSQL keeps for superusers (3), and what the operator and its metrics use. */
const reservedByPostgres = 10;
/** The driver of MongoDB watches each member with two connections besides its pool; members watch each other. */
const mongoMonitors = 2;
const reservedByMongo = 20;

/** What a store of the overlay is asked for at most, and what it allows. */
export type Capacity = { store: string; needed: number; allowed: number };

export function capacities(objects: K8sObject[]): Capacity[] {
  const sql = sqlServiceNames.map((service) => ({
    service,
    needed: instancesMax(objects, service) * sqlPools[service] + sum(Object.values(others)),
  }));
  const mongo =
    instancesMax(objects, "order") * (mongoPool + mongoMonitors) + sum(Object.values(others)) + reservedByMongo;
  return [...postgresCapacities(objects, sql), { store: "mongo", needed: mongo, allowed: mongoAllows(objects) }];
}

/** In overlay local one PostgreSQL serves all; elsewhere each service has a cluster. */
function postgresCapacities(objects: K8sObject[], sql: { service: string; needed: number }[]): Capacity[] {
  const shared = ofKind(objects, "StatefulSet").find(({ metadata }) => metadata.name === "postgres");
  if (shared) {
    const argument = /max_connections=(\d+)/.exec(JSON.stringify(shared.spec))?.[1];
    const needed = sum(sql.map(({ needed }) => needed)) + reservedByPostgres;
    return [{ store: "postgres", needed, allowed: Number(argument) }];
  }
  return sql.map(({ service, needed }) => {
    const cluster = ofKind(objects, "Cluster").find(({ metadata }) => metadata.name === `${service}-db`);
    const allowed = Number(cluster?.spec.postgresql.parameters.max_connections);
    return { store: `${service}-db`, needed: needed + reservedByPostgres, allowed };
  });
}

/** MongoDB allows 65,536 connections unless told otherwise. */
function mongoAllows(objects: K8sObject[]): number {
  const config = ofKind(objects, "MongoDBCommunity")[0]?.spec.additionalMongodConfig;
  return config ? Number(config["net.maxIncomingConnections"]) : 65_536;
}

/** The pods of a service at most: the autoscaler's limit, and those that a rollout adds. */
function instancesMax(objects: K8sObject[], service: ServiceName): number {
  const deployment = ofKind(objects, "Deployment").find(({ metadata }) => metadata.name === service) as K8sObject;
  const surge: number = deployment.spec.strategy.rollingUpdate.maxSurge;
  return Math.max(...scalers(objects, deployment).map(({ max }) => max)) + surge;
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
