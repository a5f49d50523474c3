// The road to the agent, over real sockets: what it answers, and every way in which it may not.

import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callControl } from './control_client.ts';

const folder = mkdtempSync(join(tmpdir(), 'pgsidecar-control-'));
afterAll(() => rmSync(folder, { recursive: true }));

const GET = { method: 'GET', path: '/status', timeoutMs: 30_000 } as const;

/** A server that says exactly this to whoever comes, and remembers what it was asked. */
async function withServer<T>(
  answer: (socket: Socket) => void,
  body: (path: string) => Promise<T>,
): Promise<[T, string]> {
  const path = join(folder, `${crypto.randomUUID()}.sock`);
  let asked = '';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => {
      asked = data.toString();
      answer(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    return [await body(path), asked];
  } finally {
    server.close();
  }
}

function http(status: string, body: string): (socket: Socket) => void {
  return (socket) =>
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
}

test('callControl() hands on nothing of an answer that a terminal would obey', async () => {
  const [{ body }] = await withServer(
    http('400 X', '{"reason":"\\u001b]0;x\\u0007\\u009b2Jhello"}'),
    (path) => callControl(path, GET),
  );
  expect(body).toEqual({ reason: '\ufffd]0;x\ufffd\ufffd2Jhello' });
});

test('callControl() asks by HTTP and gives the JSON of the answer, whatever its status', async () => {
  const [answer, asked] = await withServer(http('503 Service Unavailable', '{"ok":false}'), (path) =>
    callControl(path, { method: 'POST', path: '/drain?timeout_ms=5', timeoutMs: 30_000 }),
  );
  expect(answer).toEqual({ status: 503, body: { ok: false } });
  expect(asked).toStartWith('POST /drain?timeout_ms=5 HTTP/1.1\r\n');
});

test('callControl() says that there is no socket, or nobody behind it', async () => {
  const nowhere = join(folder, 'nowhere.sock');
  await expect(callControl(nowhere, GET)).rejects.toThrow(
    `Cannot reach the agent at ${nowhere}: there is no such socket`,
  );
  const plain = join(folder, 'plain');
  writeFileSync(plain, '');
  await expect(callControl(plain, GET)).rejects.toThrow('nobody listens there');
  await expect(callControl(join(folder, 'x'.repeat(120)), GET)).rejects.toThrow('107 bytes');
});

test('callControl() is not taken in by another program', async () => {
  const wrong = {
    'not in the words of pgsidecar': [http('200 OK', 'hello'), http('200 OK', '[1]'), http('200 OK', 'null')],
    'Cannot reach the agent': [
      (socket: Socket) => void socket.end('hello\n'),
      (socket: Socket) => void socket.destroy(),
    ],
  };
  for (const [sentence, answers] of Object.entries(wrong)) {
    for (const answer of answers) {
      const asked = withServer(answer, (path) => callControl(path, GET));
      await expect(asked, sentence).rejects.toThrow(sentence);
    }
  }
});

test('callControl() does not wait for ever', async () => {
  const sockets: Socket[] = [];
  const asked = withServer(
    (socket) => void sockets.push(socket),
    (path) => callControl(path, { ...GET, timeoutMs: 50 }),
  );
  await expect(asked).rejects.toThrow('did not answer GET /status within 50 ms: it is busy, or stuck');
  for (const socket of sockets) socket.destroy();
});
