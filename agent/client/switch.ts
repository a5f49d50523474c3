// How a server gets from what one client has set to what another has: made once, while both stay as they are.

import { difference, isReached, type Parameters } from '../state/parameters.ts';
import { inTime, isSure } from '../state/sure_settings.ts';
import { concat } from '../wire/bytes.ts';
import { encodeQuery } from '../wire/client_messages.ts';
import { encodeCommandComplete } from '../wire/server_messages.ts';

/** A longer one is made anew each time: every client may keep one. */
const KEPT_BYTES_MAX = 8 * 1024;

/** What each statement of it is answered with, by its first word. */
const ANSWERS: ReadonlyMap<string, Uint8Array> = new Map(
  ['SET', 'RESET'].map((tag) => [tag, encodeCommandComplete(tag)]),
);

export class Switch {
  readonly has: Parameters;
  readonly wants: Parameters;
  /** A simple Query; undefined where nothing is to be said. */
  readonly query: Uint8Array | undefined;
  /** What a server that takes it says before it reports and is ready; undefined where that is not known byte for byte. */
  readonly answer: Uint8Array | undefined;
  /** No server refuses it. */
  readonly isSure: boolean;
  /** What the server has then, before it has reported anything. */
  readonly reached: Parameters;

  constructor(has: Parameters, wants: Parameters) {
    const statements = difference(has, wants);
    const before = inTime(has);
    if (statements.length > 0 && before !== '') statements.unshift(before);
    this.has = has;
    this.wants = wants;
    this.query = statements.length === 0 ? undefined : encodeQuery(statements.join(''));
    this.answer = answerTo(statements);
    this.isSure = isSure(has, wants);
    this.reached = isReached(has, wants) ? wants : has.withUnreported(wants.unreported);
  }

  isFrom(has: Parameters, wants: Parameters): boolean {
    return this.has === has && this.wants === wants;
  }

  get isShort(): boolean {
    return this.query !== undefined && this.query.length <= KEPT_BYTES_MAX;
  }
}

function answerTo(statements: readonly string[]): Uint8Array | undefined {
  const answers: Uint8Array[] = [];
  for (const statement of statements) {
    const answer = ANSWERS.get(/^[A-Z]*/.exec(statement)![0]);
    // A SELECT of set_config(): its row says what came of it.
    if (answer === undefined) return undefined;
    answers.push(answer);
  }
  return concat(answers);
}
