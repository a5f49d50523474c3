// Fuzz targets of the query room: any bytes as SQL, glanced at and read closely.

import { readClosely, readEffects } from '../../../query/classify.ts';
import { type Action, ADVANCES, ADVANCING, type Effects, NOTHING } from '../../../query/effects.ts';
import { EffectsReader } from '../../../query/effects_reader.ts';
import { glance, LOOK_CLOSER, SEES_NOTHING } from '../../../query/glance.ts';
import { StatementReader } from '../../../query/statements.ts';
import { must, mustBeSame, type Target } from '../target.ts';

/** The text somewhere in a larger buffer, between quotes that are none of its own. */
const BEFORE = Buffer.from('\'"/*');

const effects: Target = {
  name: 'effects',
  errors: [],
  share: 60,
  words: [
    ...[
      'SET ',
      'SET LOCAL ',
      'RESET ',
      ' TO ',
      ' = ',
      'SELECT ',
      'INSERT ',
      'INTO ',
      'TEMP ',
      'BEGIN ATOMIC ',
      'END',
    ],
    ...[
      "set_config('a','b',false)",
      'nextval(',
      'pg_advisory_lock(',
      'PREPARE a AS ',
      'EXECUTE a',
      'DEALLOCATE ',
    ],
    ...[
      'DO $$',
      'CREATE FUNCTION ',
      'CREATE TABLE ',
      'EXPLAIN (',
      'DECLARE c CURSOR WITH HOLD FOR ',
      'LISTEN a',
    ],
    ...[
      'SAVEPOINT a',
      'ROLLBACK TO a',
      'RELEASE a',
      'DISCARD ALL',
      'COPY t FROM ',
      'LANGUAGE plpgsql',
      'TIME ZONE ',
    ],
    ...[
      '/*',
      '*/',
      '--',
      '\n',
      "'",
      "''",
      "E'",
      "\\'",
      '"',
      'U&"',
      "U&'",
      '$$',
      '$a$',
      '(',
      ')',
      ';',
      '; ',
      '::text',
      '$1',
    ],
  ],
  seeds: [
    'SELECT abalance FROM pgbench_accounts WHERE aid = 12345;',
    "SET search_path = a, 'b'; SELECT 1; RESET ALL",
    "/* x */ SELECT pg_catalog.set_config('a', E'b\\n', false) AS x",
    'INSERT INTO t VALUES (1); COMMIT',
    'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; LISTEN a',
    "DO $x$BEGIN PERFORM set_config('a', 'b', false); END$x$",
    'EXPLAIN (ANALYZE) EXECUTE a(1)',
    "SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE",
    'SELECT 1 AS a INTO TEMP b',
    'ROLLBACK TO SAVEPOINT "a""b"',
  ],
  run(input) {
    const to = input.indexOf(0) < 0 ? input.length : input.indexOf(0);
    const answers = [true, false].map((isConforming) => {
      const seen = glance(input, 0, to);
      const closely = readClosely(input, 0, to, isConforming);
      if (seen === SEES_NOTHING) must(closely === NOTHING, 'a glance said nothing of what has effects');
      else if (seen !== LOOK_CLOSER)
        must(closely === ADVANCING || closely === NOTHING, 'a glance said too little of what has effects');
      checkEffects(closely, input, to, isConforming);
      checkReader(input, to, isConforming);
      return closely === NOTHING ? `nothing ${seen}` : closely.bits + kindsOf(closely);
    });
    return answers.join();
  },
};

export const QUERY_TARGETS: readonly Target[] = [effects];

function kindsOf({ statements }: Effects): string {
  return statements
    .slice(0, 3)
    .map(({ actions }) => actions.map(({ kind }) => kind).slice(0, 3))
    .join('|');
}

function checkEffects(found: Effects, input: Uint8Array, to: number, isConforming: boolean): void {
  if (found === NOTHING || found === ADVANCING) return;
  const bits = found.statements.reduce((all, statement) => all | statement.bits, 0);
  must(found.bits === bits, 'the bits of the statements are not those of the text');
  must(found.isSingle === (found.statements.length === 1), 'isSingle');
  must((bits & ~ADVANCES) !== 0 || found.statements.some(({ actions }) => actions.length > 0), 'no NOTHING');
  const reader = new StatementReader(input, 0, to, isConforming);
  let count = 0;
  while (reader.next() !== undefined) count++;
  must(count === found.statements.length, 'another count of statements');
  for (const { actions } of found.statements) for (const action of actions) checkAction(action, to);
}

function checkAction(action: Action, to: number): void {
  if (!('from' in action)) return;
  must(action.from >= 0 && action.from < action.to && action.to <= to, 'a name outside of the text');
  if ('prepares' in action) for (const inner of action.prepares?.actions ?? []) checkAction(inner, to);
}

/** The same wherever the text stands, and when it is asked for again. */
function checkReader(input: Uint8Array, to: number, isConforming: boolean): void {
  const reader = new EffectsReader(4, 1_000);
  const moved = Buffer.concat([BEFORE, input.subarray(0, to), BEFORE]);
  const end = BEFORE.length + to;
  const found = reader.read(moved, BEFORE.length, end, isConforming, true);
  mustBeSame(found, readEffects(input, 0, to, isConforming, true), 'a text elsewhere');
  mustBeSame(reader.read(moved, BEFORE.length, end, isConforming, true), found, 'a text again');
}
