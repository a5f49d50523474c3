// Effects as words, so that a test says in a line what a text does.

import { describe, expect, test } from 'bun:test';
import { readEffects } from '../../query/classify.ts';
import {
  type Action,
  ADVANCES,
  ADVANCING,
  ANYTHING,
  CURSORS,
  DEMANDS,
  type Effects,
  LIBRARY,
  LISTENS,
  LOCKS,
  NOTHING,
  NOTIFIES,
  READS_SEQUENCE,
  SETTINGS,
  STATEMENTS,
  type StatementEffects,
  TEMPORARY,
  UNNAMED,
  UNREAD,
  WHOLE,
} from '../../query/effects.ts';

export function read(sql: string, isConforming = true, isAsciiSafe = true): Effects {
  const bytes = Buffer.from(`xx${sql}\0`, 'utf8');
  return readEffects(bytes, 2, bytes.length - 1, isConforming, isAsciiSafe);
}

const BITS: readonly (readonly [string, number])[] = [
  ['locks', LOCKS],
  ['temporary', TEMPORARY],
  ['cursors', CURSORS],
  ['settings', SETTINGS],
  ['listens', LISTENS],
  ['statements', STATEMENTS],
  ['library', LIBRARY],
  ['advances', ADVANCES],
  ['reads_sequence', READS_SEQUENCE],
  ['notifies', NOTIFIES],
  ['unnamed', UNNAMED],
  ['demands', DEMANDS],
  ['whole', WHOLE],
];

/** In words: `set x=a,b`, `locks`, `execute p@8-9`; those of one statement with blanks between them. */
export function wordsOf({ bits, actions }: StatementEffects): string {
  const isUnknown = (bits & ANYTHING) === ANYTHING;
  const named = BITS.filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name);
  return [...(isUnknown ? ['unknown'] : named), ...actions.map(wordOf)].join(' ');
}

function wordOf(action: Action): string {
  switch (action.kind) {
    case 'set':
      return `set ${action.name}=${action.values.join(',')}`;
    case 'config':
      return `config ${action.name}=${action.value}`;
    case 'reset_all':
    case 'deallocate_all':
      return action.kind;
    case 'discard':
      return `discard ${action.what}`;
    case 'listen':
    case 'unlisten':
      return `${action.kind} ${action.channel ?? '*'}`;
    case 'prepare':
    case 'execute':
    case 'deallocate': {
      const prepares = action.prepares === undefined ? '' : `:${wordsOf(action.prepares)}`;
      return `${action.kind} ${action.name}@${action.from}-${action.to}${prepares}`;
    }
    default:
      return `${action.kind} ${action.name}`;
  }
}

export function said(sql: string, isConforming = true): string {
  const found = read(sql, isConforming);
  if (found === NOTHING) return '-';
  if (found === ADVANCING) return 'advancing';
  if (found === UNREAD) return 'unread';
  expect(found.isSingle).toBe(found.statements.length === 1);
  expect(found.bits).toBe(found.statements.reduce((bits, statement) => bits | statement.bits, 0));
  return found.statements.map((statement) => wordsOf(statement) || '-').join(' | ');
}

export function cases(title: string, rows: readonly (readonly [sql: string, words: string])[]): void {
  describe(title, () => {
    for (const [sql, words] of rows) test(JSON.stringify(sql), () => expect(said(sql)).toBe(words));
  });
}
