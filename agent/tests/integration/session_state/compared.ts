// THE list of what is not compared as it is, each with its reason; and what is looked at when a run ends.

/** The agent comes to PostgreSQL by TCP, the twin by a UNIX socket. */
const NO_TRANSPORT = "name NOT LIKE 'tcp\\_%' ESCAPE '\\'";

export const ALL_SETTINGS = `SELECT name, setting FROM pg_settings WHERE ${NO_TRANSPORT} ORDER BY name`;

/**
 * RESET leaves an empty value of a setting that PostgreSQL does not know, where there was none before, and nobody can undo that
 * but with a new connection. So no value and an empty one are the same here.
 */
export const OWN_SETTING = "SELECT coalesce(current_setting('app.user_id', true), '')";

/** Each client is asked this at the end. */
export const LAST_LOOKS: readonly string[] = [
  ALL_SETTINGS,
  'SELECT current_user, session_user',
  'SELECT current_schemas(false)',
  OWN_SETTING,
];

/*
 * Besides, where it is done:
 *
 * - Process numbers: BackendKeyData is not compared. Of a notification's sender it is told whether it was the listener itself (speaker.ts).
 * - OIDs of what a test has made, and file, line and routine of errors: conversations/trace.ts hides them.
 * - ParameterStatus is compared as a state after each step, not as messages in their places (pair.ts).
 * - At login only the names of ParameterStatus are compared: `German` becomes `German, DMY` once a server has taken it (run.ts).
 * - NotificationResponse is compared channel by channel, in order, once it must have come (pair.ts).
 * - pg_settings is asked for names and values: `source` and `reset_val` say how a server was brought to its state.
 * - pg_prepared_statements and pg_listening_channels() are not asked: they show one server, with the agent's names and everybody's statements.
 * - pg_temp_7: the number is the server's. A server keeps that schema, empty, so that current_schemas(true) is not asked (speaker.ts).
 * - Plans are generic, from the first execution on: how often a server has run a statement depends on who else runs it (world.ts).
 * - Every server has loaded plpgsql and has its schema for temporary objects from the beginning: both stay, and show (world.ts).
 * - Sequences have no cache: it is a server's, and nobody was ever promised numbers without gaps.
 */
