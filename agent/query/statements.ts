// Takes a text apart into its statements, each a list of tokens: at the semicolons that PostgreSQL's grammar ends them with.

import { Lexer, WORD } from './lex.ts';
import { Tokens } from './tokens.ts';

export class StatementReader {
  readonly #lexer: Lexer;
  readonly #tokens: Tokens;

  constructor(bytes: Uint8Array, from: number, to: number, isConforming: boolean) {
    this.#lexer = new Lexer(bytes, from, to, isConforming);
    this.#tokens = new Tokens(bytes, from, isConforming);
  }

  /** PostgreSQL will refuse the text, all of it, because something in it does not end. */
  get isRefused(): boolean {
    return this.#lexer.isUnterminated;
  }

  /** The next statement that is not empty; what was given before is gone then. Undefined: the text is over. */
  next(): Tokens | undefined {
    const tokens = this.#tokens;
    tokens.clear();
    // CREATE RULE … DO (a; b)
    let depth = 0;
    // CREATE FUNCTION … BEGIN ATOMIC a; b; END
    let isBody = false;
    while (this.#lexer.next()) {
      const { word, kind } = this.#lexer;
      if (word === '(') depth++;
      else if (word === ')') depth--;
      else if (word === ';' && depth <= 0 && !isBody) {
        if (tokens.length > 0) return tokens;
        depth = 0;
        continue;
      } else if (kind === WORD && depth === 0) {
        if (word === 'atomic') isBody ||= tokens.is(tokens.length - 1, 'begin') && isRoutine(tokens);
        // A CASE ends too, and END can be a label: the body ends where a statement would begin.
        else if (word === 'end' && isBody) isBody = !isBeginning(tokens, tokens.length - 1);
      }
      tokens.add(this.#lexer);
    }
    return tokens.length > 0 ? tokens : undefined;
  }
}

function isRoutine(tokens: Tokens): boolean {
  const at = tokens.is(1, 'or') ? 3 : 1;
  return tokens.is(0, 'create') && (tokens.is(at, 'function') || tokens.is(at, 'procedure'));
}

function isBeginning(tokens: Tokens, last: number): boolean {
  return tokens.is(last, ';') || tokens.is(last, 'atomic');
}
