import sql from "postgres";
import { type SqlServiceName, services, sqlServiceNames } from "../../../services/_contracts/services";
import type { Secrets } from "../config/secrets";
import { UserError } from "../user-error";
import type { StoreUrls } from "./store-urls";

/**
 * Creates two roles and one database for each service with an embedded database. `<svc>_owner` owns the database and
 * migrates it. The service itself is `<svc>_app`: it reads and writes rows, cannot change tables, and cannot connect to
 * other services' databases. Runs at every start, to complete a start that was interrupted.
 */
export async function preparePostgres(stores: StoreUrls, secrets: Secrets): Promise<void> {
  const embedded = sqlServiceNames.filter((service) => !stores.sql[service].external);
  await withClient(stores.postgresRoot, async (db) => {
    await db.unsafe("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC");
    for (const service of embedded) {
      for (const role of ["owner", "app"] as const) {
        const name = `${service}_${role}`;
        const [existing] = await db`SELECT 1 FROM pg_roles WHERE rolname = ${name}`;
        if (!existing) await db.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD '${secrets.stores[service][role]}'`);
      }
      const [existing] = await db`SELECT 1 FROM pg_database WHERE datname = ${services[service].database}`;
      if (!existing) await db.unsafe(`CREATE DATABASE ${services[service].database} OWNER ${service}_owner`);
    }
  });
  await Promise.all(embedded.map((service) => grant(stores.postgresRoot, service, services[service].database)));
}

/**
 * Creates an empty database with a service's own roles, for tests. Replaces a database of this name.
 * @throws UserError when the name is reserved or not a plain identifier
 */
export async function recreateDatabase(rootUrl: string, service: SqlServiceName, name: string): Promise<void> {
  const reserved = ["postgres", "template0", "template1", ...sqlServiceNames.map((name) => services[name].database)];
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name) || reserved.includes(name)) {
    throw new UserError(`"${name}" cannot be the name of an extra database`);
  }
  await withClient(rootUrl, async (db) => {
    await db.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await db.unsafe(`CREATE DATABASE ${name} OWNER ${service}_owner`);
  });
  await grant(rootUrl, service, name);
}

async function grant(rootUrl: string, service: SqlServiceName, database: string): Promise<void> {
  const url = new URL(rootUrl);
  url.pathname = `/${database}`;
  const owner = `${service}_owner`;
  const app = `${service}_app`;
  await withClient(url.href, async (db) => {
    await db.unsafe(`
      REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
      GRANT CONNECT, TEMPORARY ON DATABASE ${database} TO ${app};
      ALTER SCHEMA public OWNER TO ${owner};
      REVOKE ALL ON SCHEMA public FROM PUBLIC;
      GRANT USAGE ON SCHEMA public TO ${app};
      ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT USAGE ON SCHEMAS TO ${app};
      ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${app};
      ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT USAGE, SELECT ON SEQUENCES TO ${app};
    `);
  });
}

async function withClient(url: string, work: (db: sql.Sql) => Promise<void>): Promise<void> {
  const db = sql(url, { max: 1, connect_timeout: 10, fetch_types: false, onnotice: () => {} });
  try {
    await work(db);
  } finally {
    await db.end({ timeout: 2 });
  }
}
