// What somebody who may use no database is told, or not that one; and who counts as a client.

import { expect, test } from 'bun:test';
import type { Settings } from '../config/settings.ts';
import { startup } from '../tests/harness/client_words.ts';
import { databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { checkAccess } from './limits.ts';

test('checkAccess() says which databases a user may use, and says so when there is none', () => {
  const users = { clerk: { databases: ['shop', 'jobs'] }, asker: { databases: [] } };
  const settings = { users, databases: { books: {} } } as unknown as Settings;
  expect(() => checkAccess(settings, 'books', 'clerk')).toThrow('user "clerk" may use shop, jobs');
  expect(() => checkAccess(settings, 'books', 'asker')).toThrow('user "asker" may use none');
});

test('clients that wait for the first server of their pool count against max_client_conn, until they go', async () => {
  const plane = await dataPlane(settingsOf([databaseOf()], [userOf()], { max_client_conn: 2 }));
  plane.network.welcome = () => 'silent';
  const come = async () => {
    const client = plane.accept();
    client.says(startup({ user: 'idp_app', database: 'idp' }));
    await settle();
    return client;
  };
  const [first, , third] = [await come(), await come(), await come()];
  expect([plane.context.clients.count, plane.context.clients.arriving]).toEqual([0, 2]);
  expect(third.heard()).toEqual(['FATAL 53300 no more connections allowed (max_client_conn): it is 2']);
  first.connection.closed();
  const fourth = await come();
  expect([fourth.heard(), plane.context.clients.arriving]).toEqual([[], 2]);
});
