// The name of the console, as a client asks for it. It is a database that no server has.

/** As PgBouncer's: every script and exporter asks for this one. No database that is served may have the name. */
export const CONSOLE_DATABASE = 'pgbouncer';
