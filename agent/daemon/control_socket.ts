// The control socket: HTTP over a UNIX socket that only its owner may open; the command line and probes ask here.

import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import type { Controls } from '../base/controls.ts';
import { AgentError } from '../base/errors.ts';
import type { InternalErrors } from '../base/internal_errors.ts';
import { liveness, readiness, startup } from '../observe/health.ts';
import type { Snapshot } from '../observe/snapshot.ts';

/** Everything but the owner's read and write. */
const UMASK = 0o177;
const BODY_BYTES_MAX = 64 * 1024;
const ANSWER_FIRST_MS = 20;
const DRAIN_MS_MAX = 24 * 60 * 60 * 1000;

export interface ControlSocket {
  readonly path: string;
  /** False when somebody has removed its file. */
  isThere(): boolean;
  stop(): void;
}

export interface ControlRoom {
  readonly internalErrors: InternalErrors;
  readonly controls: Controls;
  readonly snapshot: () => Snapshot;
  readonly drainTimeoutMs: () => number;
  /** Where there was no server yet, or the last word is that there is none, and nobody waits for one, somebody should look. */
  readonly tryAgain: () => void;
}

/** @throws AgentError socket_in_use, socket_unusable */
export async function openControlSocket(path: string, room: ControlRoom): Promise<ControlSocket> {
  await removeStale(path);
  const before = process.umask(UMASK);
  try {
    const server = Bun.serve({
      unix: path,
      maxRequestBodySize: BODY_BYTES_MAX,
      // Else Bun answers an error of ours with a page of our source.
      development: false,
      fetch: (request) => answerSafely(request, room),
    });
    return {
      path,
      isThere: () => existsSync(path),
      stop: () => {
        void server.stop(true);
        if (existsSync(path)) unlinkSync(path);
      },
    };
  } catch (error) {
    throw new AgentError('socket_unusable', { path, reason: (error as Error).message });
  } finally {
    process.umask(before);
  }
}

async function answerSafely(request: Request, room: ControlRoom): Promise<Response> {
  try {
    return await answer(request, room);
  } catch (error) {
    room.internalErrors.add(error, {}, 'an internal error ended a request at the control socket');
    return Response.json({ ok: false, reason: 'an internal error, see the log' }, { status: 500 });
  }
}

async function answer(request: Request, room: ControlRoom): Promise<Response> {
  // Where the Host header is missing or is none, so is the beginning of the URL.
  const url = URL.parse(request.url, 'http://localhost');
  if (url === null) return Response.json({ ok: false, reason: 'there is no such URL' }, { status: 400 });
  const route = `${request.method} ${url.pathname}`;
  switch (route) {
    case 'GET /status':
      return Response.json(room.snapshot());
    case 'GET /startup':
      return health(startup(room.snapshot()));
    case 'GET /liveness':
      return health(liveness(room.snapshot()));
    case 'GET /readiness':
      // The answer is of what is known now; whoever asks again gets what this brings.
      room.tryAgain();
      return health(readiness(room.snapshot()));
    case 'POST /reload': {
      const result = await room.controls.reload('pgsidecar reload');
      return Response.json(result, { status: result.ok ? 200 : 409 });
    }
    case 'POST /drain':
      return drain(url, room);
    default:
      return Response.json({ ok: false, reason: `there is no ${route}` }, { status: 404 });
  }
}

function health(answer: { ok: boolean; reason: string }): Response {
  return Response.json(answer, { status: answer.ok ? 200 : 503 });
}

/** Answers at once: when the drain is over, so is the socket. */
function drain(url: URL, room: ControlRoom): Response {
  const asked = url.searchParams.get('timeout_ms');
  const timeoutMs = asked === null ? room.drainTimeoutMs() : Number(asked);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 0 || timeoutMs > DRAIN_MS_MAX) {
    return Response.json(
      { ok: false, reason: `timeout_ms must be a whole number from 0 to ${DRAIN_MS_MAX}` },
      { status: 400 },
    );
  }
  const { connected } = room.snapshot().clients;
  // The answer leaves first: where nobody is connected, the drain is over at once, and the socket with it.
  setTimeout(() => void room.controls.drain('clients', timeoutMs), ANSWER_FIRST_MS);
  return Response.json({ ok: true, clients: connected, timeout_ms: timeoutMs }, { status: 202 });
}

/** A socket file whose owner is gone is removed; a live one is not ours to touch. */
async function removeStale(path: string): Promise<void> {
  if (!existsSync(path)) return;
  if (!lstatSync(path).isSocket()) {
    throw new AgentError('socket_unusable', {
      path,
      reason: 'there is a file of that name, and it is not a socket: move it away',
    });
  }
  const isLive = await fetch('http://localhost/liveness', {
    unix: path,
    signal: AbortSignal.timeout(2_000),
  }).then(
    () => true,
    (error: Error) => error.name === 'TimeoutError',
  );
  if (isLive) throw new AgentError('socket_in_use', { path });
  unlinkSync(path);
}
