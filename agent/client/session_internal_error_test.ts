// A mistake of our own, planted in one session: that session ends, and whoever is in the same turn of the event loop notices nothing.

import { expect, test } from 'bun:test';
import { query } from '../tests/harness/client_words.ts';
import { databaseOf, dataPlane, settingsOf } from '../tests/harness/data_plane.ts';
import { FakeClock, settle } from '../tests/harness/fake_clock.ts';
import { FakeConnection } from '../tests/harness/fake_connection.ts';
import * as server from '../tests/harness/server_words.ts';
import { LoginDeadlines } from './login_deadlines.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';
import { endLateClients } from './timeouts.ts';

function mistake(): never {
  throw new Error('it cannot be');
}

const TOLD = 'FATAL XX000 an internal error closed this session: it cannot be';

test('Session.onLease() that fails ends its own session, not the one that gave the server back', async () => {
  const { plane, clients, server: one, pool } = await sessionFixture(3);
  const [giver, taker, next] = clients;
  giver!.says(query('SELECT 1'));
  taker!.says(query('SELECT 2'));
  next!.says(query('SELECT 3'));
  sessionOf(plane, 1).relay.goOn = mistake;
  one.says(server.complete('SELECT 1'), server.ready());
  await settle();
  expect(giver!.heard()).toEqual(['Complete SELECT 1', 'Ready I']);
  expect([taker!.heard(), taker!.connection.isEnded]).toEqual([[TOLD], true]);
  one.says(server.complete('SELECT 3'), server.ready());
  expect(next!.heard()).toEqual(['Complete SELECT 3', 'Ready I']);
  expect([plane.context.internalErrors.total, pool.activeServers.length, pool.idle]).toEqual([1, 0, 1]);
  plane.check();
});

test('endLateClients() that fails at one client ends that one, and looks at the others', async () => {
  const { plane, clients } = await sessionFixture(
    2,
    {},
    { client_idle_timeout: 1_000, query_wait_notify: 0 },
  );
  endLateClients(plane.context, plane.clock.now());
  sessionOf(plane, 0).stopwatch.look = mistake;
  plane.clock.advance(2_000);
  endLateClients(plane.context, plane.clock.now());
  expect(clients[0]!.heard()).toEqual([TOLD]);
  expect(clients[1]!.heard()).toEqual(['FATAL 57P05 client_idle_timeout: it said nothing for 1 s']);
  expect(plane.context.internalErrors.total).toBe(1);
});

test('PoolRegistry.tick() that fails at one pool goes on with the next', async () => {
  const plane = await dataPlane(settingsOf([databaseOf(), databaseOf({ name: 'other' })]));
  const ticked: string[] = [];
  plane.pool('idp').tick = mistake;
  plane.pool('other').tick = () => void ticked.push('other');
  const { internalErrors } = plane.context;
  plane.registry.tick(0, (step) => internalErrors.guard('an internal error in the janitor', step));
  expect(ticked).toEqual(['other']);
  expect(plane.log.lines).toEqual(['error an internal error in the janitor']);
});

test('LoginDeadlines rings for logins that come later, although one could not be told', () => {
  const clock = new FakeClock();
  const deadlines = new LoginDeadlines(clock);
  const told: string[] = [];
  const login = (deadline: number, onDeadline: () => void) => ({
    ...{ list: undefined, previous: undefined, next: undefined },
    deadline: clock.now() + deadline,
    connection: new FakeConnection(),
    onDeadline,
    onShutdown() {},
  });
  deadlines.add(login(100, mistake));
  deadlines.add(login(100, () => told.push('first')));
  deadlines.add(login(200, () => told.push('second')));
  expect(() => clock.advance(100)).toThrow('it cannot be');
  clock.advance(100);
  deadlines.add(login(50, () => told.push('third')));
  clock.advance(50);
  expect(told).toEqual(['first', 'second', 'third']);
});
