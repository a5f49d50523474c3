// What an open transaction has done to its session, in order: savepoints cut it back, COMMIT makes it count, ROLLBACK does away with it.

import type { Action } from '../query/effects.ts';

/** One transaction may do so much; whoever does more is asked about in the end. */
const ENTRIES_MAX = 1_000;

/** Does ROLLBACK undo it? Then it counts when its transaction has committed. What is done to prepared statements stays, and what the server is asked about it knows. */
export function isUndone({ kind }: Action): boolean {
  return !(
    kind === 'change' ||
    kind === 'reset_local' ||
    kind === 'prepare' ||
    kind === 'execute' ||
    kind === 'deallocate' ||
    kind === 'deallocate_all'
  );
}

/** Actions and savepoints in the order in which they were done (PostgreSQL, guc.c: a stack for each setting comes to the same). */
export class UndoLog {
  readonly #entries: Action[] = [];
  #actions = 0;
  #isFull = false;

  get isEmpty(): boolean {
    return this.#entries.length === 0 && !this.#isFull;
  }

  /** Something had no room: only the server can tell what is set now. */
  get isFull(): boolean {
    return this.#isFull;
  }

  add(action: Action): void {
    switch (action.kind) {
      case 'release':
        return this.#release(action.name);
      case 'rollback_to':
        return this.#rollBackTo(action.name);
      case 'savepoint':
        // Without anything to be undone it still says where a later ROLLBACK TO ends.
        break;
      default:
        this.#actions++;
    }
    if (this.#entries.length === ENTRIES_MAX) this.#isFull = true;
    else this.#entries.push(action);
  }

  /** What is to count now, in order; the log is empty then. */
  commit(): readonly Action[] {
    const done = this.#actions === 0 ? [] : this.#entries.filter((each) => each.kind !== 'savepoint');
    this.clear();
    return done;
  }

  clear(): void {
    this.#entries.length = 0;
    this.#actions = 0;
    this.#isFull = false;
  }

  /** The savepoint is gone, and all behind it; what was done behind them stays. */
  #release(name: string): void {
    const at = this.#find(name);
    if (at < 0) return;
    const kept = this.#entries.filter((each, i) => i < at || each.kind !== 'savepoint');
    this.#entries.length = 0;
    this.#entries.push(...kept);
  }

  /** What was done behind the savepoint is undone; the savepoint itself stays. */
  #rollBackTo(name: string): void {
    const at = this.#find(name);
    if (at < 0) return;
    for (const undone of this.#entries.splice(at + 1)) if (undone.kind !== 'savepoint') this.#actions--;
  }

  /** Of several of the same name the last one is meant. */
  #find(name: string): number {
    return this.#entries.findLastIndex((each) => each.kind === 'savepoint' && each.name === name);
  }
}
