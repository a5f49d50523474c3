// A client's numbers of sequences, which only its server knows: it keeps that server while it may ask for them, and gives way where others wait.

import { MISSES_MAX, type SequenceKeeper } from '../pool/sequence_habits.ts';
import type { Advance } from '../query/advancing.ts';
import { ADVANCES, ANYTHING, type Effects, READS_SEQUENCE } from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import { IN_FAILED_TRANSACTION } from '../wire/types.ts';
import type { Session } from './session.ts';

/** For so long after a statement that advances or asks nobody takes the server from it. */
const UNUSED_MS = 1_000;
/** The same where others wait, behind texts that nobody has ever asked anything behind. */
const UNASKED_MS = 200;
/** Where others wait, it may go on advancing and asking for so long. */
const KEPT_MS = 5_000;
/** Of one transaction. */
const TEXTS_MAX = 16;
/** Whoever has had time to ask and did not says more than whoever goes on at once: where nobody asks, and where somebody does. */
const IDLE_WEIGHT = 4;
const IDLE_WEIGHT_OF_READERS = 16;

export class Sequences implements SequenceKeeper {
  readonly #session: Session;
  /** It has asked for a number at some time. */
  #reads = false;
  /** By the clock: since when it keeps the server, and when it last advanced or asked. */
  #since = 0;
  #usedAt = 0;
  /** In the transaction at hand. */
  #hasAdvanced = false;
  #hasAsked = false;
  #texts: Advance[] = [];
  /** What it last advanced with, since it asked. */
  #unread: Advance[] = [];
  /** The same of what is not looked at. */
  #passed: Advance | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** A text that only advances, and is about to be sent. True: nobody looks at that. */
  passes(advance: Advance): boolean {
    if (!this.#session.pool.sequences.isForgotten(advance)) return false;
    this.#passed = advance;
    return true;
  }

  /**
   * Where somebody asks for currval() and lastval(), what others have advanced on this server must not be found. Gives the SQL
   * to be run before the text; empty where nothing is to be run.
   */
  sqlBefore({ bits, statements, advance }: Effects, server: Server): string {
    const asks = (bits & READS_SEQUENCE) !== 0;
    const { sequences: habits } = this.#session.pool;
    if ((bits & (READS_SEQUENCE | ADVANCES)) === 0 || !habits.isOn) return '';
    // Of a text that nobody has read it would be said for nothing.
    if ((statements.length === 0 && asks) || (!asks && this.#isVague(bits))) return '';
    const isNews = asks && !habits.reads;
    if (asks) this.#onAsked();
    if (this.#texts.length < TEXTS_MAX) this.#texts.push(advance ?? habits.others);
    // Nobody may have counted until now, and it is its own that it asks for: then it keeps them, as those that are counted.
    const isOwn = asks && server.advancedBy === this.#session;
    if ((isOwn && !habits.keepers.has(this)) || (isNews && server.advanced)) {
      server.sequencesOf = this.#session;
      this.#session.left.onEffects({ bits: ADVANCES, actions: [] });
    }
    if (server.sequencesOf === this.#session) return '';
    // Nothing can be said there, and nothing is advanced or told either.
    if (server.status === IN_FAILED_TRANSACTION) return '';
    server.sequencesOf = this.#session;
    // It is the first one who has advanced any there, of those that say so.
    if (!habits.reads && server.advancedBy === this.#session) return '';
    server.advancedBy = (bits & ADVANCES) !== 0 ? this.#session : undefined;
    return 'DISCARD SEQUENCES';
  }

  #onAsked(): void {
    this.#session.pool.sequences.reads = true;
    this.#hasAsked = true;
    this.#reads = true;
    if (this.#passed === undefined) return;
    onAsked(this.#passed);
    this.#passed = undefined;
  }

  /** A statement that may have advanced one was done. @param bits of `Effects`. True: the server is to be kept. */
  onAdvanced(bits: number): boolean {
    const { sequences: habits, context } = this.#session.pool;
    if (!habits.isOn || this.#isVague(bits)) return false;
    this.#hasAdvanced = true;
    if (habits.keepers.has(this)) return true;
    habits.keepers.add(this);
    this.#since = context.clock.now();
    this.#usedAt = this.#since;
    return true;
  }

  /** It may do anything: until somebody has asked that is no reason. */
  #isVague(bits: number): boolean {
    return !this.#session.pool.sequences.reads && (bits & ANYTHING) === ANYTHING;
  }

  /** It keeps its server, and has no transaction open. */
  onTransactionEnd(): void {
    const { pool, left } = this.#session;
    const now = pool.context.clock.now();
    if (this.#hasAsked || this.#hasAdvanced) this.#usedAt = now;
    if (this.#hasAsked) {
      for (const text of this.#texts) onAsked(text);
      for (const text of this.#unread) onAsked(text);
      this.#unread = [];
    } else if (this.#hasAdvanced) {
      this.#onMissed(1);
      this.#unread = this.#texts;
    }
    this.#texts = [];
    this.#hasAsked = false;
    this.#hasAdvanced = false;
    if (this.#givesWay(now)) left.unpin('sequence');
  }

  look(now: number): void {
    const { server, relay, left } = this.#session;
    if (server?.isClean !== true || relay.inMessage || relay.isWaiting || left.isAsking) return;
    if (!this.#givesWay(now)) return;
    this.#onMissed(this.#session.pool.sequences.reads ? IDLE_WEIGHT_OF_READERS : IDLE_WEIGHT);
    left.unpin('sequence');
    this.#session.restAgain();
  }

  /** It keeps no server for them any more, or is gone. */
  end(): void {
    if (this.#session.pool.sequences.keepers.delete(this)) this.#onMissed(1);
  }

  /** @param weight how much it says. */
  #onMissed(weight: number): void {
    const { sequences: habits } = this.#session.pool;
    for (const text of this.#unread) habits.onMissed(text, weight);
    this.#unread = [];
  }

  #givesWay(now: number): boolean {
    const { sequences: habits } = this.#session.pool;
    const isUnread = this.#unread.length > 0;
    if (!habits.isOn || (isUnread && this.#unread.every((text) => habits.isForgotten(text)))) return true;
    const unusedMs = now - this.#usedAt;
    if (!this.#isWantedByOthers) return unusedMs >= UNUSED_MS && !habits.reads;
    const isUnasked = isUnread && !this.#unread.some(({ isAsked }) => isAsked);
    if (unusedMs >= (isUnasked ? UNASKED_MS : UNUSED_MS)) return true;
    if (isUnread && this.#unread.some(({ misses }) => misses < MISSES_MAX)) return false;
    return this.#reads ? now - this.#since >= KEPT_MS : isUnread;
  }

  get #isWantedByOthers(): boolean {
    const { pool, server } = this.#session;
    return (
      pool.waiting > 0 ||
      pool.paused ||
      pool.removed ||
      pool.context.starved.size > 0 ||
      server?.retired !== undefined
    );
  }
}

function onAsked(text: Advance): void {
  text.misses = 0;
  text.isAsked = true;
}
