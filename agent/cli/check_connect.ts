// `pgsidecar check --connect`: what each server says of itself, held against the configured pools. Pure, but for the probe.

import { secretKind } from '../auth/secret_kind.ts';
import { AgentError } from '../base/errors.ts';
import { isSocketHost, socketPath } from '../base/socket_host.ts';
import { MAINTENANCE_DATABASE } from '../config/any_database.ts';
import type { DatabaseSettings, HostSettings, Settings } from '../config/settings.ts';
import type { ServerProbe } from '../daemon/probe.ts';

/** Logs in to one host of the database as its user, asks, and hangs up. Throws AgentError. */
export type ProbeServer = (
  database: DatabaseSettings,
  host: HostSettings,
  settings: Settings,
) => Promise<ServerProbe>;

/** One login. */
export interface ConnectReport {
  readonly database: string;
  /** `writer.example.com:5432`. */
  readonly server: string;
  readonly probe: ServerProbe | undefined;
  /** Whole days; negative when it is over. */
  readonly certificateDaysLeft: number | undefined;
  readonly error: AgentError | undefined;
  readonly warnings: readonly string[];
}

/** Certificates are renewed by then, or forgotten. */
const CERTIFICATE_DAYS_FEW = 21;
const DAY_MS = 86_400_000;

/** Every host of every database, one after the other: a check must not be what fills the server. */
export async function connectReports(
  settings: Settings,
  probe: ProbeServer,
  nowMs: number,
): Promise<readonly ConnectReport[]> {
  const reports: ConnectReport[] = [];
  for (const database of Object.values(settings.databases)) {
    for (const host of database.hosts) reports.push(await reportOn(database, host, settings, probe, nowMs));
  }
  return reports;
}

async function reportOn(
  database: DatabaseSettings,
  host: HostSettings,
  settings: Settings,
  probe: ProbeServer,
  nowMs: number,
): Promise<ConnectReport> {
  const report = { database: database.name, server: printHost(host) };
  const visitor = visitorOf(database, settings);
  if (typeof visitor === 'string')
    return {
      ...report,
      probe: undefined,
      certificateDaysLeft: undefined,
      error: undefined,
      warnings: [visitor],
    };
  try {
    const found = await probe(visitor, host, settings);
    const daysLeft =
      found.certificateNotAfter === undefined
        ? undefined
        : Math.floor((found.certificateNotAfter - nowMs) / DAY_MS);
    const warnings = [
      ...certificateWarnings(daysLeft),
      ...roleWarnings(database, found),
      ...sizeWarnings(host, settings, found),
    ];
    return { ...report, probe: found, certificateDaysLeft: daysLeft, error: undefined, warnings };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { ...report, probe: undefined, certificateDaysLeft: undefined, error, warnings: [] };
  }
}

/**
 * As whom, and where, to log in for a look: where everybody comes as himself, as the first who has a password that logs in
 * by itself. A sentence where there is nobody.
 */
function visitorOf(database: DatabaseSettings, settings: Settings): DatabaseSettings | string {
  const dbname = database.dbname || MAINTENANCE_DATABASE;
  if (database.user !== '') return { ...database, dbname };
  const asker = database.auth?.user;
  // Whoever is there for the console may have no role at the server.
  const operators = [...settings.admin_users, ...settings.stats_users];
  const rank = (name: string): number => (name === asker ? 0 : operators.includes(name) ? 2 : 1);
  const users = Object.values(settings.users).toSorted((a, b) => rank(a.name) - rank(b.name));
  const visitor = users.find(
    ({ databases, secret }) =>
      (databases.includes('*') || databases.includes(database.name)) &&
      secret !== undefined &&
      secretKind(secret) === 'plain',
  );
  if (visitor === undefined)
    return 'nobody looked: every client logs in as himself, and no password is known that would do';
  return { ...database, dbname, user: visitor.name, password: visitor.secret };
}

function certificateWarnings(daysLeft: number | undefined): string[] {
  if (daysLeft === undefined || daysLeft >= CERTIFICATE_DAYS_FEW) return [];
  return [
    daysLeft < 0
      ? `its certificate ended ${printDays(-daysLeft)} ago`
      : `its certificate ends in ${printDays(daysLeft)}`,
  ];
}

export function printDays(days: number): string {
  return Math.abs(days) === 1 ? `${days} day` : `${days} days`;
}

/** Of several hosts some may well be standbys now; a single one is meant to be the writer. */
function roleWarnings(database: DatabaseSettings, { isStandby }: ServerProbe): string[] {
  if (!isStandby || database.role !== 'writer' || database.hosts.length > 1) return [];
  return ['it is a standby, and the application means to write there'];
}

function sizeWarnings(host: HostSettings, settings: Settings, found: ServerProbe): string[] {
  const free = found.maxConnections - found.reservedConnections;
  const wanted = serverConnectionsMax(settings, host);
  if (wanted <= free) return [];
  return [
    `the pools may open ${wanted} connections, and it takes ${free} (max_connections ${found.maxConnections}, ${found.reservedConnections} reserved)`,
  ];
}

/** Every pool of every database on that host, full: what this one agent may ever ask of the server. */
export function serverConnectionsMax(settings: Settings, host: HostSettings): number {
  const there = Object.values(settings.databases).filter((database) =>
    database.hosts.some((each) => each.host === host.host && each.port === host.port),
  );
  return there.reduce((sum, database) => sum + databaseConnectionsMax(settings, database), 0);
}

/** One pool for each user that may ask for it, within the limits of the database and of the user. */
function databaseConnectionsMax(settings: Settings, database: DatabaseSettings): number {
  const users = Object.values(settings.users).filter(
    (user) => user.databases.includes('*') || user.databases.includes(database.name),
  );
  const { poolSize, reservePoolSize } = database;
  const limits = users.map((user) => {
    const size = (user.poolSize ?? poolSize) + (user.reservePoolSize ?? reservePoolSize);
    return atMost(size, user.maxUserConnections);
  });
  const all =
    database.forceUser || users.length === 0 ? poolSize + reservePoolSize : limits.reduce((a, b) => a + b, 0);
  return atMost(all, database.maxDbConnections);
}

/** A limit of 0 is none. */
function atMost(wanted: number, limit: number): number {
  return limit === 0 ? wanted : Math.min(wanted, limit);
}

export function printHost({ host, port }: HostSettings): string {
  return isSocketHost(host) ? socketPath(host, port) : `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
