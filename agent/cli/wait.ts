// `pgsidecar wait`: asks the agent until it can serve, or until the time is up.

import { AgentError } from '../base/errors.ts';
import { printDuration } from '../base/units.ts';
import type { Call, Host } from './command.ts';
import { durationFlag } from './durations.ts';
import { controlSocket } from './loading.ts';
import { refuseOtherAgent } from './which_agent.ts';

const TIMEOUT_MS = 30_000;
/** Often enough that nobody notices, seldom enough that it costs nothing. */
const ASK_EVERY_MS = 100;

export async function wait(call: Call, host: Host): Promise<number> {
  const timeoutMs = durationFlag(call, 'timeout') ?? TIMEOUT_MS;
  const socket = await controlSocket(call, host);
  const end = host.clock.now() + timeoutMs;
  for (;;) {
    const left = end - host.clock.now();
    const reason = await notReady(socket, Math.max(left, ASK_EVERY_MS), host);
    if (reason === undefined) {
      await refuseOtherAgent(call, host, socket);
      return 0;
    }
    if (left <= ASK_EVERY_MS) {
      throw new AgentError('control_timed_out', {
        what: 'The agent was not ready',
        time: printDuration(timeoutMs),
        reason,
      });
    }
    await new Promise<void>((resolve) => {
      host.clock.after(ASK_EVERY_MS, resolve);
    });
  }
}

/** Why not; undefined when it is. An agent that is not there yet is one to wait for, one that may not be asked is not. */
async function notReady(socket: string, timeoutMs: number, host: Host): Promise<string | undefined> {
  try {
    const { status, body } = await host.control(socket, { method: 'GET', path: '/readiness', timeoutMs });
    return status === 200 ? undefined : String(body.reason ?? `it answered ${status}`);
  } catch (error) {
    const isWorthWaiting =
      error instanceof AgentError && ['control_unreachable', 'control_timed_out'].includes(error.code);
    if (isWorthWaiting) return error.message;
    throw error;
  }
}
