// Many clients at once that prove nothing: whose places they take, when they are ended, and what the log says of it.

import { describe, expect, test } from 'bun:test';
import { Secret } from '../base/secret.ts';
import type { Settings } from '../config/settings.ts';
import { cancelRequest, startup } from '../tests/harness/client_words.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { shareDescriptors } from './descriptors.ts';

const HELLO = startup({ user: 'idp_app', database: 'idp' });

function planeWith(more: Partial<Settings> = {}): Promise<DataPlane> {
  const user = userOf({ secret: new Secret(crypto.randomUUID()) });
  return dataPlane(settingsOf([databaseOf()], [user], { scram_iterations: 1, ...more }));
}

describe('client_login_concurrency_per_source', () => {
  const REFUSED = 'FATAL 53300 no more connections allowed (client_login_concurrency_per_source): it is 3';
  const few = { client_login_concurrency_per_source: 3, client_login_concurrency: 10 };

  test('is held for each system user on the UNIX socket', async () => {
    const plane = await planeWith(few);
    const held = Array.from({ length: 10 }, () => plane.accept());
    expect(held.map((each) => each.heard()).filter((heard) => heard.length > 0)).toEqual(
      Array(7).fill([REFUSED]),
    );
    plane.uid = 1001;
    const other = plane.accept();
    other.says(HELLO);
    await settle();
    expect(other.heard().at(-1)).toBe('Ready I');
    expect(plane.context.clients.logins).toBe(3);
  });

  test('is held for each address over TCP, and a place that is left is free', async () => {
    const plane = await planeWith(few);
    const held = Array.from({ length: 3 }, (_, n) => plane.accept('tcp', `192.0.2.7:${n}`));
    expect(plane.accept('tcp', '192.0.2.7:9').heard()).toEqual([REFUSED]);
    expect(plane.accept('tcp', '::ffff:192.0.2.7:9').heard()).toEqual([REFUSED]);
    for (const address of ['192.0.2.8:1', '2001:db8::1:1']) {
      const other = plane.accept('tcp', address);
      other.says(HELLO);
      await settle();
      expect(other.heard().at(-1)).toBe('Ready I');
    }
    held[0]!.connection.closed();
    expect(plane.accept('tcp', '192.0.2.7:10').heard()).toEqual([]);
    for (const each of held) each.connection.closed();
    expect(plane.context.clients.loginsBySource.of('192.0.2.7')).toBe(1);
  });

  test('gives its place back when the login is over, and 0 is no limit of its own', async () => {
    const plane = await planeWith({ ...few, client_login_concurrency_per_source: 1 });
    for (let n = 0; n < 5; n++) await plane.client();
    expect(plane.context.clients.loginsBySource.of('uid 1000')).toBe(0);
    const free = await planeWith({ ...few, client_login_concurrency_per_source: 0 });
    const all = Array.from({ length: 11 }, () => free.accept().heard());
    expect(all.filter((heard) => heard.length === 0).length).toBe(10);
    expect(all[10]).toEqual(['FATAL 53300 no more connections allowed (client_login_concurrency): it is 10']);
  });
});

test('10,000 half-open logins of one source leave the others their logins, and the log readable', async () => {
  const plane = await planeWith();
  let logins = 0;
  for (let n = 0; n < 10_000; n++) {
    plane.accept('tcp', `192.0.2.7:${n}`).says(HELLO.subarray(0, n % HELLO.length));
    if (n % 100 !== 0) continue;
    await plane.client();
    logins++;
  }
  const { clients, settings } = plane.context;
  expect([logins, clients.count, clients.logins]).toEqual([
    100,
    100,
    settings.client_login_concurrency_per_source,
  ]);
  expect(plane.log.lines.filter((line) => line.includes('no more connections allowed')).length).toBe(1);
  plane.clock.advance(10_000);
  expect(plane.log.lines.filter((line) => line.includes('no more connections allowed')).length).toBe(2);
});

test('a client that sends a byte a second is ended by client_login_timeout', async () => {
  const plane = await planeWith({ client_login_timeout: 20_000 });
  const slow = plane.accept();
  for (let second = 0; second < 19; second++) {
    slow.connection.receive(HELLO.subarray(second, second + 1));
    plane.clock.advance(1_000);
    expect(slow.connection.isEnded).toBe(false);
  }
  slow.connection.receive(HELLO.subarray(19, 20));
  plane.clock.advance(1_000);
  expect(slow.heard()).toEqual(['FATAL 08P01 client_login_timeout: the login was not finished in time']);
  expect([slow.connection.isEnded, plane.context.clients.logins]).toEqual([true, 0]);
});

test('a client beyond the file descriptors for clients is told so, once it has said that it is no cancel request', async () => {
  const plane = await planeWith();
  plane.context.descriptors = shareDescriptors(256, plane.context.settings);
  const { roomBelow } = plane.context.descriptors;
  const inside = plane.accept('unix', '', roomBelow - 1);
  inside.says(HELLO);
  await settle();
  expect(inside.heard().at(-1)).toBe('Ready I');

  const outside = plane.accept('unix', '', roomBelow);
  expect(outside.heard()).toEqual([]);
  outside.says(HELLO);
  expect(outside.heard()).toEqual([
    'FATAL 53300 no more connections allowed: pgsidecar may have 256 files open (RLIMIT_NOFILE; LimitNOFILE= of its unit), and keeps the last ones for servers',
  ]);
  const canceler = plane.accept('unix', '', roomBelow);
  canceler.says(cancelRequest(1, new Uint8Array(4)));
  expect([canceler.heard(), canceler.connection.isEnded]).toEqual([[], true]);
  expect(plane.context.clients.logins).toBe(0);
});
