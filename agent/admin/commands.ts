// THE table of the console's commands besides SHOW and SET: who may give them, and what is done.

import { AgentError } from '../base/errors.ts';
import type { ConsoleTools } from './show/row.ts';

export interface Command {
  /** In lower case. */
  readonly name: string;
  /** As HELP prints what may follow it. */
  readonly usage: string;
  /** One sentence for the reference. */
  readonly doc: string;
  /**
   * @param argument '' when there is none.
   * @returns the completion tag, once it is done. @throws AgentError
   */
  run(argument: string, tools: ConsoleTools, text: string): Promise<string>;
}

export const COMMANDS: readonly Command[] = [
  {
    name: 'reload',
    usage: '',
    doc: 'Reads the configuration again, and applies all of it or nothing.',
    async run(argument, { controls }, text) {
      refuseArgument(argument, text);
      const { ok, problems } = await controls.reload('RELOAD at the console');
      if (!ok) throw new AgentError('console_reload', { reason: problems.join('; ') });
      return 'RELOAD';
    },
  },
];

export function commandNamed(name: string): Command | undefined {
  return COMMANDS.find((each) => each.name === name);
}

function refuseArgument(argument: string, text: string): void {
  if (argument !== '') throw new AgentError('console_command', { text });
}
