// THE command table: the help, the completion of the shells and the docs page are made from it.

import type { Command } from './command.ts';
import { EXPLAIN, IMPORT, RENDER } from './commands/files.ts';
import { COMPLETION, VERSION } from './commands/itself.ts';
import { DRAIN, RELOAD, STATUS, WAIT } from './commands/running_agent.ts';
import { CHECK, PGBOUNCER, RUN } from './commands/serving.ts';
import { EJECT, URL } from './commands/urls.ts';

/** In the order of the overview: what one needs first comes first. */
export const COMMANDS: readonly Command[] = [
  RUN,
  PGBOUNCER,
  CHECK,
  URL,
  EJECT,
  EXPLAIN,
  RENDER,
  IMPORT,
  STATUS,
  RELOAD,
  WAIT,
  DRAIN,
  COMPLETION,
  VERSION,
];
