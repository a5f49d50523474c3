// Sockets that systemd opened: taken over from Debian's own systemd-socket-activate, by UNIX path and by TCP.

import { afterAll, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createNursery } from '../harness/nursery.ts';

const nursery = createNursery('activation');
afterAll(() => nursery.close());

const ROOT = join(import.meta.dir, '../../..');

/** Takes over what it was given, listens on it, and answers each client with what it knows. */
const SERVICE = `
import { takeInheritedSockets } from '${ROOT}/agent/daemon/sockets.ts';
import { openLibc } from '${ROOT}/agent/native/libc.ts';
import { F_SETFD } from '${ROOT}/agent/native/socket_constants.ts';
const libc = openLibc();
const sockets = takeInheritedSockets(process.env, { pid: process.pid, libc });
const F_GETFD = F_SETFD - 1;
const known = {
  sockets,
  closeOnExec: sockets.map(({ fd }) => libc.fcntl(fd, F_GETFD, 0)),
  left: Object.keys(process.env).filter((name) => name.startsWith('LISTEN_')),
  child: Bun.spawnSync(['/usr/bin/env'], { env: process.env }).stdout.toString().split('\\n').filter((line) => line.startsWith('LISTEN_')),
};
for (const { fd, name } of sockets) {
  Bun.listen({ fd, socket: { open(socket) { socket.end(JSON.stringify({ ...known, through: name }) + '\\n'); }, data() {} } });
}
`;

interface Known {
  readonly sockets: readonly Record<string, unknown>[];
  readonly closeOnExec: readonly number[];
  readonly left: readonly string[];
  readonly child: readonly string[];
  readonly through: string;
}

function activate(...args: string[]) {
  return nursery.spawn(['systemd-socket-activate', ...args, '--', process.execPath, '-e', SERVICE], {
    output: 'pipe',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  });
}

/** Connects as soon as somebody listens, and reads to the end. */
async function ask(address: { unix: string } | { hostname: string; port: number }): Promise<Known> {
  const deadline = AbortSignal.timeout(10_000);
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<string>();
    let text = '';
    const socket = {
      data(_: unknown, bytes: Uint8Array) {
        text += Buffer.from(bytes).toString();
      },
      close: () => resolve(text),
      connectError: () => {},
    };
    try {
      await ('unix' in address ? Bun.connect({ ...address, socket }) : Bun.connect({ ...address, socket }));
      return JSON.parse(await promise) as Known;
    } catch (error) {
      if (deadline.aborted) throw error;
      await Bun.sleep(20);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return address.port;
}

function expectTidy(known: Known): void {
  expect(known.closeOnExec).toEqual(known.sockets.map(() => 1));
  expect(known.left).toEqual([]);
  expect(known.child).toEqual([]);
}

test('takeInheritedSockets() takes over a UNIX socket', async () => {
  const unix = join(nursery.directory, '.s.PGSQL.5432');
  activate('-l', unix);
  const known = await ask({ unix });
  expect(known.sockets).toEqual([
    { fd: 3, name: 'unknown', kind: 'unix', address: { kind: 'unix', path: unix } },
  ]);
  expectTidy(known);
  expect(existsSync(unix)).toBe(true);
});

test('takeInheritedSockets() takes over a UNIX and a TCP socket, each by its name', async () => {
  const unix = join(nursery.directory, 'named.sock');
  const port = await freePort();
  activate('-l', unix, '-l', `127.0.0.1:${port}`, '--fdname=local:remote');
  const known = await ask({ unix });
  expect(known.sockets).toEqual([
    { fd: 3, name: 'local', kind: 'unix', address: { kind: 'unix', path: unix } },
    { fd: 4, name: 'remote', kind: 'tcp', address: { kind: 'tcp', host: '127.0.0.1', port } },
  ]);
  expect(known.through).toBe('local');
  expectTidy(known);
  expect((await ask({ hostname: '127.0.0.1', port })).through).toBe('remote');
});

test('takeInheritedSockets() refuses a datagram socket', async () => {
  const unix = join(nursery.directory, 'datagram.sock');
  const service = activate('--datagram', '-l', unix);
  const errors = new Response(service.stderr as ReadableStream<Uint8Array>).text();
  const send = nursery.spawn(
    [
      'python3',
      '-c',
      'import socket,sys,time\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\nfor _ in range(200):\n  try: s.sendto(b"x",sys.argv[1]); break\n  except OSError: time.sleep(0.05)',
      unix,
    ],
    { output: 'pipe', env: { PATH: process.env.PATH ?? '/usr/bin:/bin' } },
  );
  await send.exited;
  expect(await service.exited).toBe(1);
  expect(await errors).toContain('descriptor 3 is not a listening stream socket');
});
