// A client's portals: what each of them does to its names and leaves in its session when it is executed.

import { type Effects, UNREAD } from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import { type ClientStatements, type Mention, mentionOf } from '../state/client_statements.ts';
import * as expected from '../state/expected.ts';
import { endOfString, int32At, nameAt } from '../wire/bytes.ts';
import type { Framer } from '../wire/frame.ts';
import type { Pieces } from '../wire/pieces.ts';
import { EffectsBook } from './effects_book.ts';
import type { BoundNaming } from './naming_statements.ts';
import { REPLACED, WAIT } from './pass_on.ts';
import { runUnseen } from './put_statement.ts';
import type { SessionParameters } from './session_parameters.ts';
import { onDeallocating, withStatements } from './sql_names.ts';

const HEADER_BYTES = 5;
/** Portals of one transaction that speak of names; whoever has more of them is not told with its own names, and asked what it has done. */
const NAMINGS_MAX = 1_000;
const NOBODY = { name: '', serverName: '', shifts: undefined };

/** Functions that libpq calls by their OID (pg_proc.dat): lo_open … lo_tell64. What they open ends with the transaction. */
const LARGE_OBJECTS: ReadonlySet<number> = new Set([
  ...[715, 764, 765, 767, 952, 953, 954, 955, 956, 957, 958, 964, 1004, 3170, 3171, 3172],
]);

export class Portals {
  readonly #owner: ClientStatements;
  readonly #parameters: SessionParameters;
  readonly #pieces: Pieces;
  /** Of portals with a name: what their statements leave, where that is anything. */
  readonly #byName = new EffectsBook();
  /** The same for the portal without a name. */
  #unnamed: Effects | undefined;
  /** Of those whose text speaks of statements by their names: what it does to them. */
  readonly #namings = new Map<string, BoundNaming>();
  #unnamedNaming: BoundNaming | undefined;

  /** @param pieces take what is to be sent before the message at hand. */
  constructor(owner: ClientStatements, parameters: SessionParameters, pieces: Pieces) {
    this.#pieces = pieces;
    this.#owner = owner;
    this.#parameters = parameters;
  }

  onBind(read: Effects | undefined, server: Server, naming?: BoundNaming): void {
    this.#unnamed = this.#parameters.leaving(read, server);
    if (naming === undefined && this.#unnamedNaming === undefined) return;
    this.#giveBack(this.#unnamedNaming);
    this.#unnamedNaming = naming;
  }

  /** As `onBind()`, of a portal that may have a name. @param nameEnd where the NUL behind its name has ended. */
  onBindOf(
    chunk: Uint8Array,
    start: number,
    nameEnd: number,
    read: Effects | undefined,
    server: Server,
    naming?: BoundNaming,
  ): void {
    const at = start + HEADER_BYTES;
    if (nameEnd === at + 1) return this.onBind(read, server, naming);
    const effects = this.#parameters.leaving(read, server);
    if (effects === undefined && naming === undefined && this.#isWithout) return;
    const name = nameAt(chunk, at, nameEnd - 1);
    this.#byName.set(name, effects);
    this.#giveBack(this.#namings.get(name));
    this.#namings.delete(name);
    if (naming === undefined) return;
    for (const [eldest, bound] of this.#namings) {
      if (this.#namings.size < NAMINGS_MAX) break;
      this.#giveBack(bound);
      this.#namings.delete(eldest);
    }
    this.#namings.set(name, naming);
  }

  get #isWithout(): boolean {
    return this.#byName.isEmpty && this.#namings.size === 0;
  }

  /** Execute: its entry says what it will end and leave. A positive number: offer it again when so many of its bytes are there. */
  takeExecute(framer: Framer, server: Server): number {
    let effects: Effects | undefined;
    let ends: Mention | undefined;
    if (this.#unnamed !== undefined || this.#unnamedNaming !== undefined || !this.#isWithout) {
      const { chunk, start, end, whole } = framer;
      if (!whole) return end - start;
      const at = start + HEADER_BYTES;
      const nul = endOfString(chunk, at, end);
      const name = nul > at ? nameAt(chunk, at, nul) : '';
      effects = name === '' ? this.#unnamed : this.#byName.get(name);
      ends = (name === '' ? this.#unnamedNaming : this.#namings.get(name))?.ends;
    }
    if (server.expected.isFailed || (ends === undefined && effects === undefined)) {
      server.expected.push(expected.EXECUTE);
      return 0;
    }
    if (effects !== undefined && !this.#parameters.prepareToListen(effects, server)) return WAIT;
    if (effects !== undefined) this.#countSequences(effects, server);
    const mention = this.#mentionFor(ends);
    if (effects !== undefined) mention.effects = ends === undefined ? withStatements(effects) : effects;
    const { expected: due, statements } = server;
    const made = mention.effect === names.PREPARE ? mention.statement : undefined;
    if (made !== undefined) statements.put(made, due.run);
    due.push(expected.EXECUTE, expected.FORWARD, made, mention);
    onDeallocating(mention, server);
    const { start, current } = this.#parameters;
    const behind = effects === undefined || start.isEmpty ? [] : start.sqlBehind(effects, current);
    if (this.#pieces.count === 0 && behind.length === 0) return 0;
    this.#pieces.add(framer.chunk, framer.start, framer.end);
    for (const sql of behind) runUnseen(this.#pieces, Buffer.from(sql), server.expected, undefined);
    return REPLACED;
  }

  /** What is run for the second time is refused, but for the rest of its rows: it does nothing to names any more. */
  #mentionFor(ends: Mention | undefined): Mention {
    if (ends !== undefined && ends.sent === 0) return ends;
    const { name, serverName, shifts } = ends ?? NOBODY;
    const mention = mentionOf(this.#owner, names.NOTHING, name, serverName, undefined);
    mention.shifts = shifts;
    return mention;
  }

  #giveBack(naming: BoundNaming | undefined): void {
    if (naming?.ends !== undefined) this.#owner.forgetUnsent(naming.ends);
  }

  close(): void {
    this.#giveBack(this.#unnamedNaming);
    this.#unnamedNaming = undefined;
    this.onTransactionEnd();
  }

  /** A FunctionCall has no text: whatever function it is may do anything, unless it is known to be one of large objects. */
  takeCall({ chunk, start, end }: Framer, server: Server): number {
    const at = start + HEADER_BYTES;
    const headEnd = Math.min(end, at + 4);
    if (chunk.length < headEnd) return headEnd - start;
    const mention = mentionOf(this.#owner, names.NOTHING, '', '', undefined);
    if (headEnd < at + 4 || !LARGE_OBJECTS.has(int32At(chunk, at))) mention.effects = UNREAD;
    server.expected.push(expected.QUERY, expected.FORWARD, undefined, mention);
    return 0;
  }

  /** Before the text is executed, and its portal stays what it is. */
  #countSequences(effects: Effects, server: Server): void {
    const sql = this.#parameters.sequencesSql(effects, server);
    if (sql !== '') runUnseen(this.#pieces, Buffer.from(sql), server.expected, undefined);
  }

  /** None of them outlives its transaction. */
  onTransactionEnd(): void {
    this.#byName.clear();
    if (this.#namings.size === 0) return;
    for (const each of this.#namings.values()) this.#giveBack(each);
    this.#namings.clear();
  }
}
