// Words of the startup packet where parameters stand: nobody becomes another role by them, or comes to another database.

import { expect, test } from 'bun:test';
import { startup } from '../tests/harness/client_words.ts';
import { databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';

const user = 'idp_app';

const CASES: Readonly<Record<string, readonly [Uint8Array, string]>> = {
  'another role among the options': [
    startup({ user, database: 'idp', replication: 'database', options: '-cuser=postgres' }),
    '22023 invalid server parameter: cannot set those of the startup packet: unrecognized configuration parameter "user"',
  ],
  'another database in other letters': [
    startup({ user, database: 'idp', Database: 'vault' }),
    'unrecognized configuration parameter "Database"',
  ],
  'replication among the options': [
    startup({ user, database: 'idp', options: '--replication=true' }),
    'unrecognized configuration parameter "replication"',
  ],
  'replication of the console': [
    startup({ user, database: 'pgbouncer', replication: 'true' }),
    '0A000 the console does not replicate',
  ],
};

test.each(Object.entries(CASES))('%s', async (_what, [bytes, answer]) => {
  const plane = await dataPlane(settingsOf([databaseOf()], [userOf()]));
  const client = plane.accept();
  client.says(bytes);
  await settle();
  expect(client.heard().at(-1)).toContain(answer);
  expect([client.connection.isEnded, plane.context.clients.count]).toEqual([true, 0]);
});
