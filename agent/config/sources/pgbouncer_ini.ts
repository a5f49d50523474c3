// Reads pgbouncer.ini as PgBouncer does: [pgbouncer], [databases], [users] and [peers], in the words of the settings table.

import { resolve } from 'node:path/posix';
import { type Problem, problem } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { type Origin, printOrigin } from '../../base/origin.ts';
import { CONSOLE_DATABASE } from '../console_database.ts';
import { isPeerId, PEER_ID_EXPECTED } from '../resolve_peers.ts';
import type { DatabaseDraft, Located, PeerDraft, SourceIo, SourceReading, UserDraft } from '../source.ts';
import { DATABASE_KEYS, USER_KEYS } from '../table/keys.ts';
import type { KeyRow } from '../table/row.ts';
import { isSettingName, rowOf, type SettingName } from '../table.ts';
import { readPairs } from './pgbouncer_conninfo.ts';
import { type IniLine, iniPath, readIniText } from './pgbouncer_ini_text.ts';
import {
  DATABASE_NAMES,
  GLOBAL_NAMES,
  NEVER,
  NOT_NEEDED,
  PEER_NAMES,
  USER_NAMES,
} from './pgbouncer_names.ts';
import { takeValue } from './pgbouncer_value.ts';

const SECTIONS = ['databases', 'users', 'peers', 'pgbouncer'] as const;
/** Where PgBouncer looks for a server when a database has no host, and nobody says unix_socket_dir. */
const SOCKET_DIR = '/tmp';

export function readPgbouncerIni(path: string, text: string, io: SourceIo): SourceReading {
  const nothing = {
    format: 'pgbouncer.ini',
    databases: [],
    settings: {},
    files: [resolve(io.cwd, path)],
  } as const;
  const ini = readIniText(path, text, io);
  const reader = new Reader(io);
  for (const { name, origin } of ini.sections) reader.section(name, origin);
  for (const line of ini.lines) reader.line(line);
  return {
    ...nothing,
    settings: reader.finishedSettings({ place: path }),
    databases: reader.finishedDatabases(),
    users: [...reader.users.values()],
    peers: [...reader.peers.values()],
    problems: [...ini.problems, ...reader.problems],
    notes: reader.notes,
    files: [...new Set([...ini.files, ...reader.files])],
  };
}

/** Of what is said twice the last one counts, as in PgBouncer; a database or user is what its last line says, and nothing of the first. */
class Reader {
  readonly databases = new Map<string, DatabaseDraft>();
  readonly users = new Map<string, UserDraft>();
  readonly peers = new Map<string, PeerDraft>();
  readonly problems: Problem[] = [];
  readonly notes: string[] = [];
  readonly files: string[] = [];
  readonly #settings = new Map<SettingName, Located>();
  readonly #io: SourceIo;

  constructor(io: SourceIo) {
    this.#io = io;
  }

  section(name: string, origin: Origin): void {
    if ((SECTIONS as readonly string[]).includes(name)) return;
    const meant = nearest(name.trim(), SECTIONS);
    const reason =
      meant === undefined
        ? `there is no section [${name}]; expected [databases], [users], [peers] or [pgbouncer]`
        : `there is no section [${name}]; did you mean [${meant}]?`;
    this.problems.push(problem('error', 'ini_syntax', { reason }, origin));
  }

  line(line: IniLine): void {
    if (line.section === 'pgbouncer') this.#setting(line);
    else if (line.section === 'databases') this.#database(line);
    else if (line.section === 'users') this.#user(line);
    else if (line.section === 'peers') this.#peer(line);
  }

  /** What an ini can be started with although a pgsidecar.yml could not: it is warned about. */
  finishedSettings(origin: Origin): Record<string, Located> {
    return { unsafe_settings: { value: 'warn', origin }, ...Object.fromEntries(this.#settings) };
  }

  /** Without a host PgBouncer goes to the UNIX socket, and looks for it where its own is. */
  finishedDatabases(): readonly DatabaseDraft[] {
    const said = this.#settings.get('unix_socket_dir');
    const folder = said === undefined || said.value === '' ? SOCKET_DIR : String(said.value);
    return [...this.databases.values()].map((draft) => {
      if (draft.fields.host !== undefined) return draft;
      const host = { value: folder, origin: said?.origin ?? draft.origin };
      return { ...draft, fields: { ...draft.fields, host } };
    });
  }

  #setting({ name, value, origin }: IniLine): void {
    const ours = GLOBAL_NAMES.get(name);
    if (ours === undefined) return this.#unmapped(name, origin);
    const row = rowOf(ours);
    if (hasComment(row, value)) {
      const reason = `what stands behind the value of ${name} is no comment, but a part of it; give the comment a line of its own`;
      this.problems.push(problem('error', 'ini_syntax', { reason }, origin));
      return;
    }
    if (row.type === 'path' && value.startsWith('@')) {
      const expected =
        'a folder or a file: the abstract namespace has no permissions that could keep anybody out';
      this.problems.push(problem('error', 'setting_invalid', { setting: name, value, expected }, origin));
      return;
    }
    const taken = takeValue(name, row, value);
    if (taken.note !== undefined) this.#note(name, origin, taken.note);
    if (taken.value === undefined) return;
    const path = row.type === 'path' && isFile(ours) && taken.value !== '' && taken.value !== 'system';
    this.#settings.set(ours, {
      value: path ? this.#path(taken.value, origin) : this.#absolute(row, taken.value),
      origin,
    });
  }

  #path(written: string, origin: Origin): string {
    const { path, looked } = iniPath(written, origin, this.#io);
    this.files.push(...looked);
    return path;
  }

  /** A folder is relative to where the agent was started, and never to the file's own. */
  #absolute(row: KeyRow, value: string): string {
    return row.type === 'path' && value !== '' ? resolve(this.#io.cwd, value) : value;
  }

  #unmapped(name: string, origin: Origin): void {
    const instead = Object.hasOwn(NOT_NEEDED, name) ? NOT_NEEDED[name] : undefined;
    if (instead !== undefined) return this.#note(name, origin, `means nothing here: ${instead}`);
    this.problems.push(
      problem('error', 'setting_unknown', { setting: name, advice: adviceOn(name) }, origin),
    );
  }

  #note(name: string, origin: Origin, sentence: string): void {
    this.notes.push(`${name} at ${printOrigin(origin)}: ${sentence}`);
  }

  #database({ name, value, origin }: IniLine): void {
    if (name === CONSOLE_DATABASE) {
      const reason = 'the name belongs to the console; give the database another one';
      this.problems.push(problem('error', 'database_unusable', { database: name, reason }, origin));
      return;
    }
    const read = this.#pairs(value, `the line of "${name}"`, origin);
    if (read === undefined) return;
    const fields: Record<string, Located<string>> = {};
    const parameters: Record<string, Located<string>> = {};
    for (const { key, value: written } of read) {
      const at = { ...origin, key };
      const use = DATABASE_NAMES.get(key);
      if (use === undefined) this.#unknownKey('databases', key, DATABASE_NAMES.keys(), at);
      else if ('parameter' in use) parameters[use.parameter] = { value: written, origin: at };
      else
        this.#field(
          fields,
          `${key} of database "${name}"`,
          use.field,
          DATABASE_KEYS[use.field]!,
          written,
          at,
        );
    }
    const { user, password } = fields;
    if (user === undefined && password !== undefined) {
      this.#note(
        `password of database "${name}"`,
        origin,
        'is for nobody, as there is no user beside it; PgBouncer passes over it too',
      );
      delete fields.password;
    }
    // Without user every client logs in as himself; with it everybody works as that one, and it is no login of a client.
    fields.user = user ?? { value: '*', origin };
    if (user !== undefined) {
      fields.force_user = { value: 'yes', origin: user.origin };
      fields.admit_user = { value: 'no', origin: user.origin };
    }
    this.databases.set(name, { key: name, origin, fields, parameters });
  }

  #user({ name, value, origin }: IniLine): void {
    const read = this.#pairs(value, `the line of "${name}"`, origin);
    if (read === undefined) return;
    const fields: Record<string, Located<string>> = {};
    for (const { key, value: written } of read) {
      const at = { ...origin, key };
      if (USER_NAMES.includes(key))
        this.#field(fields, `${key} of user "${name}"`, key, USER_KEYS[key]!, written, at);
      else this.#unknownKey('users', key, USER_NAMES, at);
    }
    this.users.set(name, { name, origin, fields });
  }

  #peer({ name, value, origin }: IniLine): void {
    const read = this.#pairs(value, `the line of peer ${name}`, origin);
    if (read === undefined) return;
    if (!isPeerId(name)) {
      const details = { setting: 'the name', value: name, expected: `${PEER_ID_EXPECTED}, in [peers]` };
      this.problems.push(problem('error', 'setting_invalid', details, origin));
      return;
    }
    const fields: Record<string, Located<string>> = {};
    for (const { key, value: written } of read) {
      if (PEER_NAMES.includes(key)) fields[key] = { value: written, origin: { ...origin, key } };
      else this.#unknownKey('peers', key, PEER_NAMES, { ...origin, key });
    }
    this.peers.set(String(Number(name)), { id: Number(name), origin, fields });
  }

  #field(
    fields: Record<string, Located<string>>,
    setting: string,
    field: string,
    row: KeyRow,
    written: string,
    origin: Origin,
  ): void {
    const taken = takeValue(field, row, written);
    if (taken.note !== undefined) this.#note(setting, origin, taken.note);
    if (taken.value !== undefined) fields[field] = { value: taken.value, origin };
  }

  #pairs(text: string, what: string, origin: Origin): ReturnType<typeof pairsOf> {
    const read = readPairs(text);
    if ('reason' in read) {
      this.problems.push(problem('error', 'ini_syntax', { reason: `${what}: ${read.reason}` }, origin));
      return undefined;
    }
    for (const { key, value } of read.swallowed) {
      const next = value.slice(0, value.indexOf('='));
      this.#note(
        key,
        origin,
        `has no value of its own, so that PgBouncer and pgsidecar take what follows for it, "${next}=…"; leave ${key} out`,
      );
    }
    return read.pairs;
  }

  #unknownKey(section: string, key: string, known: Iterable<string>, origin: Origin): void {
    const names = [...known];
    const meant = nearest(key, names);
    const general = GLOBAL_NAMES.has(key) ? `${key} is for all, in [pgbouncer]` : undefined;
    const isTls = /^ssl/.test(key)
      ? 'TLS to servers is server_tls_sslmode and its kin, one for all databases; pgsidecar.yml has them for each (pgsidecar import makes one)'
      : undefined;
    const advice =
      general ??
      isTls ??
      (meant === undefined ? `a line of [${section}] has ${names.join(', ')}` : `did you mean "${meant}"?`);
    this.problems.push(problem('error', 'setting_unknown', { setting: key, advice }, origin));
  }
}

function pairsOf(text: string) {
  const read = readPairs(text);
  return 'pairs' in read ? read.pairs : undefined;
}

/** Of a number or a word, which cannot have it in itself; PgBouncer refuses it too. */
function hasComment(row: KeyRow, value: string): boolean {
  const isOneWord = ['integer', 'duration', 'size', 'boolean', 'octal', 'enum'].includes(row.type);
  return isOneWord && /^\S+\s+[#;]/.test(value);
}

/** Files are looked for beside the ini too; folders and what is yet to be written are not. */
function isFile(name: SettingName): boolean {
  return /^(auth_|client_tls_|server_tls_)/.test(name);
}

function adviceOn(name: string): string {
  const meant = Object.hasOwn(NEVER, name) ? NEVER[name]! : undefined;
  if (meant !== undefined) return meant;
  const folded = name.toLowerCase();
  if (folded !== name && GLOBAL_NAMES.has(folded)) return `names are written small: ${folded}`;
  const near = nearest(name, [...GLOBAL_NAMES.keys(), ...Object.keys(NOT_NEEDED)]);
  if (isSettingName(name)) {
    return `it is pgsidecar's own, and no PgBouncer would start with it here; say it by PGSIDECAR_${name.toUpperCase()} or --${name.replaceAll('_', '-')}`;
  }
  if (DATABASE_NAMES.has(name)) return `${name} belongs to one database, in [databases]`;
  return near === undefined ? 'docs/reference/pgbouncer_ini.md has every name' : `did you mean "${near}"?`;
}
