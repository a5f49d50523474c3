// What variables say of databases: DATABASE_URL, DB_*, DATABASE_*, libpq's PG*, and sets of them under a prefix.

import { type Problem, problem } from '../../base/errors.ts';
import type { Origin } from '../../base/origin.ts';
import { readConninfo } from '../conninfo.ts';
import { DraftWords } from '../draft_words.ts';
import type { DatabaseDraft, Located, SourceIo } from '../source.ts';
import {
  completeAsLibpq,
  contradiction,
  DATABASE_NAMES,
  DB_NAMES,
  PG_NAMES,
  takeNames,
  type Variable,
  type Variables,
} from './variable_words.ts';

/** Prefixed sets beyond this many are somebody's generated file. */
export const DATABASES_MAX = 100;

export const PRIMARY = 'primary';
/** TEST_DATABASE_URL is the database of another environment, not a second database of this one. */
const ENVIRONMENT_PREFIXES = ['TEST', 'DEVELOPMENT', 'STAGING', 'PRODUCTION', 'DEV', 'PROD', 'CI'];

const URL_NAMES = ['DATABASE_URL', 'DB_URL'];
const NEXT_PASSWORD_NAMES = { password_next: ['DATABASE_PASSWORD_NEXT', 'DB_PASSWORD_NEXT'] };

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
    const which = prefix === '' ? 'the database' : 'one of several';
    files.push(...completeAsLibpq(set.words, variables, io, which));
    set.words.finish();
    problems.push(...set.words.problems);
    if (/(^|_)replica$/.test(key)) set.words.takeRole('replica', set.origin);
    if (set.words.isUsable()) databases.push(set.words.draft(key, set.origin, set.pool));
  }
  return { databases, problems: distinct(problems), files: [...new Set(files)] };
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
  // Whichever style has the first password: no URL can say a second.
  takeNames(variables, prefix, NEXT_PASSWORD_NAMES, taken.words);
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
