// PAUSE, RESUME, DISABLE, RECONNECT and WAIT_CLOSE at a real PostgreSQL, with clients in every state.

import { expect, setDefaultTimeout, test } from 'bun:test';
import * as say from '../harness/client_words.ts';
import { beginLogin, endAll, endOf, HALF, HALF_AT, makeCrowd, openConsole } from './clients_in_states.ts';
import { openOperatedShop } from './operated_shop.ts';

setDefaultTimeout(60_000);

const shop = await openOperatedShop();

test('PAUSE lets everybody finish, is answered when PostgreSQL has no connection left, and RESUME serves all again', async () => {
  await using agent = await shop.start();
  const [tell, tellAgain] = [
    await openConsole(agent, shop.disposables),
    await openConsole(agent, shop.disposables),
  ];
  const letGo = await shop.holdLock();
  const crowd = await makeCrowd(agent, shop.disposables);
  await shop.untilLocked();
  let answered: string | undefined;
  const paused = tell('PAUSE').then((tag) => {
    answered = tag;
  });
  while ((await shop.status(agent)).state !== 'paused') await Bun.sleep(5);
  expect(await tellAgain('PAUSE')).toBe('already suspended/paused');
  // Who works goes on, each to its end; who would begin waits, and so does who logs in.
  crowd.idle.say(say.query('SELECT 1'));
  const late = beginLogin(agent, 'desk', shop.disposables);
  crowd.inTransaction.say(say.query('COMMIT'));
  crowd.copying.say(say.copyData('bread\n'), say.copyDone);
  crowd.inMessage.say(HALF.subarray(HALF_AT));
  for (const client of [crowd.inTransaction, crowd.copying, crowd.inMessage]) await client.untilReady();
  await letGo();
  await crowd.running.untilReady();
  await shop.untilWaiting(agent, 1);
  expect(answered).toBeUndefined();
  // A client of a session has its server until it leaves.
  crowd.session.leave();
  await paused;
  expect([answered, await shop.backends()]).toEqual(['PAUSE', 0]);
  crowd.prepared.say(say.bind('one'), say.execute(), say.sync);
  await shop.untilWaiting(agent, 2);
  expect(await shop.backends()).toBe(0);
  expect(await tell('RESUME')).toBe('RESUME');
  for (const client of [crowd.idle, crowd.prepared, late]) await client.untilReady();
  expect([(await shop.status(agent)).state, await tell('RESUME')]).toEqual([
    'running',
    'pooler is not paused/suspended',
  ]);
});

test('PAUSE of one database leaves the others alone, is shown, outlasts a reload, and is ended by RESUME of another console', async () => {
  await using agent = await shop.start();
  const tell = await openConsole(agent, shop.disposables);
  const other = await openConsole(agent, shop.disposables);
  const letGo = await shop.holdLock();
  const { running, session } = await makeCrowd(agent, shop.disposables);
  await shop.untilLocked();
  const paused = tell('PAUSE shop');
  while (!(await shop.status(agent)).databases.some((each) => each.name === 'shop' && each.paused))
    await Bun.sleep(5);
  session.say(say.query('SELECT 2'));
  await session.untilReady();
  expect((await agent.reload()).code).toBe(0);
  expect((await shop.status(agent)).databases.map(({ name, paused }) => [name, paused]).sort()).toEqual([
    ['desk', false],
    ['shop', true],
  ]);
  expect(await other('RESUME shop')).toBe('RESUME');
  expect(await paused).toBe('PAUSE');
  await letGo();
  await running.untilReady();
  expect(await other('RESUME shop')).toBe('database shop is not paused');
  expect(await other('PAUSE nosuch')).toBe('no such database: nosuch');
});

test('DISABLE refuses new clients of a database until ENABLE, also behind a reload', async () => {
  await using agent = await shop.start();
  const tell = await openConsole(agent, shop.disposables);
  const { idle } = await makeCrowd(agent, shop.disposables);
  expect(await tell('DISABLE shop')).toBe('DISABLE');
  expect((await agent.reload()).code).toBe(0);
  const refused = beginLogin(agent, 'shop', shop.disposables);
  expect(await endOf(refused)).toBe('57P03');
  expect(refused.heard).toContain('database "shop" is disabled');
  idle.say(say.query('SELECT 1'));
  await idle.untilReady();
  await beginLogin(agent, 'desk', shop.disposables).untilReady();
  expect(await tell('ENABLE shop')).toBe('ENABLE');
  await beginLogin(agent, 'shop', shop.disposables).untilReady();
});

test('RECONNECT replaces servers as they come free, and WAIT_CLOSE waits for that', async () => {
  await using agent = await shop.start();
  const tell = await openConsole(agent, shop.disposables);
  const { inTransaction } = await makeCrowd(agent, shop.disposables);
  const pidOf = async (): Promise<string> => {
    inTransaction.say(say.query('SELECT pg_backend_pid()'));
    const answers = await inTransaction.untilReady();
    return answers
      .find(({ type }) => type === 'D')!
      .body.subarray(6)
      .toString();
  };
  const before = await pidOf();
  expect(await tell('RECONNECT shop')).toBe('RECONNECT');
  let answered: string | undefined;
  const closed = tell('WAIT_CLOSE').then((tag) => {
    answered = tag;
  });
  expect(await pidOf()).toBe(before);
  expect(answered).toBeUndefined();
  for (const sql of ['COMMIT', 'SELECT 1']) {
    inTransaction.say(say.query(sql));
    await inTransaction.untilReady();
  }
  await endAll(shop.disposables.splice(1));
  await closed;
  expect(answered).toBe('WAIT_CLOSE');
  expect(await shop.backends(`pid = ${before}`)).toBe(0);
});
