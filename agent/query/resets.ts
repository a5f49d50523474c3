// Where a text gives settings back to what their session began with: RESET, SET … TO DEFAULT, and set_config() with NULL.

import { readStatement } from './classify.ts';
import type { Action } from './effects.ts';
import { StatementReader } from './statements.ts';
import { fold, type Tokens } from './tokens.ts';

/** Places are counted from the beginning of the text. */
export type Reset =
  /** A statement of its own; `at` is behind it. */
  | { readonly kind: 'statement'; readonly statement: number; readonly at: number; readonly action: Action }
  /** The word NULL in a call. */
  | { readonly kind: 'null'; readonly name: string; readonly from: number; readonly to: number };

/** In the order in which they stand there. */
export function findResets(text: Uint8Array, isConforming: boolean): Reset[] {
  const resets: Reset[] = [];
  const reader = new StatementReader(text, 0, text.length, isConforming);
  let statement = 0;
  for (let tokens = reader.next(); tokens !== undefined; tokens = reader.next(), statement++) {
    if (tokens.is(0, 'set') || tokens.is(0, 'reset')) {
      const action = readStatement(tokens).actions.find(isReset);
      if (action !== undefined)
        resets.push({ kind: 'statement', statement, at: tokens.ends[tokens.length - 1]!, action });
    } else addNulls(tokens, resets);
  }
  return resets;
}

export function isReset({ kind }: Action): boolean {
  return kind === 'reset' || kind === 'reset_local' || kind === 'reset_all';
}

/** set_config('x', NULL, …), wherever it stands. */
function addNulls(tokens: Tokens, resets: Reset[]): void {
  for (let i = 0; i + 4 < tokens.length; i++) {
    if (tokens.words[i] !== 'set_config' || !tokens.is(i + 1, '(') || !tokens.isString(i + 2)) continue;
    if (!tokens.is(i + 3, ',') || !tokens.is(i + 4, 'null')) continue;
    const name = tokens.stringAt(i + 2);
    if (name === undefined) continue;
    resets.push({ kind: 'null', name: fold(name), from: tokens.starts[i + 4]!, to: tokens.ends[i + 4]! });
  }
}
