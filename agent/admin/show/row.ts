// What one row of the table of SHOW says, and what its rows are made from.

import type { Controls } from '../../base/controls.ts';
import type { ClientContext } from '../../client/context.ts';
import type { Connection } from '../../net/connection.ts';
import type { Snapshot } from '../../observe/snapshot.ts';
import type { Cell, ColumnShape, ColumnType } from '../../wire/typed_rows.ts';

/** All that the console is handed; it holds nothing of the agent's own. */
export interface ConsoleTools {
  /** The clients, the pools and the settings in force, for the readers of `observe`. */
  readonly context: ClientContext;
  readonly controls: Controls;
  readonly snapshot: () => Snapshot;
  /** Address and port on our side of a TCP connection; `''` and 0 where the kernel does not say. */
  readonly localEnd: (connection: Connection) => readonly [string, number];
}

export interface Column extends ColumnShape {
  /** What it says here, for the reference. */
  readonly doc: string;
}

export interface Show {
  /** Behind the word SHOW, in lower case. */
  readonly name: string;
  /** One sentence or two for the reference. */
  readonly doc: string;
  readonly columns: readonly Column[];
  /** Only for admin_users. */
  readonly isForAdmins?: true;
  /**
   * Gives one after the other, with whatever has happened in between: the caller stops where it has taken long enough,
   * and goes on later.
   */
  rows(tools: ConsoleTools): Iterable<readonly Cell[]>;
}

/** `name type doc` for each: the shortest way to write twenty of them. */
export function columns(...written: readonly (readonly [string, ColumnType, string])[]): readonly Column[] {
  return written.map(([name, type, doc]) => ({ name, type, doc }));
}
