// The database `*`: what stands for every name that is not listed, as PgBouncer has it.

import type { DatabaseSettings, Settings } from './settings.ts';

/** Its name where it is written. */
export const ANY_DATABASE = '*';

/** What every PostgreSQL has, where `*` has no name to go by. */
export const MAINTENANCE_DATABASE = 'postgres';

/** Of a name that a client asks for: the database of that name, else what `*` makes of it. A login's work, not a query's. */
export function databaseNamed(
  { databases }: Pick<Settings, 'databases'>,
  name: string,
): DatabaseSettings | undefined {
  if (entryName({ databases }, name) !== ANY_DATABASE) return databases[name];
  const any = Object.hasOwn(databases, ANY_DATABASE) ? databases[ANY_DATABASE] : undefined;
  if (any === undefined) return undefined;
  const { dbname, auth } = any;
  return {
    ...any,
    name,
    dbname: dbname || name,
    isAny: true,
    ...(auth === undefined ? {} : { auth: { ...auth, database: auth.database || name } }),
  };
}

/** The name under which the settings have it: its own, or that of `*`. */
export function entryName({ databases }: Pick<Settings, 'databases'>, name: string): string {
  return name !== ANY_DATABASE && Object.hasOwn(databases, name) ? name : ANY_DATABASE;
}

/** Those that have a name of their own. */
export function namedDatabases({ databases }: Pick<Settings, 'databases'>): readonly DatabaseSettings[] {
  return Object.values(databases).filter(({ name }) => name !== ANY_DATABASE);
}
