// Cancel requests for clients of another agent: passed on, counted, held back where there are many, and dropped where they go round.

import { describe, expect, test } from 'bun:test';
import type { PeerSettings } from '../config/settings.ts';
import {
  type DataPlane,
  databaseOf,
  dataPlane,
  type FakeClient,
  settingsOf,
} from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { encodeCancelRequest } from '../wire/startup.ts';

/** Of a client of peer 258. */
const PID = 0x24_02_01_99;
const KEY = new Uint8Array([1, 2, 3, 0xff]);
const DROPPED = 'warn a cancel request did not reach the peer that it is for';

async function planeOf(peer: Partial<PeerSettings> = {}, peer_id = 7): Promise<DataPlane> {
  const plane = await dataPlane(
    settingsOf([databaseOf()], undefined, { peer_id, server_tls_sslmode: 'disable' }),
  );
  const peers = { 258: { host: '10.0.0.8', port: 6432, poolSize: 2, ...peer } };
  plane.context.settings = { ...plane.context.settings, peers };
  // It takes the request, and closes the connection when it has done with it.
  plane.network.welcome = () => 'silent';
  return plane;
}

async function cancel(plane: DataPlane, key = KEY, pid = PID): Promise<FakeClient> {
  const client = plane.accept();
  client.says(encodeCancelRequest(pid, key));
  await settle();
  return client;
}

const figures = (plane: DataPlane) => [...plane.context.peers.figures()];

describe('Peers.forward()', () => {
  test('passes a request on with one pass less, and lets its sender go when it is delivered', async () => {
    const plane = await planeOf();
    const client = await cancel(plane);
    const { server } = plane.network;
    expect(server.address).toEqual({ host: '10.0.0.8', port: 6432 });
    expect([...server.heardBytes()]).toEqual([...encodeCancelRequest(PID, new Uint8Array([1, 2, 3, 0xfe]))]);
    expect(client.connection.isEnded).toBe(false);
    expect(figures(plane)).toEqual([{ id: 258, active: 1, connecting: 0, waiting: 0 }]);
    server.connection.closed();
    await settle();
    expect([client.connection.isEnded, client.heard()]).toEqual([true, []]);
    expect(figures(plane)).toEqual([{ id: 258, active: 0, connecting: 0, waiting: 0 }]);
    expect(plane.pendingTimers).toBe(0);
  });

  test('leaves it alone without a number of its own, and where it is our own', async () => {
    for (const peer_id of [0, 258]) {
      const plane = await planeOf({}, peer_id);
      const client = await cancel(plane);
      expect([client.connection.isEnded, plane.network.tried, plane.log.lines]).toEqual([true, [], []]);
    }
  });

  test('drops what was passed on three times, and what is for nobody that it knows', async () => {
    const plane = await planeOf();
    expect((await cancel(plane, new Uint8Array([1, 2, 3, 0xfc]))).connection.isEnded).toBe(true);
    expect((await cancel(plane, KEY, 0x24_09_09_99)).connection.isEnded).toBe(true);
    expect((await cancel(plane, new Uint8Array([3]))).connection.isEnded).toBe(true);
    expect([plane.network.tried, plane.log.lines]).toEqual([[], [DROPPED]]);
  });

  test('has pool_size of them under way, and the others wait for their turn', async () => {
    const plane = await planeOf();
    const clients = [await cancel(plane), await cancel(plane), await cancel(plane)];
    expect(figures(plane)).toEqual([{ id: 258, active: 2, connecting: 0, waiting: 1 }]);
    plane.network.servers[0]!.connection.closed();
    await settle();
    expect(figures(plane)).toEqual([{ id: 258, active: 2, connecting: 0, waiting: 0 }]);
    expect(clients.map(({ connection }) => connection.isEnded)).toEqual([true, false, false]);
    expect(plane.network.servers.length).toBe(3);
  });

  test('gives up after cancel_wait_timeout, whether it waits or is under way', async () => {
    const plane = await planeOf({ poolSize: 1 });
    const clients = [await cancel(plane), await cancel(plane)];
    plane.clock.advance(10_000);
    await settle();
    expect(clients.map(({ connection }) => connection.isEnded)).toEqual([true, true]);
    expect([plane.network.open.length, plane.log.lines]).toEqual([0, [DROPPED]]);
    expect(figures(plane)).toEqual([{ id: 258, active: 0, connecting: 0, waiting: 0 }]);
  });

  test('says why a peer cannot be reached', async () => {
    const plane = await planeOf();
    plane.network.welcome = () => new Error('connection refused by 10.0.0.8:6432');
    expect((await cancel(plane)).connection.isEnded).toBe(true);
    expect(plane.log.lines).toEqual([DROPPED]);
    expect(plane.log.fields[0]).toMatchObject({ peer_id: 258 });
    expect(String(plane.log.fields[0]!.reason)).toContain('connection refused by 10.0.0.8:6432');
  });
});
