// Which statements may run what their text does not show, and what is read of a text that is known to do so.

import { readStatement, STATEMENTS_MAX } from './classify.ts';
import { ANYTHING, type Effects, NOTHING, type StatementEffects, UNREAD } from './effects.ts';
import type { Lesson } from './lessons.ts';
import { QUOTED, UNICODE_NAME, WORD } from './lex.ts';
import { StatementReader } from './statements.ts';
import { fold, type Tokens } from './tokens.ts';

/** Nothing in it can have been written by somebody else. */
export const RUNS_NOTHING = 0;
/** It reads or defines: a view may call a function, and so may a rule or a policy. */
export const READS = 1;
/** It calls a function, or writes, where triggers are. */
export const RUNS = 2;

/** These begin what runs nothing of anybody's. */
const HARMLESS: ReadonlySet<string> = new Set(
  (
    'abort begin checkpoint close commit deallocate discard end listen load lock notify prepare release reset rollback savepoint set show ' +
    'start unlisten'
  ).split(' '),
);
const READING: ReadonlySet<string> = new Set(
  '( declare explain fetch move select table values with'.split(' '),
);
/** Of somebody else's these run what an index, a rule or an event trigger says. */
const DEFINING: ReadonlySet<string> = new Set(
  'alter analyse analyze cluster comment create drop grant import reassign reindex revoke security vacuum'.split(
    ' ',
  ),
);
const WRITING: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge']);

/** Before a bracket they are no functions, or some that do nothing. */
const NO_CALLS: ReadonlySet<string> = new Set(
  (
    'all and any array as between by case cast distinct else end except exists filter from group having ilike in intersect is join lateral like limit ' +
    'not offset on or order over partition row select some then union using values when where with within ' +
    'bit char decimal float interval numeric time timestamp timestamptz varchar ' +
    'abs array_agg avg coalesce count current_setting date_trunc extract greatest json_agg jsonb_agg json_build_object jsonb_build_object least length ' +
    'lower max min now nullif rank round row_number row_to_json string_agg substring sum to_char to_json to_jsonb trim unnest upper'
  ).split(' '),
);

/** The most that any statement of the text is suspected of. */
export function suspicionOf(bytes: Uint8Array, from: number, to: number): number {
  const reader = new StatementReader(bytes, from, to, true);
  let most = RUNS_NOTHING;
  for (let tokens = reader.next(); tokens !== undefined; tokens = reader.next())
    most = Math.max(most, suspicionOfStatement(tokens));
  return most;
}

/** As `readEffects()`, of a text that was learned: behind what it may have run, everything is asked. */
export function readTaught(
  bytes: Uint8Array,
  from: number,
  to: number,
  isConforming: boolean,
  lesson: Lesson,
): Effects {
  const reader = new StatementReader(bytes, from, to, isConforming);
  const read: StatementEffects[] = [];
  const suspicions: number[] = [];
  for (let tokens = reader.next(); tokens !== undefined; tokens = reader.next()) {
    read.push(readStatement(tokens));
    suspicions.push(suspicionOfStatement(tokens));
    if (read.length > STATEMENTS_MAX) return UNREAD;
  }
  if (reader.isRefused) return NOTHING;
  const most = suspicions.reduce((one, other) => Math.max(one, other), READS);
  let bits = 0;
  const statements = read.map((effects, i) => {
    const taught = suspicions[i] === most ? { ...effects, bits: effects.bits | ANYTHING, lesson } : effects;
    bits |= taught.bits;
    return taught;
  });
  if (bits === 0 && statements.every(({ actions }) => actions.length === 0)) return NOTHING;
  return { bits, statements, isSingle: statements.length === 1 };
}

function suspicionOfStatement(tokens: Tokens): number {
  const first = tokens.kinds[0] === QUOTED ? '' : tokens.words[0]!;
  if (HARMLESS.has(first)) return RUNS_NOTHING;
  if (DEFINING.has(first)) return READS;
  if (!READING.has(first)) return RUNS;
  for (let i = 0; i < tokens.length; i++) {
    if (WRITING.has(tokens.words[i]!) && first === 'with') return RUNS;
    if (tokens.is(i + 1, '(') && isCalled(tokens, i)) return RUNS;
  }
  return READS;
}

function isCalled(tokens: Tokens, at: number): boolean {
  const kind = tokens.kinds[at];
  if (kind === QUOTED || kind === UNICODE_NAME) return true;
  return kind === WORD && !NO_CALLS.has(fold(tokens.latin1(tokens.starts[at]!, tokens.ends[at]!)));
}
