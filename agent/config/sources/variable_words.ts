// Which variable says which of libpq's words, and how a set of them is taken: the strongest place of the first name.

import { type Problem, problem } from '../../base/errors.ts';
import { type Origin, printOrigin } from '../../base/origin.ts';
import type { DraftWords } from '../draft_words.ts';
import { isAgentSocket, LIBPQ_VARIABLES } from '../libpq_keywords.ts';
import type { SourceIo } from '../source.ts';
import { takePassword, takeService } from './libpq_service.ts';

/** One place's value of a variable, and what is to be said of it when it is used. */
export interface Variable {
  readonly value: string;
  readonly origin: Origin;
  readonly problems: readonly Problem[];
}

/** By name, each with its places, the strongest first: the process environment, then the files. */
export type Variables = ReadonlyMap<string, readonly Variable[]>;

/** libpq's keyword → names of variables. */
export type Names = Readonly<Record<string, readonly string[]>>;

/** Keyword → the names that say it, the stronger first: Rails' tutorials, Laravel, Django, compose files. */
export const DB_NAMES: Names = {
  host: ['DB_HOST'],
  port: ['DB_PORT'],
  dbname: ['DB_NAME', 'DB_DATABASE'],
  user: ['DB_USER', 'DB_USERNAME'],
  password: ['DB_PASSWORD', 'DB_PASS'],
  sslmode: ['DB_SSLMODE'],
  sslrootcert: ['DB_SSLROOTCERT'],
};
export const DATABASE_NAMES: Names = {
  host: ['DATABASE_HOST'],
  port: ['DATABASE_PORT'],
  dbname: ['DATABASE_NAME'],
  user: ['DATABASE_USER', 'DATABASE_USERNAME'],
  password: ['DATABASE_PASSWORD', 'DATABASE_PASS'],
  sslmode: ['DATABASE_SSLMODE'],
  sslrootcert: ['DATABASE_SSLROOTCERT'],
};
export const PG_NAMES: Names = Object.fromEntries(
  Object.entries(LIBPQ_VARIABLES).map(([variable, keyword]) => [keyword, [variable]]),
);

/** The words that name a server and who logs in there; those of the unprefixed PG* are not for a set with a prefix. */
const IDENTITY = ['host', 'hostaddr', 'port', 'dbname', 'user', 'password', 'service'];
const PG_MANNERS: Names = Object.fromEntries(
  Object.entries(PG_NAMES).filter(([keyword]) => !IDENTITY.includes(keyword)),
);

/**
 * What every application that uses libpq gets besides: the service, then PG* variables, then the password file. For one
 * of several databases only the manners (sslmode, timeouts) and the password file, which names its servers itself: one
 * server's password is not for another.
 */
export function completeAsLibpq(
  words: DraftWords,
  variables: Variables,
  io: SourceIo,
  which: 'the database' | 'one of several' = 'the database',
): readonly string[] {
  const alone = which === 'the database';
  const service: Names = alone ? { service: ['PGSERVICE'] } : {};
  takeNames(variables, '', { ...service, servicefile: ['PGSERVICEFILE'] }, words);
  const files = [...takeService(words, io)];
  takeNames(variables, '', alone ? PG_NAMES : PG_MANNERS, words);
  return [...files, ...takePassword(words, io)];
}

/** Takes each keyword from the first of its names that has a value; says when two names contradict each other. */
export function takeNames(variables: Variables, prefix: string, names: Names, words: DraftWords): void {
  // Where the host is the agent's own socket, the port is the agent's own too.
  const hosts = (names.host ?? []).flatMap((name) => variables.get(prefix + name) ?? []);
  const agentPlaces = new Set(hosts.filter(leadsToAgent).map((each) => each.origin.place));
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
  agentPlaces: ReadonlySet<string>,
  words: DraftWords,
): Variable | undefined {
  for (const variable of places) {
    if (variable.value === '' && variable.problems.length === 0) continue;
    if (keyword === 'port' && agentPlaces.has(variable.origin.place)) continue;
    if (keyword !== 'host' || !leadsToAgent(variable)) return variable;
    words.agentSocket ??= variable.origin;
  }
  return undefined;
}

function leadsToAgent({ value }: Variable): boolean {
  return value !== '' && value.split(',').every(isAgentSocket);
}

export function contradiction(
  setting: string,
  origin: Origin,
  winner: string,
  winnerOrigin: Origin,
): Problem {
  const place =
    winnerOrigin.place === 'environment'
      ? printOrigin(winnerOrigin)
      : `${winner} (${printOrigin(winnerOrigin)})`;
  return problem('warning', 'contradiction', { setting, winner: place }, origin);
}
