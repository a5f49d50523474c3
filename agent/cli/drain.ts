// `pgsidecar drain`: stops the running agent once its clients are done, and waits until it is gone.

import { AgentError } from '../base/errors.ts';
import { printDuration } from '../base/units.ts';
import type { Snapshot } from '../observe/snapshot.ts';
import type { Call, Host } from './command.ts';
import { expectShape } from './control_client.ts';
import { durationFlag } from './durations.ts';
import { controlSocket } from './loading.ts';
import { refuseOtherAgent } from './which_agent.ts';

const ANSWER_TIMEOUT_MS = 10_000;
const ASK_EVERY_MS = 100;
/** For the agent to close what is left once the time is up. */
const GRACE_MS = 10_000;

export async function drain(call: Call, host: Host): Promise<number> {
  const wished = durationFlag(call, 'timeout');
  const socket = await controlSocket(call, host);
  await refuseOtherAgent(call, host, socket);
  const path = wished === undefined ? '/drain' : `/drain?timeout_ms=${wished}`;
  const answer = await host.control(socket, { method: 'POST', path, timeoutMs: ANSWER_TIMEOUT_MS });
  const { status, body } = answer;
  if (body.ok !== true) {
    throw new AgentError('control_refused', {
      path: socket,
      status,
      reason: String(body.reason ?? 'no reason given'),
    });
  }
  expectShape(socket, answer, { 'clients?': 'number', 'timeout_ms?': 'number' });
  const timeoutMs = Number(body.timeout_ms ?? wished ?? 0);
  host.out(
    `draining: ${body.clients ?? 0} clients, ${timeoutMs === 0 ? 'no time limit' : printDuration(timeoutMs)}\n`,
  );
  return await untilGone(socket, timeoutMs, host);
}

/** The agent's last act is to close its control socket. */
async function untilGone(socket: string, timeoutMs: number, host: Host): Promise<number> {
  const start = host.clock.now();
  const end = timeoutMs === 0 ? Number.POSITIVE_INFINITY : start + timeoutMs;
  let clients = 0;
  for (;;) {
    const now = await clientsLeft(socket, host);
    if (now === undefined) break;
    clients = now;
    if (host.clock.now() > end + GRACE_MS) throw timedOut(timeoutMs, 'the agent is still there');
    await new Promise<void>((resolve) => {
      host.clock.after(ASK_EVERY_MS, resolve);
    });
  }
  // Clients that were there when the time was up did not leave of themselves.
  if (clients > 0 && host.clock.now() >= end) throw timedOut(timeoutMs, `${clients} of them were closed`);
  host.out('the agent has ended\n');
  return 0;
}

function timedOut(timeoutMs: number, reason: string): AgentError {
  const what = 'Not every client had finished';
  return new AgentError('control_timed_out', { what, time: printDuration(timeoutMs), reason });
}

/** Undefined when nobody answers any more. */
async function clientsLeft(socket: string, host: Host): Promise<number | undefined> {
  try {
    const answer = await host.control(socket, {
      method: 'GET',
      path: '/status',
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    expectShape(socket, answer, { clients: { connected: 'number' } });
    const { body } = answer;
    return (body as unknown as Snapshot).clients.connected;
  } catch (error) {
    if (error instanceof AgentError && error.code === 'control_unreachable') return undefined;
    throw error;
  }
}
