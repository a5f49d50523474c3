// `pgsidecar reload`: makes the running agent read its configuration again, and says what came of it.

import { AgentError } from '../base/errors.ts';
import { type Call, flagIsSet, type Host } from './command.ts';
import { controlSocket } from './loading.ts';
import { paint } from './paint.ts';
import { refuseOtherAgent } from './which_agent.ts';

/** A reload may run every password_command; each of those has a limit of its own. */
const ANSWER_TIMEOUT_MS = 120_000;

/** The watcher may have been faster. */
const NOTHING =
  'nothing has changed since the files were last read, as the agent does by itself: pgsidecar status has what became of that';

/** What `POST /reload` answers. */
interface ReloadAnswer {
  readonly ok: boolean;
  /** Sentences, secrets masked. */
  readonly changes: readonly string[];
  readonly problems: readonly string[];
  readonly took: readonly string[];
}

export async function reload(call: Call, host: Host): Promise<number> {
  const path = await controlSocket(call, host);
  await refuseOtherAgent(call, host, path);
  const request = { method: 'POST', path: '/reload', timeoutMs: ANSWER_TIMEOUT_MS } as const;
  const { status, body } = await host.control(path, request);
  if (typeof body.ok !== 'boolean') {
    throw new AgentError('control_refused', {
      path,
      status,
      reason: String(body.reason ?? 'no word on the reload'),
    });
  }
  const answer: ReloadAnswer = {
    ok: body.ok,
    changes: texts(body.changes),
    problems: texts(body.problems),
    took: texts(body.took),
  };
  if (flagIsSet(call, 'json')) host.out(`${JSON.stringify(body)}\n`);
  else print(answer, host);
  return answer.ok ? 0 : 78;
}

function print({ ok, changes, problems }: ReloadAnswer, host: Host): void {
  const [word, colour] = ok ? (['warning:', 'yellow'] as const) : (['error:', 'red'] as const);
  for (const problem of problems) host.err(`${paint(host.errColours, colour, word)} ${problem}\n`);
  if (!ok) {
    host.err('The agent goes on with the settings that it had.\n');
    return;
  }
  host.out(
    changes.length === 0 ? `${NOTHING}\n` : `applied:\n${changes.map((each) => `  ${each}\n`).join('')}`,
  );
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
