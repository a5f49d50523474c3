// KILL, KILL_CLIENT, SUSPEND and SHUTDOWN at a real PostgreSQL, with clients in every state.

import { expect, setDefaultTimeout, test } from 'bun:test';
import * as say from '../harness/client_words.ts';
import { beginLogin, endOf, HALF, HALF_AT, makeCrowd, openConsole } from './clients_in_states.ts';
import { openOperatedShop } from './operated_shop.ts';

setDefaultTimeout(60_000);

const shop = await openOperatedShop();

test('KILL drops the clients of a database in every state, and its servers, and holds who comes until RESUME', async () => {
  await using agent = await shop.start();
  const tell = await openConsole(agent, shop.disposables);
  await shop.holdLock();
  const { session, ...crowd } = await makeCrowd(agent, shop.disposables);
  await shop.untilLocked();
  expect(await tell('KILL shop')).toBe('KILL');
  const ends = Object.entries(crowd).map(async ([state, client]) => [state, await endOf(client)]);
  expect(Object.fromEntries(await Promise.all(ends))).toEqual({
    ...{ idle: '57P01', inTransaction: '57P01', running: '57P01', prepared: '57P01' },
    ...{ copying: '57P01', inMessage: '57P01' },
  });
  // Also the query that waited for a lock has been stopped: only the session's server is left.
  await shop.untilBackends(1);
  session.say(say.query('SELECT 2'));
  await session.untilReady();
  const late = beginLogin(agent, 'shop', shop.disposables);
  await late.untilReady();
  late.say(say.query('SELECT 3'));
  await shop.untilWaiting(agent, 1);
  expect(await tell('RESUME shop')).toBe('RESUME');
  await late.untilReady();
});

test('KILL without a database drops everybody', async () => {
  await using agent = await shop.start();
  const tell = await openConsole(agent, shop.disposables);
  await shop.holdLock();
  const crowd = Object.values(await makeCrowd(agent, shop.disposables));
  await shop.untilLocked();
  expect(await tell('KILL')).toBe('KILL');
  const ends = await Promise.all(crowd.map(endOf));
  expect(ends).toEqual(crowd.map(() => '57P01'));
  await shop.untilBackends(0);
  expect([(await shop.status(agent)).state, await tell('RESUME')]).toEqual(['paused', 'RESUME']);
});

test('SUSPEND reads nothing of anybody until RESUME, loses nothing, and takes connections in the meantime', async () => {
  await using agent = await shop.start();
  const tell = await openConsole(agent, shop.disposables);
  const letGo = await shop.holdLock();
  const crowd = await makeCrowd(agent, shop.disposables);
  await shop.untilLocked();
  expect(await tell('SUSPEND')).toBe('SUSPEND');
  expect([(await shop.status(agent)).state, await tell('PAUSE')]).toEqual([
    'suspended',
    'already suspended/paused',
  ]);
  for (const client of [crowd.idle, crowd.inTransaction, crowd.session]) client.say(say.query('SELECT 1'));
  crowd.prepared.say(say.bind('one'), say.execute(), say.sync);
  crowd.copying.say(say.copyData('bread\n'), say.copyDone);
  crowd.inMessage.say(HALF.subarray(HALF_AT));
  const late = beginLogin(agent, 'shop', shop.disposables);
  await letGo();
  // PostgreSQL has answered what ran, and nobody was asked anything more.
  await shop.untilBackends(await shop.backends());
  expect(Object.values(crowd).map(({ heard }) => heard)).toEqual(Object.values(crowd).map(() => ''));
  expect(late.heard).toBe('');
  expect(await tell('RESUME')).toBe('RESUME');
  for (const client of [...Object.values(crowd), late]) await client.untilReady();
});

test('SHUTDOWN WAIT_FOR_SERVERS ends when what runs is done, and takes back no word', async () => {
  await using agent = await shop.start();
  const [tell, tellAgain] = [
    await openConsole(agent, shop.disposables),
    await openConsole(agent, shop.disposables),
  ];
  const letGo = await shop.holdLock();
  const { running, idle, ...others } = await makeCrowd(agent, shop.disposables);
  await shop.untilLocked();
  expect(await tell('SHUTDOWN WAIT_FOR_SERVERS')).toBe('SHUTDOWN');
  expect(await tellAgain('RESUME')).toBe('pooler is shutting down');
  for (const client of Object.values(others)) client.close();
  await letGo();
  await running.untilReady();
  expect([await endOf(idle), await agent.exited]).toEqual(['57P01', 0]);
});

test('SHUTDOWN WAIT_FOR_CLIENTS ends when the last client has left, and SHUTDOWN does not wait', async () => {
  for (const hurried of [false, true]) {
    await using agent = await shop.start();
    const tell = await openConsole(agent, shop.disposables);
    const tellAgain = await openConsole(agent, shop.disposables);
    const client = beginLogin(agent, 'shop', shop.disposables);
    await client.untilReady();
    expect(await tell('SHUTDOWN WAIT_FOR_CLIENTS')).toBe('SHUTDOWN');
    client.say(say.query('SELECT 1'));
    await client.untilReady();
    if (hurried) await tellAgain('SHUTDOWN').catch(() => {});
    else client.leave();
    expect(await agent.exited).toBe(0);
  }
});

test('KILL_CLIENT ends one client, whatever it is at, and nobody else', async () => {
  await using agent = await shop.start();
  const tell = await openConsole(agent, shop.disposables);
  await shop.holdLock();
  const { running, inTransaction } = await makeCrowd(agent, shop.disposables);
  await shop.untilLocked();
  const lines = agent
    .logLines()
    .filter(({ msg, database }) => msg === 'client connected' && database === 'shop');
  // The third that came to the database.
  const { client_pid } = lines[2]!;
  expect(await tell(`KILL_CLIENT ${client_pid}`)).toBe('KILL_CLIENT');
  expect(await endOf(running)).toBe('57P01');
  // Its query does not go on without it.
  await shop.untilBackends(0, "query LIKE '%advisory%'");
  inTransaction.say(say.query('COMMIT'));
  await inTransaction.untilReady();
  expect(await tell('KILL_CLIENT 1')).toBe('client not found');
});
