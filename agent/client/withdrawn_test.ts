// A reload in the middle of a login: what was proved has to be worth something when it is proved.

import { describe, expect, test } from 'bun:test';
import { makeCredentialBook } from '../auth/credential.ts';
import { Secret } from '../base/secret.ts';
import type { Settings, UserSettings } from '../config/settings.ts';
import { message } from '../tests/harness/client_words.ts';
import {
  type DataPlane,
  databaseOf,
  type FakeClient,
  settingsOf,
  userOf,
} from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { HELLO, planeWithSecret, scramUpToProof } from './login_fixture.ts';

const OLD = new Secret(crypto.randomUUID());
const NEW = new Secret(crypto.randomUUID());
const WRONG = 'FATAL 28P01 password authentication failed for user "idp_app"';

/** As a reload does it: the books are ready before anything changes. */
async function reload(
  plane: DataPlane,
  users: readonly UserSettings[],
  more: Partial<Settings> = {},
): Promise<void> {
  const { context, registry } = plane;
  const settings = settingsOf([databaseOf()], users, { ...context.settings, ...more });
  const common = await makeCredentialBook(users, context.books.common.options, context.books.common);
  context.settings = settings;
  context.books = { common, byDatabase: new Map() };
  registry.apply(settings);
}

type Users = readonly UserSettings[];
const withdrawals: Readonly<Record<string, readonly [Users, Partial<Settings>]>> = {
  'his password': [[userOf({ secret: NEW })], {}],
  himself: [[], {}],
  'his password, by its end': [[userOf({ secret: OLD, validUntil: '2001-01-01T00:00:00.000Z' })], {}],
  'the way in': [[userOf({ secret: OLD })], { auth_type: 'peer' }],
  'his line of the HBA file': [[userOf({ secret: OLD })], { auth_type: 'hba' }],
};
const survivals: Readonly<Record<string, readonly [Users, Partial<Settings>]>> = {
  'nothing of his': [[userOf({ secret: OLD }), userOf({ name: 'other', secret: NEW })], {}],
  'a limit': [[userOf({ secret: OLD, poolSize: 7 })], {}],
  'that a second password lets in too': [[userOf({ secret: OLD, nextSecret: NEW })], {}],
  'that the second password has become the first': [[userOf({ secret: NEW, nextSecret: OLD })], {}],
  'the number of rounds': [[userOf({ secret: OLD })], { scram_iterations: 4096 }],
};

/** Up to where only the proof is missing; then the reload, then the proof. */
async function proves(
  authType: 'scram-sha-256' | 'plain',
  [users, more]: readonly [Users, Partial<Settings>],
): Promise<{ plane: DataPlane; client: FakeClient; last: string | undefined }> {
  const plane = await planeWithSecret(OLD, { auth_type: authType, client_login_failure_delay: 0 });
  const client = plane.accept();
  client.says(HELLO);
  const proof =
    authType === 'plain' ? message('p', `${OLD.open()}\0`) : (await scramUpToProof(client, OLD)).proof;
  await reload(plane, users, more);
  client.says(proof);
  await settle();
  plane.clock.advance(1);
  await settle();
  return { plane, client, last: client.heard().at(-1) };
}

describe('Login over a reload', () => {
  for (const authType of ['scram-sha-256', 'plain'] as const) {
    for (const [what, change] of Object.entries(withdrawals)) {
      test(`by ${authType} that takes away ${what} lets nobody in`, async () => {
        const { plane, client, last } = await proves(authType, change);
        expect([last, client.connection.isEnded]).toEqual([WRONG, true]);
        expect([plane.network.tried.length, plane.context.clients.loginFailures]).toEqual([0, 1]);
        expect(plane.log.fields.find(({ reason }) => reason !== undefined)?.reason).toMatch(
          /a reload came in between|valid until 2001/,
        );
      });
    }
    for (const [what, change] of Object.entries(survivals)) {
      test(`by ${authType} that changes ${what} goes on`, async () => {
        const { plane, last } = await proves(authType, change);
        expect([last, plane.context.clients.loginSuccesses]).toEqual(['Ready I', 1]);
      });
    }
  }
});
