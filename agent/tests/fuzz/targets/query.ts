// Fuzz targets of the query room: any bytes as SQL, glanced at and read closely.

import { readClosely, readEffects } from '../../../query/classify.ts';
import { type Action, ADVANCES, ADVANCING, type Effects, NOTHING } from '../../../query/effects.ts';
import { EffectsReader } from '../../../query/effects_reader.ts';
import { fingerprintOf } from '../../../query/fingerprint.ts';
import { glance, LOOK_CLOSER, SEES_NOTHING } from '../../../query/glance.ts';
import { noted } from '../../../query/lessons.ts';
import { DOLLAR, Lexer, OTHER_STRING, STRING } from '../../../query/lex.ts';
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

/** In place of each value's letters; nothing else has it. */
const MARK = 'zq';

const fingerprint: Target = {
  name: 'fingerprint',
  errors: [],
  share: 20,
  words: effects.words,
  seeds: [
    ...effects.seeds,
    "INSERT INTO t VALUES (1, 'secret'), (2, $a$secret$a$), (0xff, E'a\\'b')",
    "SELECT 'it's secret', N'secret', U&'secret' /* secret */ -- secret",
  ],
  run(input) {
    const to = input.indexOf(0) < 0 ? input.length : input.indexOf(0);
    // Each letter of the mark becomes another one.
    const plain = Buffer.from(input.subarray(0, to)).map((byte) => ((byte | 0x20) === 0x7a ? 0x79 : byte));
    const shown = fingerprintOf(plain, 0, to);
    must(shown.length < 310, 'a long fingerprint');
    for (const isConforming of [true, false]) {
      const marked = withMarks(plain, isConforming);
      if (marked === undefined) continue;
      must(!fingerprintOf(marked, 0, to).includes(MARK), 'a value in a fingerprint');
      noted(marked, 0, to);
    }
    mustBeSame(
      fingerprintOf(Buffer.concat([BEFORE, plain]), BEFORE.length, BEFORE.length + to),
      shown,
      'a text elsewhere',
    );
    return shown;
  },
};

export const QUERY_TARGETS: readonly Target[] = [effects, fingerprint];

/** With MARK over and over within each quoted value, as a session reads it; undefined when it is another text then. */
function withMarks(text: Uint8Array, isConforming: boolean): Uint8Array | undefined {
  const marked = new Uint8Array(text);
  const before: number[] = [];
  const lexer = new Lexer(text, 0, text.length, isConforming);
  while (lexer.next()) {
    const { kind, start, end } = lexer;
    before.push(kind, start, end);
    if (kind < STRING || kind > OTHER_STRING) continue;
    const delimiter =
      kind === DOLLAR ? text.indexOf(0x24, start + 1) + 1 - start : text.indexOf(0x27, start) + 1 - start;
    const last = end - (kind === DOLLAR ? delimiter : 1);
    // Quotes and backslashes stay, since they say where it ends.
    for (let at = start + delimiter; at + 1 < last; at += 2)
      if (isLetter(text[at]!) && isLetter(text[at + 1]!)) marked.set([0x7a, 0x71], at);
  }
  const again = new Lexer(marked, 0, marked.length, isConforming);
  for (let i = 0; again.next(); i += 3)
    if (before[i] !== again.kind || before[i + 1] !== again.start || before[i + 2] !== again.end)
      return undefined;
  return marked;
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}

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
  // What it knows of the text beside that is its own.
  const { advance, ...effects } = found;
  must(advance === undefined || effects.bits === ADVANCES, 'a text that does more than advance');
  mustBeSame(effects, readEffects(input, 0, to, isConforming, true), 'a text elsewhere');
  mustBeSame(reader.read(moved, BEFORE.length, end, isConforming, true), found, 'a text again');
}
