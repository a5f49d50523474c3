// What variables say of databases: DATABASE_URL, DB_*, DATABASE_*, libpq's PG*, and sets of them under a prefix.

import { type Problem, problem } from '../../base/errors.ts';
import { type Origin, printOrigin } from '../../base/origin.ts';
import { readConninfo } from '../conninfo.ts';
import { DraftWords } from '../draft_words.ts';
import { isAgentSocket, LIBPQ_VARIABLES } from '../libpq_keywords.ts';
import type { DatabaseDraft, Located, SourceIo } from '../source.ts';
import { takePassword, takeService } from './libpq_service.ts';

/** One place's value of a variable, and what is to be said of it when it is used. */
export interface Variable {
  readonly value: string;
  readonly origin: Origin;
  readonly problems: readonly Problem[];
}

/** By name, each with its places, the strongest first: the process environment, then the files. */
export type Variables = ReadonlyMap<string, readonly Variable[]>;

/** Prefixed sets beyond this many are somebody's generated file. */
export const DATABASES_MAX = 100;

export const PRIMARY = 'primary';
/** TEST_DATABASE_URL is the database of another environment, not a second database of this one. */
const ENVIRONMENT_PREFIXES = ['TEST', 'DEVELOPMENT', 'STAGING', 'PRODUCTION', 'DEV', 'PROD', 'CI'];

/** Keyword → the names that say it, the stronger first. Rails' tutorials, Laravel, Django, docker-compose files. */
const DB_NAMES: Readonly<Record<string, readonly string[]>> = {
  host: ['DB_HOST'],
  port: ['DB_PORT'],
  dbname: ['DB_NAME', 'DB_DATABASE'],
  user: ['DB_USER', 'DB_USERNAME'],
  password: ['DB_PASSWORD', 'DB_PASS'],
  sslmode: ['DB_SSLMODE'],
  sslrootcert: ['DB_SSLROOTCERT'],
};
const DATABASE_NAMES: Readonly<Record<string, readonly string[]>> = {
  host: ['DATABASE_HOST'],
  port: ['DATABASE_PORT'],
  dbname: ['DATABASE_NAME'],
  user: ['DATABASE_USER', 'DATABASE_USERNAME'],
  password: ['DATABASE_PASSWORD', 'DATABASE_PASS'],
  sslmode: ['DATABASE_SSLMODE'],
  sslrootcert: ['DATABASE_SSLROOTCERT'],
};
const PG_NAMES: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(LIBPQ_VARIABLES).map(([variable, keyword]) => [keyword, [variable]]),
);
const URL_NAMES = ['DATABASE_URL', 'DB_URL'];

/**
 * One database for the unprefixed variables, `primary`, and one for each prefix. Of several styles the strongest speaks
 * alone: a URL, then DB_*, then DATABASE_*. PG* fill in what it leaves open, as libpq has it in every application.
 */
export function databasesOf(
  variables: Variables,
  environment: string,
  io: SourceIo,
): {
  readonly databases: readonly DatabaseDraft[];
  readonly problems: readonly Problem[];
  readonly files: readonly string[];
} {
  const databases: DatabaseDraft[] = [];
  const problems: Problem[] = [];
  const files: string[] = [];
  for (const prefix of prefixesIn(variables, environment)) {
    const key = prefix === '' ? PRIMARY : prefix.slice(0, -1).toLowerCase();
    if (databases.some((each) => each.key === key)) continue;
    const set = readSet(variables, prefix);
    problems.push(...set.told);
    if (set.origin === undefined) continue;
    if (databases.length === DATABASES_MAX) {
      const reason = `it has more than ${DATABASES_MAX} (DATABASES_MAX) databases`;
      problems.push(problem('error', 'dotenv_limit', { reason }, set.origin));
      break;
    }
    files.push(...completeAsLibpq(set.words, variables, io));
    set.words.finish();
    problems.push(...set.words.problems);
    if (/(^|_)replica$/.test(key)) set.words.takeRole('replica', set.origin);
    databases.push(set.words.draft(key, set.origin, set.pool));
  }
  return { databases, problems: distinct(problems), files: [...new Set(files)] };
}

/** What every application that uses libpq gets besides: the service, then PG* variables, then the password file. */
export function completeAsLibpq(words: DraftWords, variables: Variables, io: SourceIo): readonly string[] {
  takeNames(variables, '', { service: ['PGSERVICE'], servicefile: ['PGSERVICEFILE'] }, words);
  const files = [...takeService(words, io)];
  takeNames(variables, '', PG_NAMES, words);
  return [...files, ...takePassword(words, io)];
}

/** Two databases that take the same variable have one complaint about it. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((each) => [each.severity + each.sentence, each])).values()];
}

/** The variables of a process, as the only place there is. */
export function environmentVariables(env: SourceIo['env']): Variables {
  const variables = new Map<string, readonly Variable[]>();
  for (const [key, value] of Object.entries(env)) {
    if (value !== undefined)
      variables.set(key, [{ value, origin: { place: 'environment', key }, problems: [] }]);
  }
  return variables;
}

/** The empty prefix first, then those of URLs and hosts, by name. */
function prefixesIn(variables: Variables, environment: string): readonly string[] {
  const prefixes = new Set<string>();
  for (const name of variables.keys()) {
    const prefix = /^([A-Za-z][A-Za-z0-9_]*?)_(?:DATABASE_URL|DB_URL|DB_HOST|DATABASE_HOST)$/.exec(name)?.[1];
    if (prefix === undefined) continue;
    const other = ENVIRONMENT_PREFIXES.includes(prefix) && prefix !== environment.toUpperCase();
    if (!other) prefixes.add(`${prefix}_`);
  }
  return ['', ...[...prefixes].sort()];
}

interface VariableSet {
  readonly words: DraftWords;
  /** Where the set is named; undefined when there is none. */
  readonly origin: Origin | undefined;
  readonly pool: Located<number> | undefined;
  /** Said of what was passed over. */
  readonly told: readonly Problem[];
}

function readSet(variables: Variables, prefix: string): VariableSet {
  const told: Problem[] = [];
  const urlNames = [
    ...(prefix === '' ? ['PRIMARY_DATABASE_URL'] : []),
    ...URL_NAMES.map((name) => prefix + name),
  ];
  const styles: VariableSet[] = [];
  for (const name of urlNames) {
    const url = readUrl(variables, name, told);
    if (url !== undefined) styles.push(url);
  }
  const tables = laravelDriver(variables, prefix, told) ? [DATABASE_NAMES] : [DB_NAMES, DATABASE_NAMES];
  for (const names of tables) {
    const words = new DraftWords();
    takeNames(variables, prefix, names, words);
    words.leaveOutAgentSockets();
    const origin = namingOrigin(words);
    if (origin !== undefined) styles.push({ words, origin, pool: undefined, told: [] });
  }
  if (prefix === '') {
    // What PG* say is taken when the set is completed, behind the service that they may name.
    const words = new DraftWords();
    takeNames(variables, '', PG_NAMES, words);
    const origin = namingOrigin(words);
    if (origin !== undefined) styles.push({ words: new DraftWords(), origin, pool: undefined, told: [] });
  }
  // The application may be pointed at the agent by one style, and another one still names the server.
  const taken =
    styles.find(({ words }) => words.agentSocket === undefined || words.fields.host !== undefined) ??
    styles[0];
  if (taken === undefined) return { words: new DraftWords(), origin: undefined, pool: undefined, told };
  for (const other of styles) if (other !== taken) told.push(...contradictions(taken.words, other.words));
  return { ...taken, told };
}

function namingOrigin(words: DraftWords): Origin | undefined {
  const { host, dbname } = words.fields;
  return (host ?? dbname ?? words.asides.service)?.origin ?? words.agentSocket;
}

/** The first place whose URL is not the agent's own socket; if all are, the first one, for what it says besides. */
function readUrl(variables: Variables, name: string, told: Problem[]): VariableSet | undefined {
  let socket: VariableSet | undefined;
  for (const { value, origin, problems } of variables.get(name) ?? []) {
    if (value === '' && problems.length === 0) continue;
    if (problems.some((each) => each.severity === 'error')) {
      told.push(...problems);
      return undefined;
    }
    const { words, pool, foreign } = readConninfo(value, origin);
    words.problems.unshift(...problems);
    if (foreign) {
      told.push(...words.problems);
      return undefined;
    }
    const size = /^\d{1,6}$/.test(pool ?? '') ? { value: Number(pool), origin } : undefined;
    const set = { words, origin, pool: size, told: [] };
    if (words.agentSocket === undefined) return set;
    socket ??= set;
  }
  return socket;
}

/** Takes each keyword from the first of its names that has a value; says when two names contradict each other. */
function takeNames(
  variables: Variables,
  prefix: string,
  names: Readonly<Record<string, readonly string[]>>,
  words: DraftWords,
): void {
  // Where the host is the agent's own socket, the port is the agent's own too.
  const agentPlaces = new Set<string>();
  for (const [keyword, written] of Object.entries(names)) {
    if (words.has(keyword)) continue;
    let winner: { name: string; variable: Variable } | undefined;
    for (const name of written) {
      const variable = valueFor(variables.get(prefix + name) ?? [], keyword, agentPlaces, words);
      if (variable === undefined) continue;
      if (winner === undefined) {
        winner = { name: prefix + name, variable };
        words.problems.push(...variable.problems);
        const unusable = variable.problems.some((each) => each.severity === 'error');
        if (!unusable) words.take(keyword, variable.value, variable.origin, winner.name);
      } else if (winner.variable.value !== variable.value) {
        const at = winner.variable.origin;
        words.problems.push(contradiction(prefix + name, variable.origin, winner.name, at));
      }
    }
  }
}

/** The strongest place of a variable that says anything; the agent's own socket says nothing about the server. */
function valueFor(
  places: readonly Variable[],
  keyword: string,
  agentPlaces: Set<string>,
  words: DraftWords,
): Variable | undefined {
  for (const variable of places) {
    if (variable.value === '' && variable.problems.length === 0) continue;
    if (keyword === 'port' && agentPlaces.has(variable.origin.place)) continue;
    if (keyword !== 'host' || !variable.value.split(',').every(isAgentSocket)) return variable;
    agentPlaces.add(variable.origin.place);
    words.agentSocket ??= variable.origin;
  }
  return undefined;
}

/** Laravel's DB_CONNECTION names the driver of the DB_* variables; true when that is another database's. */
function laravelDriver(variables: Variables, prefix: string, told: Problem[]): boolean {
  const driver = variables.get(`${prefix}DB_CONNECTION`)?.find((each) => each.value !== '');
  if (driver === undefined || /^(pgsql|postgres|postgresql|pg)$/i.test(driver.value)) return false;
  const details = { what: `the ${prefix}DB_ variables`, adapter: driver.value };
  told.push(problem('warning', 'not_postgres', details, driver.origin));
  return true;
}

/** Variables of a weaker style in a file that say something else than the style that is taken. */
function contradictions(taken: DraftWords, other: DraftWords): Problem[] {
  const problems: Problem[] = [];
  for (const name of ['host', 'port', 'dbname', 'user', 'password'] as const) {
    const [ours, theirs] = [taken.fields[name], other.fields[name]];
    if (ours === undefined || theirs === undefined || ours.value === theirs.value) continue;
    // The environment of a process is inherited, so nobody wrote the two beside each other.
    if (theirs.origin.place === 'environment') continue;
    problems.push(
      contradiction(theirs.origin.key ?? name, theirs.origin, ours.origin.key ?? name, ours.origin),
    );
  }
  return problems;
}

function contradiction(setting: string, origin: Origin, winner: string, winnerOrigin: Origin): Problem {
  const place =
    winnerOrigin.place === 'environment'
      ? printOrigin(winnerOrigin)
      : `${winner} (${printOrigin(winnerOrigin)})`;
  return problem('warning', 'contradiction', { setting, winner: place }, origin);
}
