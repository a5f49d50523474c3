// Chooses what a client says next, and in which form: alone, in a text of many, in a pipeline, in and around transactions.

import type { Random } from '../../simulation/random.ts';
import type { Row } from './row.ts';
import { Saying, type Step } from './words.ts';

/** Nobody keeps a server for longer: the others have to come to their turn. */
const STEPS_IN_TRANSACTION = 14;
const FAILING = [
  'SELECT 1/0',
  'SELECT nosuch',
  'this is no SQL',
  'SELECT * FROM nosuch',
  "SELECT 'x'::int",
  'SELECT (',
];
const SAVEPOINTS = ['s1', 's2', '"S 1"', 'S2'];

const OPENING = [
  'BEGIN',
  'BEGIN',
  'START TRANSACTION',
  'begin read only',
  'BEGIN ISOLATION LEVEL REPEATABLE READ',
];
const ENDING = [
  'COMMIT',
  'COMMIT',
  'END',
  'commit work',
  'ROLLBACK',
  'ABORT',
  'COMMIT AND CHAIN',
  'ROLLBACK AND CHAIN',
];

/** What the choice depends on; both sides are in the same state, or the run is over. */
export interface Situation {
  readonly client: number;
  /** Of ReadyForQuery. */
  readonly status: string;
  readonly stepsInTransaction: number;
  /** Somebody has said SAVEPOINT in it. */
  readonly hasSavepoint: boolean;
  /** It may open a transaction that outlives the step. */
  readonly mayHold: boolean;
  /** The plain worker: it looks, and never changes anything of its session. */
  readonly isPlain: boolean;
}

export function sayStep(random: Random, row: Row, situation: Situation): Step {
  const saying = new Saying();
  const { client, status, stepsInTransaction } = situation;
  if (status !== 'I' && stepsInTransaction > STEPS_IN_TRANSACTION) {
    return saying.query(random.pick(['COMMIT', 'ROLLBACK'])).step(client);
  }
  const form = random.next();
  if (status === 'E' && form < 0.75) saying.query(control(random, situation));
  else if (form < (status === 'I' ? (situation.mayHold ? 0.13 : 0) : 0.25))
    oneText(random, saying, control(random, situation));
  else if (form < 0.5) oneText(random, saying, decorated(random, text(random, row, situation)));
  else if (form < 0.6) saying.query(many(random, row, situation));
  else if (form < 0.7) pipeline(random, row, situation, saying);
  else if (form < 0.8) named(random, row, situation, saying);
  else if (form < 0.85) portal(random, row, situation, saying);
  else if (form < 0.9) train(random, row, situation, saying);
  else oneText(random, saying, text(random, row, situation));
  return saying.step(client);
}

function text(random: Random, row: Row, { isPlain, client }: Situation): string {
  return isPlain || random.chance(0.25) ? row.look(random, client) : row.statement(random, client);
}

/** Opens, ends or nests a transaction, or breaks it. */
function control(random: Random, { status, hasSavepoint }: Situation): string {
  // Mostly the same one, so that it is there when it is wanted, and often several times.
  const savepoint = random.chance(0.8) ? 's1' : random.pick(SAVEPOINTS);
  if (status === 'I')
    return random.pick(random.chance(0.9) ? OPENING : ['COMMIT', 'ROLLBACK', `SAVEPOINT ${savepoint}`]);
  const back = random.pick([`ROLLBACK TO ${savepoint}`, `rollback work to savepoint ${savepoint}`]);
  const kind = random.next();
  if (status === 'E') return kind < (hasSavepoint ? 0.7 : 0.1) ? back : random.pick([...ENDING, 'SELECT 1']);
  if (kind < 0.25) return random.pick(ENDING);
  if (kind < (hasSavepoint ? 0.5 : 0.82)) return `SAVEPOINT ${savepoint}`;
  if (kind < 0.69) return random.pick([`RELEASE ${savepoint}`, `RELEASE SAVEPOINT ${savepoint}`]);
  if (kind < 0.87) return back;
  return kind < 0.9 ? 'BEGIN' : random.pick(FAILING);
}

function oneText(random: Random, saying: Saying, sql: string): void {
  if (random.chance(0.7)) saying.query(sql);
  else unnamed(random, saying, sql).sync();
}

function unnamed(random: Random, saying: Saying, sql: string): Saying {
  saying.parse('', sql);
  if (random.chance(0.2)) saying.describe('S');
  saying.bind('');
  if (random.chance(0.7)) saying.describe('P');
  return saying.execute();
}

/** As object-relational mappers and tracers write them. */
function decorated(random: Random, sql: string): string {
  return random.pick([
    () => `${sql};`,
    () => `  \n\t${sql} ;; `,
    () => `/*application='shop',action='a%20b'*/ ${sql}`,
    () => `${sql} /*traceparent='00-5bd66ef5-01'*/`,
    () => `-- SET work_mem TO 1; it's a comment\n${sql}`,
    () => `/* nested /* SET */ BEGIN; */${sql}--`,
    () => sql.replace(/^[A-Za-z]+/, (word) => word.toLowerCase()),
    () => sql.replaceAll(' TO ', '\n=\t'),
  ])();
}

/** A text of many statements is one transaction, unless it says otherwise. */
function many(random: Random, row: Row, situation: Situation): string {
  const parts = Array.from({ length: random.between(2, 5) }, () => text(random, row, situation));
  if (random.chance(0.3)) parts.splice(random.below(parts.length + 1), 0, random.pick(FAILING));
  if (random.chance(0.35)) {
    const isEnding = situation.status !== 'I';
    parts.splice(random.below(parts.length), 0, isEnding ? 'COMMIT' : 'BEGIN');
    if (!isEnding) parts.push(random.pick(['COMMIT', 'ROLLBACK', 'COMMIT', 'END']));
    if (random.chance(0.4)) parts.push(text(random, row, situation));
    if (random.chance(0.3))
      parts.splice(random.below(parts.length), 0, `SAVEPOINT ${random.pick(SAVEPOINTS)}`);
    if (random.chance(0.15))
      parts.splice(random.below(parts.length), 0, `ROLLBACK TO ${random.pick(SAVEPOINTS)}`);
  }
  return parts.join(random.pick(['; ', ';\n', ' ;/* ; */ ']));
}

/** Several before one Sync: one transaction, and an error leaves out the rest. */
function pipeline(random: Random, row: Row, situation: Situation, saying: Saying): void {
  let last = '';
  for (let left = random.between(2, 5); left > 0; left--) {
    let sql = random.chance(0.12) ? random.pick(FAILING) : text(random, row, situation);
    const isControl = random.chance(0.1) && (situation.mayHold || situation.status !== 'I');
    while (isNotFirst(row, last, sql)) sql = text(random, row, situation);
    last = isControl ? control(random, situation) : sql;
    unnamed(random, saying, last);
    if (random.chance(0.1)) saying.flush();
  }
  saying.sync();
}

/**
 * Behind a DISCARD ALL of the same run another transaction begins. What sets a client's own start again there comes first in it, and so a statement
 * that PostgreSQL warns of, or takes, only at that place is not the first any more.
 */
function isNotFirst(row: Row, last: string, sql: string): boolean {
  if (row.startup === undefined || !/^discard all/i.test(last)) return false;
  return /^(?:set local|set transaction|set constraints|discard all)/i.test(sql);
}

/** Statements with names, as drivers make them; where a row has names of its own, SQL knows them too. */
function named(random: Random, row: Row, situation: Situation, saying: Saying): void {
  const names = row.names ?? ['p1', 'p2', 'P 3'];
  const chosen = random.pick(names);
  for (let left = random.between(1, 3); left > 0; left--) {
    const {
      text: sql,
      values,
      name = chosen,
    } = (!situation.isPlain && row.prepared?.(random, situation.client)) || {
      text: text(random, row, situation),
      values: [],
    };
    // It may be run twice in one run.
    if (row.startup !== undefined && /^discard all/i.test(sql)) continue;
    const what = random.next();
    if (what < 0.25) saying.parse(name, sql);
    else if (what < 0.35) saying.close('S', name);
    // A server that does not have it yet takes no statement in a failed transaction, and nobody else knows what it has to tell.
    else if (what < 0.45 && situation.status !== 'E') saying.describe('S', name);
    else if (what < 0.75) saying.close('S', name).parse(name, sql).bind(name, '', values).execute();
    else saying.bind(name, '', random.chance(0.8) ? values : []).execute();
  }
  saying.sync();
}

/** A portal with a name lives until its transaction ends. */
function portal(random: Random, row: Row, situation: Situation, saying: Saying): void {
  const name = random.pick(['c1', 'C 2']);
  const what = random.next();
  if (what < 0.5) {
    saying.parse('', random.chance(0.5) ? text(random, row, situation) : 'SELECT generate_series(1, 5)');
    saying.bind('', name).execute(name, random.below(3));
  } else if (what < 0.8) saying.execute(name, random.below(3));
  else saying.close('P', name);
  saying.sync();
}

/** Queries that are sent without waiting for each other: each is a transaction, and may go to another server. */
function train(random: Random, row: Row, situation: Situation, saying: Saying): void {
  for (let left = random.between(2, 4); left > 0; left--)
    oneText(random, saying, text(random, row, situation));
}
