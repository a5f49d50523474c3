// `pgsidecar run`: serves, until it is told to stop.

import { runAgent } from '../daemon/run.ts';
import type { Call, Host } from './command.ts';
import { loadInputOf, printProblems } from './loading.ts';

export async function run(call: Call, host: Host): Promise<number> {
  return await runAgent(loadInputOf(call), host.io, (problems) => printProblems(problems, host));
}
