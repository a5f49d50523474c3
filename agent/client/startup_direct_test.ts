// Clients that begin with TLS: at once where it is offered, told nothing where it is not, and PostgreSQL inside or nothing.

import { expect, test } from 'bun:test';
import { gssencRequest, sslRequest, startup } from '../tests/harness/client_words.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { OUR_TLS, TLS } from '../tests/harness/fake_network.ts';

const STARTUP = startup({ user: 'idp_app', database: 'idp' });
const HELLO = new Uint8Array([0x16, 3, 1, 0, 1, 0]);

async function planeWithTls(): Promise<DataPlane> {
  const plane = await dataPlane(settingsOf([databaseOf()]));
  plane.context.tls = OUR_TLS;
  return plane;
}

test('Startup hands the first bytes to the handshake, and listens again only when TLS is up', async () => {
  for (const hello of [HELLO, HELLO.subarray(0, 1)]) {
    const plane = await planeWithTls();
    const client = plane.accept('tcp');
    client.says(hello);
    expect([client.connection.takeSent().length, plane.network.acceptedHello]).toEqual([0, hello]);
    client.connection.tls = TLS;
    plane.network.acceptDone!(undefined);
    client.says(STARTUP);
    await settle();
    expect(client.heard().at(-1)).toBe('Ready I');
  }
});

test('Startup goes on with no client that began with TLS and named no protocol inside', async () => {
  const plane = await planeWithTls();
  const client = plane.accept('tcp');
  client.says(HELLO);
  client.connection.tls = { ...TLS, alpn: undefined };
  plane.network.acceptDone!(undefined);
  expect([client.connection.isClosed, client.heard(), plane.context.clients.logins]).toEqual([true, [], 0]);
  expect(plane.log.lines).toContain('info TLS handshake with a client failed');
});

test('Startup closes without a word where there is no TLS: on a UNIX socket, or without a certificate', async () => {
  const plane = await planeWithTls();
  const [unix, tcp] = [plane.accept('unix'), plane.accept('tcp')];
  unix.says(HELLO);
  plane.context.tls = undefined;
  tcp.says(HELLO);
  for (const each of [unix, tcp]) expect([each.connection.isClosed, each.heard()]).toEqual([true, []]);
  expect([plane.network.acceptDone, plane.context.clients.logins]).toEqual([undefined, 0]);
});

test('Startup takes TLS as the very first thing only: not behind an answer, not inside TLS, not behind half a packet', async () => {
  const plane = await planeWithTls();
  const behind = plane.accept('tcp');
  behind.says(gssencRequest);
  behind.connection.takeSent();
  const inside = plane.accept('tcp');
  inside.says(HELLO);
  inside.connection.tls = TLS;
  plane.network.acceptDone!(undefined);
  plane.network.acceptDone = undefined;
  for (const client of [behind, inside]) {
    client.says(HELLO);
    expect(client.heard()).toEqual([
      `FATAL 08P01 protocol violation: a startup packet says that it is ${0x16030100} bytes long`,
    ]);
  }
  const half = plane.accept('tcp');
  half.says(STARTUP.subarray(0, 4));
  half.says(HELLO);
  expect(plane.network.acceptDone).toBeUndefined();
});

test('Startup takes no SSLRequest inside TLS that it began with', async () => {
  const plane = await planeWithTls();
  const client = plane.accept('tcp');
  client.says(HELLO);
  client.connection.tls = TLS;
  plane.network.acceptDone!(undefined);
  client.says(sslRequest);
  expect(client.heard()).toEqual(['FATAL 08P01 protocol violation: a second SSLRequest']);
});
