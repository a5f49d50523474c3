// Asks the running agent through its control socket: HTTP over a UNIX socket, one request a call.

import { AgentError } from '../base/errors.ts';
import { hasShape, type Shape, withoutControls } from './answer_shape.ts';

/** A snapshot of a thousand pools has one. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

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
    return { status: response.status, body: bodyOf(socket, response.status, await textOf(response)) };
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
      return withoutControls(body) as Record<string, unknown>;
  } catch {
    // Told below, together with JSON that is no object.
  }
  throw strange(path, status);
}

/** Throws control_refused for an answer that is not of this shape: it is another program's, or of another version. */
export function expectShape(path: string, { status, body }: ControlAnswer, shape: Shape): void {
  if (!hasShape(body, shape)) throw strange(path, status);
}

function strange(path: string, status: number): AgentError {
  return new AgentError('control_refused', { path, status, reason: STRANGE });
}

const STRANGE = 'not in the words of pgsidecar; is it another program, or another version?';

/** No more than there is to read of an agent: another program might never end. */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) throw new Error(`its answer has more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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
