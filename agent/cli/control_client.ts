// Asks the running agent through its control socket: HTTP over a UNIX socket, one request a call.

import { AgentError } from '../base/errors.ts';

export interface ControlRequest {
  readonly method: 'GET' | 'POST';
  /** `/status`, `/drain?timeout_ms=20000`. */
  readonly path: string;
  /** How long the agent may take to answer. */
  readonly timeoutMs: number;
}

export interface ControlAnswer {
  /** HTTP's: 200, 503. */
  readonly status: number;
  /** A JSON object, as every answer of the agent is. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Throws AgentError: control_unreachable, control_denied, control_timed_out, control_refused. */
export type ControlCall = (socket: string, request: ControlRequest) => Promise<ControlAnswer>;

export async function callControl(socket: string, request: ControlRequest): Promise<ControlAnswer> {
  try {
    const response = await fetch(`http://localhost${request.path}`, {
      method: request.method,
      unix: socket,
      // 0 would be "at once" to AbortSignal.
      signal: AbortSignal.timeout(Math.max(1, request.timeoutMs)),
    });
    return { status: response.status, body: bodyOf(socket, response.status, await response.text()) };
  } catch (error) {
    throw error instanceof AgentError
      ? error
      : failure(socket, request, error as Error & { code?: string | number });
  }
}

function bodyOf(path: string, status: number, text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body))
      return body as Record<string, unknown>;
  } catch {
    // Told below, together with JSON that is no object.
  }
  throw new AgentError('control_refused', {
    path,
    status,
    reason: 'not in the words of pgsidecar; is it another program?',
  });
}

function failure(
  path: string,
  request: ControlRequest,
  error: Error & { code?: string | number },
): AgentError {
  if (error.code === 'EACCES' || error.code === 'EPERM') return new AgentError('control_denied', { path });
  if (error.name === 'TimeoutError') {
    const what = `The agent at ${path} did not answer ${request.method} ${request.path.replace(/\?.*/, '')}`;
    const reason = 'it is busy, or stuck';
    return new AgentError('control_timed_out', { what, time: `${request.timeoutMs} ms`, reason });
  }
  return new AgentError('control_unreachable', {
    path,
    reason: REASONS[String(error.code)] ?? error.message,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT:
    'there is no such socket; is it running, and with this configuration? (--control-socket PATH names another)',
  ECONNREFUSED: 'nobody listens there; the agent that made it is gone',
  ECONNRESET: 'it closed the connection without an answer',
  ENAMETOOLONG: 'the path is longer than a UNIX socket may have (107 bytes)',
  ENOTDIR: 'a part of the path is no directory',
};
