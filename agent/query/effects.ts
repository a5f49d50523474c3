// What SQL does to the session that runs it: what may be left behind, and what can be said exactly, statement by statement.

import type { Advance } from './advancing.ts';
import type { Lesson } from './lessons.ts';

/** Session-level advisory locks are taken or given back; those of a transaction are none of these. */
export const LOCKS = 1;
/** Temporary objects are made or dropped. */
export const TEMPORARY = 2;
/** Cursors WITH HOLD are opened, or cursors are closed. */
export const CURSORS = 4;
/** Settings change in a way that the text does not say exactly. */
export const SETTINGS = 8;
/** LISTEN in a place where it cannot be followed. */
export const LISTENS = 16;
/** PREPARE or DEALLOCATE in a place where it cannot be followed. */
export const STATEMENTS = 32;
/** Something stays with the server's process that no view shows: a library (LOAD), a connection of dblink, a backup. */
export const LIBRARY = 64;
/** A sequence may be advanced: INSERT, MERGE, COPY … FROM, nextval(), setval(). */
export const ADVANCES = 128;
/** currval(), lastval(). */
export const READS_SEQUENCE = 256;
/** NOTIFY, pg_notify(). */
export const NOTIFIES = 512;
/** Settings change, and the text does not even say which. Those of an application's own (`app.tenant`) are in no view. */
export const UNNAMED = 1024;
/** Beside LOCKS, TEMPORARY, CURSORS or LIBRARY: the text itself says that it leaves some, and does not only end them, or may make them. */
export const DEMANDS = 2048;
/** Beside LIBRARY: nothing of that is left where the statement fails. */
export const WHOLE = 4096;
/** Not understood: everything that the server can be asked about. */
export const ANYTHING: number = LOCKS | TEMPORARY | CURSORS | SETTINGS | LISTENS | STATEMENTS | UNNAMED;
/** Runs what somebody else has written: it may advance sequences too. Nothing that cannot be asked for is guessed at. */
export const UNKNOWN: number = ANYTHING | ADVANCES;

/**
 * What a statement does, exactly. It holds when the statement succeeded. Names of settings are in lower case; names of prepared
 * statements and savepoints are the bytes of the identifier as latin-1, as `nameAt()` of `wire/bytes.ts` has them; the rest is text.
 */
export type Action =
  | {
      /** SET [SESSION], in each of its forms. A value may be written as a literal, whatever it was written as. */
      readonly kind: 'set';
      readonly name: string;
      readonly values: readonly string[];
      /** It was a transaction of its own: what is reported behind it came of nothing else. */
      readonly isAlone?: boolean;
    }
  | {
      /** set_config(name, value, false): the value is a whole list, where the setting is one. */
      readonly kind: 'config';
      readonly name: string;
      readonly value: string;
    }
  | { readonly kind: 'reset'; readonly name: string }
  /** SET LOCAL x TO DEFAULT: until its transaction ends. */
  | { readonly kind: 'reset_local'; readonly name: string }
  /** It gets a value that the text does not say (with `SETTINGS`): current_setting() knows. */
  | { readonly kind: 'change'; readonly name: string }
  | { readonly kind: 'reset_all' }
  | { readonly kind: 'discard'; readonly what: 'all' | 'plans' | 'sequences' | 'temp' }
  | { readonly kind: 'savepoint' | 'release' | 'rollback_to'; readonly name: string }
  | {
      readonly kind: 'listen';
      readonly channel: string;
      /** Where the word LISTEN is written; counted from the beginning of the text. */
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: 'unlisten'; readonly channel: string | undefined }
  | Naming
  | { readonly kind: 'deallocate_all' };

/** A prepared statement, by its name in SQL. */
export interface Naming {
  readonly kind: 'prepare' | 'execute' | 'deallocate';
  readonly name: string;
  /** Where the name is written, quotes included; counted from the beginning of the text. */
  readonly from: number;
  readonly to: number;
  /** Where the statement begins and ends that it is in, without its semicolon. */
  readonly start: number;
  readonly end: number;
  /** EXPLAIN EXECUTE or CREATE TABLE … AS EXECUTE: these run queries only. */
  readonly isInside?: true;
  /** Of PREPARE: what each EXECUTE of it does, and where that begins. PREPARE itself does nothing of it. */
  readonly prepares?: StatementEffects;
  readonly inner?: number;
}

export interface StatementEffects {
  readonly bits: number;
  readonly actions: readonly Action[];
  /** Its text does not say so: it was learned. */
  readonly lesson?: Lesson;
  /** The agent has put something behind it, for nobody to hear of: a statement in the same text, or a Query of its own. */
  readonly behind?: 'statement' | 'query';
}

export interface Effects {
  /** Of all statements. */
  readonly bits: number;
  /**
   * One for each CommandComplete or EmptyQueryResponse that the text gives when all goes well, in their order. Empty
   * where the statements were not told apart (`NOTHING`, `ADVANCING`, `UNREAD`): then `bits` hold for the whole text.
   */
  readonly statements: readonly StatementEffects[];
  /** The text is one statement; false also where the statements were not told apart. */
  readonly isSingle: boolean;
  /** Sequences may be advanced, and nothing else is. */
  readonly advance?: Advance;
}

/** Nothing is left behind. Compared by reference. */
export const NOTHING: Effects = Object.freeze({ bits: 0, statements: [], isSingle: false });
/** Sequences may be advanced, and nothing else is; `advance` says more where the same reader has read it. Compared by reference. */
export const ADVANCING: Effects = Object.freeze({ bits: ADVANCES, statements: [], isSingle: false });
/** The text cannot be read with certainty. */
export const UNREAD: Effects = Object.freeze({
  bits: UNKNOWN | READS_SEQUENCE | NOTIFIES,
  statements: [],
  isSingle: false,
});
