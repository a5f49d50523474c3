// What PgBouncer does otherwise with a file that was written for it: sentences for whoever reads that file.

import type { DatabaseSettings, Settings, UserSettings } from '../config/settings.ts';
import { mayUse } from './pgbouncer_lines.ts';

/** What PgBouncer 1.18 does otherwise, for whoever reads the file. */
export function notesOf(settings: Settings, newer: boolean): string[] {
  const databases = Object.values(settings.databases);
  const named = (wanted: (database: DatabaseSettings) => boolean) =>
    databases
      .filter(wanted)
      .map((database) => database.name)
      .join(', ');
  const several = named(
    ({ hosts, loadBalanceHosts }) => !newer && hosts.length > 1 && loadBalanceHosts === 'disable',
  );
  const timed = named(
    (database) =>
      (!newer &&
        (database.queryWaitTimeoutMs !== settings.query_wait_timeout ||
          database.serverLifetimeMs !== settings.server_lifetime)) ||
      database.connectTimeoutMs !== settings.server_connect_timeout,
  );
  const users = (wanted: (user: UserSettings) => boolean) =>
    Object.values(settings.users)
      .filter(wanted)
      .map((user) => user.name)
      .join(', ');
  const unasked = settings.auth_user === '' ? '' : named((database) => database.auth === undefined);
  const rotated = users((user) => user.nextSecret !== undefined);
  const ending = users((user) => user.validUntil !== undefined);
  const crowded = named(
    ({ maxDbClientConnections }) => !newer && maxDbClientConnections !== settings.max_db_client_connections,
  );
  const own = Object.values(settings.users).filter((user) => !newer && hasOwnTerms(user, settings));
  const limited = Object.values(settings.users).some((user) => databases.some((each) => !mayUse(user, each)));
  return [
    ...(several === ''
      ? []
      : [`Hosts of ${several}: pgsidecar tries them in order, PgBouncer goes round them.`]),
    ...(timed === ''
      ? []
      : [`Times of ${timed}: pgsidecar has some of its own there, PgBouncer has one for all.`]),
    ...(rotated === ''
      ? []
      : [
          `Passwords of ${rotated}: pgsidecar takes a second one while they are rotated, PgBouncer does not.`,
        ]),
    ...(ending === '' ? [] : [`valid_until of ${ending}: PgBouncer lets them in for ever.`]),
    ...(crowded === ''
      ? []
      : [`Clients of ${crowded}: pgsidecar has a limit of their own, PgBouncer 1.18 has none.`]),
    ...(own.length === 0
      ? []
      : [
          `Users ${own.map(({ name }) => name).join(', ')}: pgsidecar has sizes or times of their own, PgBouncer 1.18 has only pool_mode and max_user_connections.`,
        ]),
    ...(unasked === ''
      ? []
      : [`Databases ${unasked}: PgBouncer asks auth_query there too, for who is in no file.`]),
    ...(limited ? ['Users: PgBouncer lets each of them ask for every database; the server decides.'] : []),
  ];
}

/** [peers] is there since 1.19. */
export function peerNotes({ peers }: Settings, newer: boolean): string[] {
  const ids = Object.keys(peers);
  if (newer || ids.length === 0) return [];
  return [`Peers ${ids.join(', ')}: PgBouncer 1.18 passes no cancel request on to another one.`];
}

/** What `[users]` of PgBouncer 1.18 cannot say. */
function hasOwnTerms(user: UserSettings, settings: Settings): boolean {
  return (
    user.maxUserClientConnections !== settings.max_user_client_connections ||
    [
      user.poolSize,
      user.reservePoolSize,
      user.queryWaitTimeoutMs,
      user.queryTimeoutMs,
      user.transactionTimeoutMs,
      user.idleTransactionTimeoutMs,
      user.clientIdleTimeoutMs,
    ].some((each) => each !== undefined)
  );
}
