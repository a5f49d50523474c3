// Mistakes of our own, planted in a real agent: each costs one thing, is counted and logged, and everybody else goes on.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { startAgent } from '../harness/agent.ts';
import { applicationFiles, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { createNursery } from '../harness/nursery.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { ask, through } from '../harness/psql.ts';

setDefaultTimeout(60_000);

const authority = createCertificateAuthority();
const nursery = createNursery('planted');
const executable = join(nursery.directory, 'pgsidecar');
let postgres: Postgres;

beforeAll(async () => {
  const source = join(import.meta.dir, 'planted_agent.ts');
  writeFileSync(executable, `#!/bin/sh\nexec '${process.execPath}' --no-env-file '${source}' "$@"\n`);
  chmodSync(executable, 0o755);
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { app: '' },
    databases: { shop: 'app' },
  });
}, 60_000);
afterAll(async () => {
  await postgres?.stop();
  await nursery.close();
});

function start(): Promise<Agent> {
  return serve({ postgres, authority, settings: { default_pool_size: 2 } }, { executable });
}

async function connect(agent: Agent): Promise<pg.Client> {
  const client = new pg.Client(agent.url('app', postgres.passwordOf('app'), 'shop'));
  client.on('error', () => {}); // the query that fails tells it
  await client.connect();
  return client;
}

interface Counted {
  readonly internalErrors: {
    readonly total: number;
    readonly paths: readonly { readonly path: string; readonly count: number; readonly message: string }[];
  };
}

async function counted(agent: Agent): Promise<Counted['internalErrors']> {
  return ((await agent.status()) as unknown as Counted).internalErrors;
}

/** A client in a transaction, who must notice nothing of what happens to others. */
async function bystander(agent: Agent): Promise<() => Promise<void>> {
  const client = await connect(agent);
  await client.query('BEGIN');
  await client.query('CREATE TEMPORARY TABLE untouched (n int) ON COMMIT DROP');
  return async () => {
    await client.query('INSERT INTO untouched VALUES (1)');
    expect((await client.query('SELECT count(*)::int AS n FROM untouched')).rows).toEqual([{ n: 1 }]);
    await client.query('COMMIT');
    await client.end();
  };
}

/** How a query ends: its SQLSTATE, or what the driver has where there is none. */
async function endOf(client: pg.Client, sql: string): Promise<string> {
  return client.query(sql).then(
    () => 'it was answered',
    (error: pg.DatabaseError) => error.code ?? error.message,
  );
}

const SESSIONS = [
  { place: 'relay', told: 'XX000', name: 'plantedInRelay', says: 'an internal error closed a session' },
  {
    place: 'handler',
    told: 'Connection terminated unexpectedly',
    name: 'plantedInHandler',
    says: 'an internal error was caught by nobody: the agent goes on',
  },
  {
    place: 'reply',
    told: '08006',
    name: 'plantedInReply',
    says: 'an internal error was caught by nobody: the agent goes on',
  },
] as const;
for (const { place, told, name, says } of SESSIONS) {
  test(`a mistake in the ${place} of a session costs that session, is counted and logged with its trace`, async () => {
    await using agent = await start();
    const unharmed = await bystander(agent);
    const client = await connect(agent);
    expect(await endOf(client, `SELECT 'plant ${place}'`)).toBe(told);
    const line = await agent.waitForLog(says);
    const path = `${name} (agent/tests/faults/planted_agent.ts)`;
    expect(line).toMatchObject({ level: 50, path, stack: expect.stringContaining(`at ${name} (`) });
    const { total, paths } = await counted(agent);
    expect([total, paths.map((each) => [each.path, each.count])]).toEqual([1, [[path, 1]]]);
    await unharmed();
    // Nobody is left behind, neither here nor at PostgreSQL.
    expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
    const busy = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle'`;
    expect(await postgres.sql(busy)).toEqual([{ n: 0 }]);
    const { clients } = (await agent.status()) as { clients: { connected: number } };
    expect(clients.connected).toBe(0);
  });
}

for (const [place, sentence] of [
  ['timer', 'an internal error was caught by nobody: the agent goes on'],
  ['promise', 'an internal error was caught by nobody: the agent goes on'],
  ['janitor', 'an internal error in the janitor'],
] as const) {
  test(`a mistake in a ${place} costs nobody anything, and is counted and logged`, async () => {
    await using agent = await start();
    const unharmed = await bystander(agent);
    expect(await ask(through(agent, postgres.passwordOf('app')), `SELECT 1 /* plant ${place} */`)).toBe('1');
    expect(await agent.waitForLog(sentence)).toMatchObject({
      level: 50,
      path: expect.stringMatching(/^planted/),
    });
    expect((await counted(agent)).total).toBe(1);
    await unharmed();
    expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 2')).toBe('2');
  });
}

test('two mistakes on one path within a minute make the agent say that it is not ready; it serves all the same', async () => {
  await using agent = await start();
  const plant = async (place: string) => {
    await endOf(await connect(agent), `SELECT 'plant ${place}'`);
  };
  await plant('relay');
  expect((await agent.command('wait', '--timeout', '5s')).code).toBe(0);
  await plant('handler');
  expect((await agent.command('wait', '--timeout', '5s')).code).toBe(0);
  await plant('relay');
  const { code, stderr } = await agent.command('wait', '--timeout', '100ms');
  expect(code).toBe(75);
  expect(stderr).toContain(
    'an internal error happened 2 times at plantedInRelay (agent/tests/faults/planted_agent.ts)',
  );
  const page = await agent.command('status');
  expect(page.stdout).toContain('3 internal errors, please report them');
  expect(page.stdout).toContain(
    '2 at plantedInRelay (agent/tests/faults/planted_agent.ts): planted in the relay',
  );
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
});

test('a mistake during the start ends the agent with exit code 70, for whoever starts it again, and leaves no socket', async () => {
  const files = applicationFiles({ postgres, authority });
  const options = { files, executable, env: { PLANT: 'boot' }, expectFailure: true };
  await using agent = await startAgent(options);
  expect(await agent.exited).toBe(70);
  expect(existsSync(join(agent.socketDir, '.s.PGSQL.5432'))).toBe(false);
  const said = agent.logLines().map(({ msg }) => msg);
  expect(
    said.some((msg) => msg.includes('A bug in pgsidecar, please report it: Error: planted in a timer')),
  ).toBe(true);
});
