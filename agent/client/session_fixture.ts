// One database, a few servers, and clients that are logged in: what each of them hears, message by message.

import type { DatabaseSettings, Settings } from '../config/settings.ts';
import type { Pool } from '../pool/pool.ts';
import {
  type DataPlane,
  databaseOf,
  dataPlane,
  type FakeClient,
  settingsOf,
  userOf,
} from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import type { Session } from './session.ts';

export interface SessionFixture {
  readonly plane: DataPlane;
  readonly pool: Pool;
  /** Logged in, and no server is lent. */
  readonly clients: FakeClient[];
  /** The server that was dialed for the greeting. */
  readonly server: FakeServer;
}

export async function sessionFixture(
  clients = 1,
  database: Partial<DatabaseSettings> = {},
  more: Partial<Settings> = {},
): Promise<SessionFixture> {
  const plane = await dataPlane(settingsOf([databaseOf({ poolSize: 1, ...database })], [userOf()], more));
  const all: FakeClient[] = [];
  for (let i = 0; i < clients; i++) all.push(await plane.client());
  await settle();
  const { server } = plane.network;
  server.heard();
  return { plane, pool: plane.pool(), clients: all, server };
}

/** The session of a client, in the order in which they came. */
export function sessionOf(plane: DataPlane, index = 0): Session {
  const session = [...plane.context.clients][index];
  if (session === undefined) throw new Error(`there is no client ${index}`);
  return session;
}
