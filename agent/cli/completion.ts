// `pgsidecar completion SHELL`: the completion script of a shell, made from the command table.

import { COMMANDS } from './cli.ts';
import type { Call, Host } from './command.ts';
import { bashCompletion } from './completion_bash.ts';
import { fishCompletion } from './completion_fish.ts';
import { zshCompletion } from './completion_zsh.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** A checked argument: one of the table's own words. */
export async function completion(call: Call, host: Host): Promise<number> {
  const shell = call.arguments[0] as keyof typeof SHELLS;
  host.out(SHELLS[shell](COMMANDS));
  return 0;
}
