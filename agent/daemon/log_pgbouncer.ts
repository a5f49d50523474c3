// PgBouncer's words for what the log says, line by line, because people have alerts on them.

import { ERRORS } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import { pgbouncerReason } from './pgbouncer_reasons.ts';

/** A line of the log as pino made it. */
export interface LogRecord {
  readonly level: number;
  readonly time: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Spoken {
  readonly level: 'DEBUG' | 'LOG' | 'WARNING' | 'ERROR';
  readonly text: string;
}

/** In place of what pgsidecar says itself. */
const WORDS: Readonly<Record<string, (record: LogRecord) => readonly Spoken[]>> = {
  'client connected': (record) => [say(record, 'LOG', attempt(record))],
  'login refused': (record) => [
    say(record, 'LOG', attempt(record)),
    say(record, 'WARNING', `pooler error: ${record.told ?? record.reason}`),
    ...trueReason(record),
    closed(record, record.told ?? record.reason),
  ],
  'client disconnected': closing,
  'server connected': (record) => [say(record, 'LOG', `new connection to server${from(record.local)}`)],
  'server connection closed': closing,
  'server connection lost': (record) => [closed(record, 'server conn crashed?')],
  'the server ends a connection': (record) => [
    say(record, 'WARNING', `got packet 'E' from server when not linked: ${record.reason}`),
  ],
  'registered new auto-database': ({ database }) => [
    { level: 'LOG', text: `registered new auto-database: ${database}` },
  ],
  'database dropped: it is not served, or nobody has used it for long': ({ database }) => [
    {
      level: 'LOG',
      text: `dropping database '${database}' as it does not exist anymore or inactive auto-database`,
    },
  ],
  'the last admin has left the console while suspended: RESUME': () => [
    { level: 'LOG', text: 'admin disappeared when suspended, doing RESUME' },
  ],
  listening: (record) => [say(record, 'LOG', `listening on ${listeningAt(String(record.address))}`)],
  ready: (record) => [say(record, 'LOG', `process up: pgsidecar ${VERSION}`)],
  stopped: (record) => [say(record, 'LOG', 'server connections dropped, exiting')],
  signal: (record) => [say(record, 'LOG', SIGNALS[String(record.signal)] ?? `got ${record.signal}`)],
};

const SIGNALS: Readonly<Record<string, string>> = {
  SIGHUP: 'got SIGHUP, re-reading config',
  SIGTERM: 'got SIGTERM, shutting down, waiting for all clients disconnect',
  SIGINT: 'got SIGINT, shutting down, waiting for all servers connections to be released',
  SIGQUIT: 'got SIGQUIT, fast exit',
  SIGUSR1: 'got SIGUSR1, pausing all activity',
  SIGUSR2: 'got SIGUSR2, continuing from PAUSE',
};

/** One line for most; a login that is refused makes the three that it makes there. */
export function pgbouncerLines(record: LogRecord): readonly Spoken[] {
  const words = Object.hasOwn(WORDS, record.msg) ? WORDS[record.msg] : undefined;
  if (words !== undefined) return words(record);
  const level = levelOf(record.level);
  if (isPoolerError(record)) return poolerError(record);
  if (isServerLogin(record)) return serverLogin(record);
  return [say(record, level, `${record.msg}${rest(record)}`)];
}

function attempt({ database, user, tls }: LogRecord): string {
  return `login attempt: db=${database ?? '(nodb)'} user=${user || '(nouser)'} tls=${tls ?? 'no'}`;
}

/** The client is told less than the operator. */
function trueReason(record: LogRecord): readonly Spoken[] {
  const { told, reason } = record;
  if (told === undefined || reason === undefined || told === reason) return [];
  const [, missing] = /^user "(.*)" does not exist$/s.exec(String(reason)) ?? [];
  return [say(record, 'LOG', missing === undefined ? `reason: ${reason}` : `no such user: ${missing}`)];
}

function closing(record: LogRecord): readonly Spoken[] {
  return [closed(record, record.reason)];
}

/** The long sentence stands in the `pooler error`. */
function closed(record: LogRecord, reason: unknown): Spoken {
  return say(
    record,
    'LOG',
    `closing because: ${pgbouncerReason(String(reason))} (age=${record.age_s ?? 0}s)`,
  );
}

/** What the agent itself has told a client. */
function isPoolerError({ code, client_pid, source }: LogRecord): boolean {
  return isCode(code) && (client_pid !== undefined || source !== undefined);
}

function poolerError(record: LogRecord): readonly Spoken[] {
  const error = say(record, 'WARNING', `pooler error: ${record.msg}`);
  if (record.database === CONSOLE_DATABASE && record.client_pid !== undefined)
    return [{ level: 'ERROR', text: record.msg }, error];
  // One that was logged in says so itself when it has gone.
  if (record.client_pid !== undefined) return [error];
  const end = closed(record, record.msg);
  // A login that ended before it said who it is made no attempt.
  return record.database === undefined ? [error, end] : [say(record, 'LOG', attempt(record)), error, end];
}

function isServerLogin({ code, failures }: LogRecord): boolean {
  return isCode(code) && failures !== undefined;
}

function serverLogin(record: LogRecord): readonly Spoken[] {
  const isConnect = ['server_unreachable', 'server_timeout', 'server_closed'].includes(String(record.code));
  const [what, why] = isConnect
    ? ['connect failed', 'connect failed']
    : ['server login failed', 'login failed'];
  const server = { ...record, server_pid: record.server_pid ?? 0 };
  // What the server itself said stands there with its severity, and by itself.
  const said = pgbouncerReason(record.msg);
  if (said !== record.msg) return [{ level: 'WARNING', text: `${what}: FATAL ${said}` }, closed(server, why)];
  return [
    say(server, 'WARNING', said.startsWith(`${what}: `) ? said : `${what}: ${said}`),
    closed(server, why),
  ];
}

function isCode(code: unknown): boolean {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

function from(local: unknown): string {
  return local === undefined ? '' : ` (from ${local})`;
}

function listeningAt(address: string): string {
  return address.startsWith('/') || address.startsWith('@') ? `unix:${address}` : address;
}

/** `C-0x2a: app/bob@127.0.0.1:5000 `, `S-0x2a: app/bob@10.0.0.1:5432 `; nothing where it is about neither. */
function say(record: LogRecord, level: Spoken['level'], text: string): Spoken {
  const { client_pid, server_pid, database, user, peer, host, source } = record;
  const isClient = client_pid !== undefined || (peer !== undefined && server_pid === undefined);
  const isServer = server_pid !== undefined;
  if (!isClient && !isServer && source === undefined) return { level, text };
  const number = Number((isServer ? server_pid : client_pid) ?? 0);
  const where = peer ?? host ?? 'unix';
  const who = `${database ?? '(nodb)'}/${user ?? '(nouser)'}@${where}`;
  return { level, text: `${isServer ? 'S' : 'C'}-0x${number.toString(16)}: ${who} ${text}` };
}

const PLACED: ReadonlySet<string> = new Set([
  ...[
    'level',
    'time',
    'msg',
    'pid',
    'client_pid',
    'server_pid',
    'database',
    'user',
    'peer',
    'host',
    'source',
  ],
]);

/** What stands beside a sentence of our own: ` (why=SIGHUP changes=[])`. */
function rest(record: LogRecord): string {
  const fields = Object.entries(record).filter(([name]) => !PLACED.has(name));
  if (fields.length === 0) return '';
  const words = fields.map(([name, value]) => {
    return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return ` (${words.join(' ')})`;
}

/** pino's numbers. */
function levelOf(level: number): Spoken['level'] {
  if (level >= 50) return 'ERROR';
  if (level >= 40) return 'WARNING';
  return level >= 30 ? 'LOG' : 'DEBUG';
}
