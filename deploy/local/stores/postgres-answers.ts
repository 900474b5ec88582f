import sql from "postgres";
import { UserError } from "../user-error";

const PASSWORD_REFUSED = "28P01";

/**
 * Whether PostgreSQL answers.
 * @param advice what to do when its data was created with another password
 * @throws UserError in that case
 */
export async function postgresAnswers(url: string, advice: string): Promise<boolean> {
  const client = sql(url, { max: 1, connect_timeout: 5, fetch_types: false, onnotice: () => {} });
  try {
    await client`select 1`;
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === PASSWORD_REFUSED) {
      throw new UserError(`PostgreSQL refuses its password, which belongs to other data: ${advice}`);
    }
    throw error;
  } finally {
    await client.end({ timeout: 1 });
  }
}
