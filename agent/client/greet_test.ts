// What a client hears when it has logged in.

import { expect, test } from 'bun:test';
import { startup } from '../tests/harness/client_words.ts';
import { databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';

test('Login ends with login_notify_message, where there is one', async () => {
  const plane = await dataPlane(settingsOf([databaseOf()], [userOf()], { login_notify_message: 'hello' }));
  const client = plane.accept();
  client.says(startup({ user: 'idp_app', database: 'idp' }));
  await settle();
  expect(client.heard().slice(-2)).toEqual(['NOTICE 00000 hello', 'Ready I']);
});
