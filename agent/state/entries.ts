// A queue of what was sent to a server and is not answered: three rings of the same length. Nothing is allocated for an ordinary message.

import type { Mention } from './client_statements.ts';
import type { Statement } from './statements.ts';

const FIRST_SIZE = 16;

export class Entries {
  count = 0;
  #codes = new Uint8Array(FIRST_SIZE);
  #statements: (Statement | undefined)[] = new Array(FIRST_SIZE).fill(undefined);
  #mentions: (Mention | undefined)[] = new Array(FIRST_SIZE).fill(undefined);
  #head = 0;

  push(code: number, statement: Statement | undefined, mention: Mention | undefined): void {
    if (this.count === this.#codes.length) this.#grow();
    const at = this.#at(this.count++);
    this.#codes[at] = code;
    this.#statements[at] = statement;
    this.#mentions[at] = mention;
  }

  /** Takes the first one off. */
  pop(): void {
    this.#statements[this.#head] = undefined;
    this.#mentions[this.#head] = undefined;
    this.#head = this.#at(1);
    this.count--;
  }

  /** The `i`th from the first, which is 0. */
  code(i: number): number {
    return this.#codes[this.#at(i)]!;
  }

  statement(i: number): Statement | undefined {
    return this.#statements[this.#at(i)];
  }

  mention(i: number): Mention | undefined {
    return this.#mentions[this.#at(i)];
  }

  /** Puts another code in the place of the `i`th. */
  recode(i: number, code: number): void {
    this.#codes[this.#at(i)] = code;
  }

  /**
   * Takes out those from the `from`th up to before the `to`th that `isOut` says; those before them close up. What lies behind
   * is not looked at, since that may be a long pipeline. Gives how many they were.
   */
  takeOut(from: number, to: number, isOut: (code: number) => boolean): number {
    let kept = to;
    for (let i = to - 1; i >= 0; i--) {
      const at = this.#at(i);
      if (i >= from && isOut(this.#codes[at]!)) continue;
      const into = this.#at(--kept);
      this.#codes[into] = this.#codes[at]!;
      this.#statements[into] = this.#statements[at];
      this.#mentions[into] = this.#mentions[at];
    }
    for (let i = 0; i < kept; i++) this.pop();
    return kept;
  }

  #at(i: number): number {
    return (this.#head + i) & (this.#codes.length - 1);
  }

  #grow(): void {
    const size = this.#codes.length;
    const codes = new Uint8Array(size * 2);
    const statements: (Statement | undefined)[] = new Array(size * 2).fill(undefined);
    const mentions: (Mention | undefined)[] = new Array(size * 2).fill(undefined);
    for (let i = 0; i < this.count; i++) {
      codes[i] = this.code(i);
      statements[i] = this.statement(i);
      mentions[i] = this.mention(i);
    }
    this.#codes = codes;
    this.#statements = statements;
    this.#mentions = mentions;
    this.#head = 0;
  }
}
