// Files that somebody removes or empties under a running agent: its sockets come back, its settings stay.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../harness/agent.ts';
import { type Application, pgsidecarYml, serve } from '../harness/application.ts';
import { ask, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

const { authority, postgres, connect } = await openShop();

const SETTINGS: NonNullable<Application['settings']> = { source_settle_time: '20ms', default_pool_size: 3 };

function start(): Promise<Agent> {
  return serve({ postgres, authority, settings: SETTINGS });
}

const BACK = 'the socket file was removed by somebody: it is there again';

for (const name of ['.s.PGSQL.5432', 'pgsidecar.control']) {
  test(`${name} that is removed is made again with its permissions, and those who are connected stay`, async () => {
    await using agent = await start();
    const path = join(agent.socketDir, name);
    const before = statSync(path).mode;
    const client = await connect(agent);
    await client.query('BEGIN');
    rmSync(path);
    expect(await agent.waitForLog(BACK)).toMatchObject({ level: 40, address: path });
    expect(statSync(path).mode).toBe(before);
    expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
    expect((await agent.status()).listeners).toEqual([
      { kind: 'unix', address: join(agent.socketDir, '.s.PGSQL.5432') },
    ]);
    await client.query('COMMIT');
    await client.end();
  });
}

test('the whole directory that is removed is made again, with both sockets', async () => {
  await using agent = await start();
  rmSync(agent.socketDir, { recursive: true });
  const isBack = (name: string) =>
    agent.waitForLog(({ msg, address }) => msg === BACK && address === join(agent.socketDir, name));
  await Promise.all([isBack('.s.PGSQL.5432'), isBack('pgsidecar.control')]);
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
  expect((await agent.status()).state).toBe('running');
});

test('what somebody else has put in its place is left alone, and said once', async () => {
  await using agent = await start();
  const path = join(agent.socketDir, '.s.PGSQL.5432');
  rmSync(path);
  mkdirSync(path);
  const line = await agent.waitForLog('new clients do not reach the agent: its socket file is gone');
  expect(line).toMatchObject({
    level: 50,
    address: path,
    reason: 'somebody has put something else in its place',
  });
  rmSync(path, { recursive: true });
  await agent.waitForLog(BACK);
  expect(agent.logLines().filter(({ msg }) => msg === line.msg).length).toBe(1);
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
});

const KEPT =
  /Cannot take pgsidecar\.yml as it is now: it (says nothing any more|is gone), and the settings in force came from it/;

test('pgsidecar.yml that is emptied or removed while the agent runs takes no setting away; {} says that the defaults are meant', async () => {
  const args = ['--server-tls-ca-file', 'ca.crt'];
  await using agent = await serve({ postgres, authority, settings: SETTINGS }, { args });
  const path = join(agent.directory, 'pgsidecar.yml');
  const poolSize = async () => {
    await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1');
    return ((await agent.status()).pools as { poolSize: number }[])[0]!.poolSize;
  };
  const steps = [
    () => writeFileSync(path, ''),
    () => writeFileSync(path, '# The settings of this machine\n---\n\n'),
    () => rmSync(path),
  ];
  for (const step of steps) {
    const from = agent.logLines().length;
    step();
    const line = await agent.waitForLog('reload refused: nothing was changed', from);
    expect(String(line.problems)).toMatch(KEPT);
    const asked = await agent.reload();
    expect([asked.code, KEPT.test(asked.stderr)]).toEqual([78, true]);
    expect(await poolSize()).toBe(3);
  }
  // It is watched all the time.
  for (const [text, size] of [
    [pgsidecarYml({ ...SETTINGS, default_pool_size: 4 }), 4],
    ['{}\n', 20],
  ] as const) {
    const from = agent.logLines().length;
    agent.writeFile('pgsidecar.yml', text);
    await agent.waitForLog('reloaded', from);
    expect(await poolSize()).toBe(size);
  }
});
