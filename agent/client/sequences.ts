// A client's numbers of sequences, which only its server knows: it keeps that server while it may ask for them, and gives way where others wait.

import type { SequenceKeeper } from '../pool/sequence_habits.ts';
import { ADVANCES, ANYTHING, type Effects, READS_SEQUENCE } from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import { IN_FAILED_TRANSACTION } from '../wire/types.ts';
import type { Session } from './session.ts';

/** For so long after a statement that advances or asks nobody takes the server from it. */
const UNUSED_MS = 1_000;
/** Where others wait, it may go on advancing and asking for so long. */
const KEPT_MS = 5_000;
/** Where others wait, a client that has never asked may advance in so many transactions. */
const UNREAD_MAX = 8;
/** After so many it is believed never to ask. */
const NEVER_READS = 64;
/** Whoever has had a second to ask and did not says more than whoever goes on at once. */
const IDLE_WEIGHT = 4;

export class Sequences implements SequenceKeeper {
  readonly #session: Session;
  /** It has asked for a number at some time. */
  #reads = false;
  /** Transactions that have advanced one since it asked last. */
  #unread = 0;
  /** By the clock: since when it keeps the server, and when it last advanced or asked. */
  #since = 0;
  #usedAt = 0;
  /** In the transaction at hand. */
  #hasAdvanced = false;
  #hasAsked = false;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Where somebody asks for currval() and lastval(), what others have advanced on this server must not be found. Gives the SQL
   * to be run before the text; empty where nothing is to be run.
   */
  sqlBefore({ bits, statements }: Effects, server: Server): string {
    const asks = (bits & READS_SEQUENCE) !== 0;
    // Of a text that nobody has read it would be said for nothing.
    if ((bits & (READS_SEQUENCE | ADVANCES)) === 0 || (statements.length === 0 && asks)) return '';
    const { sequences: habits } = this.#session.pool;
    const isNews = asks && !habits.reads;
    if (asks) {
      habits.onRead();
      this.#hasAsked = true;
      this.#reads = true;
    }
    if (!habits.counts) return '';
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

  /** A statement that may have advanced one was done. @param bits of `Effects`. True: the server is to be kept. */
  onAdvanced(bits: number): boolean {
    const { sequences: habits, context } = this.#session.pool;
    if (!habits.counts || this.#isIndifferent) return false;
    // It may do anything: until somebody has asked that is no reason.
    if (!habits.reads && (bits & ANYTHING) === ANYTHING) return false;
    this.#hasAdvanced = true;
    if (habits.keepers.has(this)) return true;
    habits.keepers.add(this);
    this.#since = context.clock.now();
    this.#usedAt = this.#since;
    return true;
  }

  /** It keeps its server, and has no transaction open. */
  onTransactionEnd(): void {
    const { pool, left } = this.#session;
    const now = pool.context.clock.now();
    if (this.#hasAsked) this.#unread = 0;
    else if (this.#hasAdvanced && ++this.#unread > 1) pool.sequences.onMissed(1);
    if (this.#hasAsked || this.#hasAdvanced) this.#usedAt = now;
    this.#hasAsked = false;
    this.#hasAdvanced = false;
    if (this.#givesWay(now)) left.unpin('sequence');
  }

  look(now: number): void {
    const { pool, server, relay, left } = this.#session;
    if (server?.isClean !== true || relay.inMessage || relay.isWaiting || left.isAsking) return;
    if (!this.#givesWay(now)) return;
    if (!pool.sequences.reads) pool.sequences.onMissed(IDLE_WEIGHT);
    left.unpin('sequence');
    this.#session.restAgain();
  }

  /** It keeps no server for them any more, or is gone. */
  end(): void {
    const { sequences: habits } = this.#session.pool;
    if (habits.keepers.delete(this) && this.#unread > 0) habits.onMissed(1);
  }

  #givesWay(now: number): boolean {
    const { sequences: habits } = this.#session.pool;
    if (!habits.counts || this.#isIndifferent) return true;
    const isUnused = now - this.#usedAt >= UNUSED_MS;
    if (!this.#isWantedByOthers) return isUnused && !habits.reads;
    if (isUnused) return true;
    if (!this.#reads) return this.#unread >= UNREAD_MAX;
    return now - this.#since >= KEPT_MS && (this.#unread === 0 || this.#unread >= UNREAD_MAX);
  }

  get #isIndifferent(): boolean {
    return !this.#reads && this.#unread >= NEVER_READS;
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
