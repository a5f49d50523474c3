// The control socket, asked by what is no HTTP client of today.

import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlRoom, openControlSocket } from '../../daemon/control_socket.ts';

const folder = mkdtempSync(join(tmpdir(), 'pgsidecar-control-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('openControlSocket() answers a request whose Host is missing or none, and shows nothing of its source', async () => {
  const room = { snapshot: () => ({ state: 'ready' }) } as unknown as ControlRoom;
  const socket = await openControlSocket(join(folder, 'control'), room);
  try {
    expect(await ask(socket.path, 'GET /status HTTP/1.0\r\n\r\n')).toContain('{"state":"ready"}');
    const refused = await ask(socket.path, 'GET /status HTTP/1.1\r\nHost: [:\r\nConnection: close\r\n\r\n');
    expect(refused).toStartWith('HTTP/1.1 400 ');
    expect(refused).toEndWith('{"ok":false,"reason":"there is no such URL"}');
  } finally {
    socket.stop();
  }
});

/** All that is answered until the end of the connection. */
function ask(path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect(path, () => socket.write(request));
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      // Bun keeps the connection open all the same.
      if (heard.endsWith('}')) socket.end();
    });
    socket.on('close', () => resolve(heard));
    socket.on('error', reject);
  });
}
