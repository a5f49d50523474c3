// The libraries whose reading of a connection URL we know, by the name that `--for` takes.

/** `libpq` is psql, psycopg, pgx, sqlx and most others; `node` is node-postgres (and Prisma, Knex, Sequelize, Drizzle upon it). */
export const LIBRARIES = ['libpq', 'rails', 'sqlalchemy', 'django', 'node', 'postgres.js'] as const;

export type Library = (typeof LIBRARIES)[number];

export function isLibrary(name: string): name is Library {
  return (LIBRARIES as readonly string[]).includes(name);
}
