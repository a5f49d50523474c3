// `pgsidecar explain [SETTING]`: the value, the file and line that it came from, and what it won over.

import { AgentError } from '../base/errors.ts';
import { explain as explainSubject } from '../config/explain.ts';
import { load } from '../config/load.ts';
import type { Call, Host } from './command.ts';
import { loadInputOf, printProblems } from './loading.ts';

/** Explains a configuration that cannot be used as well: that is when one asks. */
export async function explain(call: Call, host: Host): Promise<number> {
  const { explanation, problems, settings } = await load(loadInputOf(call), host.io);
  const subject = call.arguments[0];
  try {
    const lines = explainSubject(explanation, subject);
    host.out(lines.length === 0 ? 'every setting is at its default\n' : `${lines.join('\n')}\n`);
  } catch (error) {
    // A name that nobody knows was typed, not configured.
    if (error instanceof AgentError && error.code === 'setting_unknown') throw wrongSubject(error, subject);
    throw error;
  }
  printProblems(problems, host);
  return settings === undefined ? 78 : 0;
}

function wrongSubject(error: AgentError, subject: string | undefined): AgentError {
  const { advice } = error.details;
  return new AgentError('argument_unexpected', { command: 'explain', argument: subject, hint: advice });
}
