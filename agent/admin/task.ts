// One command of the console as something that can be run: what columns it answers with, and how.

import { AgentError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { ErrorFields } from '../wire/server_messages.ts';
import type { Cell } from '../wire/typed_rows.ts';
import { commandNamed } from './commands.ts';
import { HELP } from './help.ts';
import { setTask } from './set.ts';
import { withOldColumns } from './show/old_columns.ts';
import type { Column, ConsoleTools } from './show/row.ts';
import { showNamed } from './shows.ts';
import type { Typed } from './words.ts';

/** What comes back before CommandComplete. */
export interface Outcome {
  readonly tag: string;
  readonly notice?: Pick<ErrorFields, 'message' | 'detail'>;
}

export type Task =
  | {
      readonly kind: 'rows';
      readonly columns: readonly Column[];
      readonly isForAdmins: boolean;
      rows(tools: ConsoleTools): Iterable<readonly Cell[]>;
    }
  | {
      readonly kind: 'act';
      readonly isForAdmins: boolean;
      act(tools: ConsoleTools): Promise<Outcome>;
      /** Its client does not want it any more while it waits. */
      undo?(tools: ConsoleTools): void;
    };

/** @throws AgentError console_command */
export function taskOf(typed: Typed, settings: Settings): Task {
  if (typed.kind === 'set') return setTask(typed.key, typed.value);
  if (typed.kind === 'unknown') throw new AgentError('console_command', { text: typed.text });
  const { name, argument, text } = typed;
  // As there: SELECT is another word for it.
  if (name === 'show' || name === 'select') return showTask(argument, text, settings);
  const command = commandNamed(name);
  if (command === undefined) throw new AgentError('console_command', { text });
  return {
    kind: 'act',
    isForAdmins: true,
    async act(tools) {
      await command.run(argument, tools, text);
      return { tag: name.toUpperCase() };
    },
    undo: (tools) => command.undo?.(argument, tools),
  };
}

function showTask(argument: string, text: string, { console_old_columns }: Settings): Task {
  if (argument.toLowerCase() === 'help') {
    const outcome: Outcome = { tag: 'SHOW', notice: HELP };
    return { kind: 'act', isForAdmins: false, act: () => Promise.resolve(outcome) };
  }
  const found = showNamed(argument);
  if (found === undefined) throw new AgentError('console_command', { text });
  const show = console_old_columns ? withOldColumns(found) : found;
  const { columns, isForAdmins = false } = show;
  return { kind: 'rows', columns, isForAdmins, rows: (tools) => show.rows(tools) };
}
