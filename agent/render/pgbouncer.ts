// Settings as pgbouncer.ini and userlist.txt: what PgBouncer 1.18 reads, or a refusal where it has no such meaning.

import ini from '../../templates/pgbouncer/pgbouncer.ini.mustache' with { type: 'text' };
import userlist from '../../templates/pgbouncer/userlist.txt.mustache' with { type: 'text' };
import { printOctal } from '../base/units.ts';
import type { Settings } from '../config/settings.ts';
import { DEFAULTS, rowOf, SETTING_NAMES, type SettingName, type SettingValues } from '../config/table.ts';
import { databaseLine, needsPassword, type Pair, peerLine, tlsOf, userLine } from './pgbouncer_lines.ts';
import { notesOf, peerNotes } from './pgbouncer_notes.ts';
import { INI, iniMasker, iniText, refusal, USERLIST, userlistMask, userlistWord } from './pgbouncer_text.ts';
import type { WantedFile } from './plan.ts';
import { hasSecret } from './secrets.ts';
import { fill, Quoted } from './template.ts';

export interface PgbouncerWishes {
  /** Where userlist.txt will be, for auth_file; empty when nobody knows. */
  readonly directory: string;
  /** The machine's own CAs: PgBouncer knows no `system`. */
  readonly systemCaFile: string;
  /** In the words of PgBouncer 1.24 and newer, at which an older one stops; otherwise those are comments. */
  readonly newer?: boolean;
  /** The settings were read from an ini, which says all that a PgBouncer needs to be told. */
  readonly fromIni?: boolean;
}

export function renderPgbouncer(settings: Settings, wishes: PgbouncerWishes): readonly WantedFile[] {
  const { newer = false, fromIni = false } = wishes;
  const passwords = passwordsOf(settings);
  const databases = Object.values(settings.databases);
  const users = Object.values(settings.users).map((user) => userLine(user, settings, newer));
  const peers = newer ? Object.entries(settings.peers).map(([id, peer]) => peerLine(id, peer)) : [];
  const iniFile = fill(ini, {
    version: new Quoted(newer ? '1.24' : '1.18'),
    notes: [...notesOf(settings, newer), ...peerNotes(settings, newer), ...caNotes(settings, wishes)].map(
      (text) => ({
        text: new Quoted(text),
      }),
    ),
    databases: databases.map((database) => databaseLine(database, settings, passwords, newer)),
    users: listed(users.filter((each) => each !== undefined)),
    peers: listed(peers),
    settings: settingPairs(settings, wishes, (name) => newer || !NEWER.has(name)),
    newer: newer ? undefined : listed(settingPairs(settings, wishes, (name) => NEWER.has(name))),
  });
  const forced = databases.some((database) => needsPassword(database, passwords));
  const files = [{ name: INI, text: iniFile, secret: forced, mask: iniMasker(iniFile) }];
  if (!hasUserlist(settings, wishes)) return files;
  const text = userlistText(settings, passwords, fromIni);
  return [...files, { name: USERLIST, text, secret: hasSecret(settings), mask: userlistMask }];
}

function caNotes(settings: Settings, { fromIni, systemCaFile }: PgbouncerWishes): string[] {
  const { server_tls_sslmode: mode, server_tls_ca_file: file } = tlsOf(settings);
  if (fromIni !== true || file !== 'system' || !mode.startsWith('verify')) return [];
  return [
    `server_tls_sslmode ${mode}: PgBouncer has no CAs of its own; write server_tls_ca_file = ${systemCaFile}`,
  ];
}

function userlistText(settings: Settings, passwords: ReadonlyMap<string, string>, fromIni: boolean): string {
  const lines = [...passwords].flatMap(([name, secret]) => {
    // Two lines are how an ini has two while they are rotated; PgBouncer takes the last.
    const next = fromIni ? settings.users[name]?.nextSecret?.open() : undefined;
    return [secret, ...(next === undefined ? [] : [next])].map((each) => ({
      name: userlistWord(name, name),
      secret: userlistWord(each, name),
    }));
  });
  return fill(userlist, { users: lines });
}

/** PgBouncer has one list for both sides: what clients prove, and what it logs in with. */
function passwordsOf(settings: Settings): Map<string, string> {
  const passwords = new Map<string, string>();
  for (const user of Object.values(settings.users)) {
    if (user.secret !== undefined) passwords.set(user.name, user.secret.open());
  }
  // A verifier cannot log in to a server, the password that belongs to it can do both.
  for (const { user, password, admitsUser } of Object.values(settings.databases)) {
    if (admitsUser === false) continue;
    const known = passwords.get(user);
    if (password !== undefined && (known === undefined || isVerifier(known)))
      passwords.set(user, password.open());
  }
  return passwords;
}

function isVerifier(secret: string): boolean {
  return secret.startsWith('SCRAM-SHA-256$') || /^md5[0-9a-f]{32}$/.test(secret);
}

/** Settings that came after 1.18, which stops at a name that it does not know. */
export const NEWER: ReadonlySet<string> = new Set([
  'max_prepared_statements',
  'peer_id',
  'track_extra_parameters',
  'max_db_client_connections',
  'max_user_client_connections',
  'cancel_wait_timeout',
  'query_wait_notify',
  'scram_iterations',
  'transaction_timeout',
  'auth_ident_file',
  'auth_dbname',
  'pool_idle_timeout',
  'login_notify_message',
  'peer_id',
]);

/** Settings at our default too: PgBouncer's are others. */
function settingPairs(
  settings: Settings,
  wishes: PgbouncerWishes,
  wanted: (name: SettingName) => boolean,
): Pair[] {
  if (settings.auth_type === 'peer') {
    throw refusal('auth_type peer', 'the agent', INI, 'PgBouncer has it in an auth_hba_file only');
  }
  const values: Partial<Record<SettingName, string>> = {
    ...tlsOf(settings),
    auth_file: hasUserlist(settings, wishes) ? authFile(wishes) : '',
  };
  // pgsidecar lets every startup parameter follow its client; PgBouncer turns away what it does not know. Drivers send this one.
  const ignored = new Set([
    ...settings.ignore_startup_parameters,
    ...(wishes.fromIni ? [] : ['extra_float_digits']),
  ]);
  values.ignore_startup_parameters = [...ignored].join(', ');
  // Of an ini it is what nobody said: a note tells of it, where it matters.
  if (values.server_tls_ca_file === 'system')
    values.server_tls_ca_file = wishes.fromIni ? '' : wishes.systemCaFile;
  // What both have where nobody says it need not be said, and an older one may not know its name.
  const isSaid = (name: SettingName, value: string) =>
    wishes.newer !== true || rowOf(name).pgbouncerDefault !== undefined || value !== iniValue(name, DEFAULTS);
  const isAsked = Object.values(settings.databases).some((each) => each.auth !== undefined);
  const asksServers = isAsked || (wishes.fromIni === true && settings.auth_query !== DEFAULTS.auth_query);
  return SETTING_NAMES.filter((name) => rowOf(name).pgbouncer !== undefined && wanted(name)).flatMap(
    (name) => {
      const value = values[name] ?? iniValue(name, settings);
      // An empty file name is not "none" to PgBouncer, but a file that it cannot open.
      if (value === '' && rowOf(name).default === '') return [];
      if (value === '' && MAY_NOT_BE_EMPTY.test(name)) return [];
      if ((name === 'auth_query' && !asksServers) || !isSaid(name, value)) return [];
      const key = rowOf(name).pgbouncer;
      return [{ key: new Quoted(typeof key === 'string' ? key : name), value: iniText(name, value) }];
    },
  );
}

const MAY_NOT_BE_EMPTY = /(_file|_ciphers|_group|listen_addr|auth_user|auth_dbname|logfile|pidfile|^user)$/;

/** An ini may have no list at all, where everybody is let in or asked for. */
function hasUserlist(settings: Settings, { fromIni }: PgbouncerWishes): boolean {
  return fromIni !== true || settings.auth_file !== '' || passwordsOf(settings).size > 0;
}

function authFile(wishes: PgbouncerWishes): string {
  return wishes.directory === '' ? USERLIST : `${wishes.directory.replace(/\/$/, '')}/${USERLIST}`;
}

/** In PgBouncer's units: seconds (milliseconds where the row says so), bytes, 0 and 1. */
function iniValue(name: SettingName, settings: SettingValues): string {
  const value = settings[name];
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value !== 'number') return String(value);
  const { type } = rowOf(name);
  if (type === 'octal') return printOctal(value);
  if (type !== 'duration') return String(value);
  if (rowOf(name).bareUnit === 'ms') return String(value);
  // The operating system counts keepalives in whole seconds, and PgBouncer reads no others there.
  return String(name.startsWith('tcp_keep') ? Math.ceil(value / 1000) : value / 1000);
}

function listed<T>(list: readonly T[]): { readonly list: readonly T[] } | undefined {
  return list.length === 0 ? undefined : { list };
}
