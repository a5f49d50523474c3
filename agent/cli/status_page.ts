// A Snapshot as a page that a person reads: pure text.

import type { PoolSnapshot, ReloadSnapshot, Snapshot } from '../observe/snapshot.ts';
import { paint } from './paint.ts';
import { textTable } from './text_table.ts';

export function statusPage(snapshot: Snapshot, colours: boolean): string {
  const blocks = [
    [heading(snapshot, colours)],
    facts(snapshot, colours),
    ['Databases', ...databaseLines(snapshot)],
    ['Pools', ...poolLines(snapshot, colours)],
    warningLines(snapshot, colours),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

function heading({ version, state, pid, uptimeMs, startedAt }: Snapshot, colours: boolean): string {
  const word = paint(colours, state === 'running' ? 'green' : 'yellow', state);
  return `pgsidecar ${version} is ${word}: process ${pid}, up ${printAge(uptimeMs)} (since ${printTime(startedAt)})`;
}

function facts(snapshot: Snapshot, colours: boolean): string[] {
  const { listeners, clients, logins, memoryBytes, statements, lastReload } = snapshot;
  const addresses = listeners.map((each) => each.address).join(', ') || 'nowhere';
  const loggingIn = clients.loggingIn === 0 ? '' : `, ${clients.loggingIn} logging in`;
  return [
    `Listening  ${addresses}`,
    `Clients    ${clients.connected} of ${clients.limit}${loggingIn}`,
    `Logins     ${logins.succeeded} succeeded, ${logins.failed} failed`,
    `Memory     ${(memoryBytes / 1024 ** 2).toFixed(1)} MB, ${statements} prepared statements known`,
    ...logLines(snapshot.log, colours),
    ...internalErrorLines(snapshot.internalErrors, colours),
    ...(lastReload === undefined ? [] : reloadLines(lastReload, snapshot, colours)),
  ];
}

function logLines({ linesLost, failure }: Snapshot['log'], colours: boolean): string[] {
  if (linesLost === 0 && failure === undefined) return [];
  const now = failure === undefined ? '' : paint(colours, 'red', `, cannot be written: ${failure}`);
  return [`Log        ${linesLost} lines lost${now}`];
}

function internalErrorLines({ total, paths }: Snapshot['internalErrors'], colours: boolean): string[] {
  if (total === 0) return [];
  const lines = paths.map(({ path, count, message }) => `             ${count} at ${path}: ${message}`);
  return [`${paint(colours, 'red', 'Errors')}     ${total} internal errors, please report them`, ...lines];
}

function reloadLines(reload: ReloadSnapshot, { startedAt, uptimeMs }: Snapshot, colours: boolean): string[] {
  const age = printAge(startedAt + uptimeMs - reload.at);
  const verdict = reload.ok
    ? reload.changes.length === 0
      ? 'nothing had changed'
      : 'applied'
    : paint(colours, 'red', 'refused, the settings before it stay in force');
  const lines = [...reload.changes, ...reload.problems].map((line) => `             ${line}`);
  return [`Reload     ${age} ago (${reload.why}): ${verdict}`, ...lines];
}

function databaseLines({ databases }: Snapshot): string[] {
  const rows = databases.map((each) => [
    each.name,
    each.role,
    `${serverOf(each.host, each.port)}/${each.dbname}`,
    each.user,
    each.sslmode,
    each.origin,
    [each.paused ? 'paused' : '', each.disabled ? 'disabled' : ''].filter((word) => word !== '').join(', '),
  ]);
  return textTable(['NAME', 'ROLE', 'SERVER', 'USER', 'TLS', 'FROM', ''], rows);
}

/** `a:5432,b:5432`. */
function serverOf(host: string, port: string): string {
  const ports = port.split(',');
  return host
    .split(',')
    .map((each, index) => `${each}:${ports[index] ?? ports[0]}`)
    .join(',');
}

function poolLines({ pools }: Snapshot, colours: boolean): string[] {
  if (pools.length === 0) return ['  none yet: a pool begins with its first client'];
  const header = [
    'DATABASE',
    'USER',
    'MODE',
    'CLIENTS',
    'WAITING',
    'LONGEST',
    'ACTIVE',
    'IDLE',
    'LOGIN',
    'OF',
    '',
  ];
  const rows = pools.map((pool) => [
    pool.database,
    pool.user,
    pool.mode,
    pool.clients,
    pool.clientsWaiting,
    pool.clientsWaiting === 0 ? '-' : printAge(pool.maxWaitMs),
    pool.serversActive,
    pool.serversIdle + (pool.serversTested ?? 0) + pool.serversCleaning + pool.serversBeingCanceled,
    pool.serversLogin,
    pool.poolSize,
    wordsOf(pool),
  ]);
  const errors = pools
    .filter((pool) => pool.lastError !== undefined)
    .map((pool) => `  ${paint(colours, 'red', `${pool.database} as ${pool.user}:`)} ${pool.lastError}`);
  return [...textTable(header, rows), ...errors];
}

function wordsOf(pool: PoolSnapshot): string {
  const leaks = pool.statistics?.leaks ?? 0;
  const found = leaks === 0 ? '' : `${leaks} ${leaks === 1 ? 'leak' : 'leaks'} found`;
  return [pool.paused ? 'paused' : '', pool.removed ? 'removed' : '', pinnedOf(pool), found]
    .filter((word) => word !== '')
    .join(', ');
}

/** `2 pinned (advisory_lock=2)`. An agent that is older says nothing of it. */
function pinnedOf({ clientsPinned = 0, pins = [] }: PoolSnapshot): string {
  if (clientsPinned === 0) return '';
  const reasons = pins.map(({ pin, clients }) => `${pin}=${clients}`);
  return `${clientsPinned} pinned (${reasons.join(' ')})`;
}

function warningLines({ warnings }: Snapshot, colours: boolean): string[] {
  return warnings.map((warning) => `${paint(colours, 'yellow', 'warning:')} ${warning}`);
}

/** The two largest units: `3d 4h`, `2min 5s`, `450ms`. */
export function printAge(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const;
  const first = units.findIndex(([, worth]) => ms >= worth);
  let rest = ms;
  const words = units.slice(first, first + 2).map(([unit, worth]) => {
    const amount = Math.floor(rest / worth);
    rest -= amount * worth;
    return amount === 0 ? '' : `${amount}${unit}`;
  });
  return words.filter((word) => word !== '').join(' ');
}

/** `2026-11-21 03:12:45 UTC`. */
function printTime(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}
