// Replication through the agent: PostgreSQL's own programs, each with a server connection that nobody else has.

import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { createNursery } from '../harness/nursery.ts';
import { findPostgresPrograms } from '../harness/postgres_programs.ts';
import { ask, libpqEnvironment, psql, runProgram, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

/** The embedded PostgreSQL brings none of these along. */
const program = (name: string): string => join(findPostgresPrograms(15), name);
const nursery = createNursery('replication');
afterAll(() => nursery.close());

const { authority, postgres } = await openShop({
  version: 15,
  users: { app: 'REPLICATION', plain: '' },
  settings: { wal_level: 'logical', max_wal_senders: 6, max_replication_slots: 4 },
});
const PASSWORD = postgres.passwordOf('app');

/** Timeouts that a stream would not survive, were it one query among others. */
const SETTINGS = {
  default_pool_size: 1,
  query_timeout: '1s',
  client_idle_timeout: '1s',
  server_idle_timeout: '1s',
};

function application(settings: Readonly<Record<string, unknown>> = {}) {
  return { postgres, authority, settings: { ...SETTINGS, ...settings } };
}

/** Once it is so. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await Bun.sleep(50);
}

async function streams(): Promise<readonly Record<string, unknown>[]> {
  return await postgres.sql('SELECT application_name, state, backend_start FROM pg_stat_replication');
}

/** Runs one of PostgreSQL's programs in the background. */
function start(agent: Agent, words: readonly string[]) {
  return nursery.spawn([...words], {
    env: { ...libpqEnvironment(through(agent, PASSWORD)), PGAPPNAME: 'streamer' },
    output: 'pipe',
  });
}

test('pg_basebackup with its WAL beside it: two connections of its own, and a backup that verifies', async () => {
  await using agent = await serve(application());
  const directory = join(nursery.directory, 'backup');
  const login = through(agent, PASSWORD);
  const words = ['-D', directory, '-X', 'stream', '-c', 'fast', '--no-sync', '--max-rate=8M'];
  const backup = runProgram(login, [program('pg_basebackup'), ...words]);
  // The one server of the pool is still everybody's.
  await until(async () => (await streams()).length === 2);
  expect(await ask(login, 'SELECT 1')).toBe('1');
  expect(await backup).toEqual({ code: 0, stdout: '', stderr: '' });
  const verified = await runProgram(login, [program('pg_verifybackup'), directory]);
  expect(verified.stdout + verified.stderr).toContain('backup successfully verified');
  await until(async () => (await streams()).length === 0);
});

test('pg_receivewal follows a slot while the timeouts of queries pass, and is gone with its server', async () => {
  await using agent = await serve(application());
  const directory = nursery.directory;
  const login = through(agent, PASSWORD);
  const receive = [program('pg_receivewal'), '-D', directory, '--slot', 'walled', '--no-sync'];
  expect((await runProgram(login, [...receive, '--create-slot'])).code).toBe(0);
  const child = start(agent, receive);
  await until(async () => (await streams()).some(({ state }) => state === 'streaming'));
  const [stream] = await streams();
  expect(stream!.application_name).toBe('streamer');
  // Longer than every timeout that is set, and still the same connection.
  await until(async () => {
    const [row] = await postgres.sql<{ old: boolean }>(
      "SELECT now() - min(backend_start) > interval '3 s' AS old FROM pg_stat_replication",
    );
    return row!.old;
  });
  expect((await streams())[0]!.backend_start).toEqual(stream!.backend_start);
  await postgres.sql("SELECT pg_create_restore_point('written'), pg_switch_wal()");
  await until(async () => readdirSync(directory).some((name) => /^[0-9A-F]{24}$/.test(name)));
  child.kill('SIGINT');
  expect(await child.exited).toBe(0);
  await until(async () => (await streams()).length === 0);
  await postgres.sql("SELECT pg_drop_replication_slot('walled')");
});

test('pg_recvlogical hears what other clients of the same agent commit', async () => {
  await using agent = await serve(application());
  const login = through(agent, PASSWORD);
  const file = join(nursery.directory, 'changes');
  const receive = [program('pg_recvlogical'), '-d', 'shop', '--slot', 'heard'];
  const made = await runProgram(login, [...receive, '--create-slot', '-P', 'test_decoding']);
  expect(made).toEqual({ code: 0, stdout: '', stderr: '' });
  const child = start(agent, [...receive, '--start', '-f', file]);
  await ask(login, 'CREATE TABLE heard_of (id int PRIMARY KEY)');
  for (let id = 1; id <= 3; id++) await ask(login, `INSERT INTO heard_of VALUES (${id})`);
  const isThere = (): boolean =>
    existsSync(file) && /INSERT: id\[integer\]:3/.test(readFileSync(file, 'utf8'));
  await until(async () => isThere());
  expect(readFileSync(file, 'utf8').match(/INSERT: id\[integer\]:\d/g)).toEqual([
    'INSERT: id[integer]:1',
    'INSERT: id[integer]:2',
    'INSERT: id[integer]:3',
  ]);
  child.kill('SIGINT');
  expect(await child.exited).toBe(0);
  const dropped = await runProgram(login, [...receive, '--drop-slot']);
  expect(dropped).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('psql replicates by hand: IDENTIFY_SYSTEM, SQL beside it where a database is named, and no server is kept', async () => {
  await using agent = await serve(application());
  const login = through(agent, PASSWORD);
  const physical = await psql(login, ['-d', 'dbname=shop replication=true', '-c', 'IDENTIFY_SYSTEM']);
  expect(physical).toMatchObject({ code: 0, stderr: '' });
  expect(physical.stdout).toMatch(/^\d+\|1\|[0-9A-F]+\/[0-9A-F]+\|$/m);
  const logical = await psql(login, [
    ...['-d', 'dbname=shop replication=database options=-csearch_path=there'],
    ...['-c', 'IDENTIFY_SYSTEM', '-c', 'SHOW search_path'],
  ]);
  expect(logical.stdout).toMatch(/\|shop\nthere\n$/);
  await until(async () => {
    const [row] = await postgres.sql<{ many: number }>(
      "SELECT count(*)::int AS many FROM pg_stat_activity WHERE backend_type = 'walsender'",
    );
    return row!.many === 0;
  });
});

test('limits hold, and whoever may not replicate is told by PostgreSQL', async () => {
  await using agent = await serve(
    application({
      max_db_connections: 1,
      query_wait_timeout: '1s',
      users: { plain: { password: postgres.passwordOf('plain'), databases: ['shop'] } },
    }),
  );
  const login = through(agent, PASSWORD);
  const child = start(agent, [program('pg_receivewal'), '-D', nursery.directory, '--no-loop']);
  await until(async () => (await streams()).some(({ state }) => state === 'streaming'));
  expect((await psql(login, ['-c', 'SELECT 1'])).stderr).toContain('query_wait_timeout');
  child.kill('SIGINT');
  await child.exited;
  expect(await ask(login, 'SELECT 1')).toBe('1');
  const plain = through(agent, postgres.passwordOf('plain'), { user: 'plain' });
  const refused = await psql(plain, ['-d', 'dbname=shop replication=true', '-c', 'IDENTIFY_SYSTEM']);
  expect(refused.stderr).toContain('replication');
  const unclear = await psql(login, ['-d', 'dbname=shop replication=maybe', '-c', 'SELECT 1']);
  expect(unclear.stderr).toContain('invalid value for parameter "replication": "maybe"');
});

test('the HBA file lets in to replicate by lines for replication only', async () => {
  const hba = 'local replication app trust\nlocal all app scram-sha-256\n';
  await using agent = await serve(application({ auth_type: 'hba', auth_hba_file: 'hba.conf' }), {
    files: { 'hba.conf': hba },
  });
  const login = through(agent, '');
  const physical = await psql(login, ['-w', '-d', 'dbname=shop replication=true', '-c', 'IDENTIFY_SYSTEM']);
  expect(physical.code).toBe(0);
  const logical = await psql(login, [
    '-w',
    '-d',
    'dbname=shop replication=database',
    '-c',
    'IDENTIFY_SYSTEM',
  ]);
  expect(logical.stderr).toContain('no password supplied');
});

test('nobody becomes another role, or comes to another database, by what stands in his startup packet', async () => {
  await using agent = await serve(application());
  const login = through(agent, PASSWORD);
  for (const words of ['user=postgres', 'database=postgres', 'USER=postgres', 'replication=true']) {
    for (const replication of ['database', 'true', 'false']) {
      const url = `dbname=shop replication=${replication} options=-c${words}`;
      const { code, stdout, stderr } = await psql(login, [
        '-d',
        url,
        '-c',
        'SELECT current_user, current_database()',
      ]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(`unrecognized configuration parameter "${words.split('=')[0]}"`);
    }
  }
});

test('a line of the HBA file for replication opens no console', async () => {
  const hba = 'local pgbouncer app reject\nlocal replication app trust\nlocal all app scram-sha-256\n';
  const settings = { auth_type: 'hba', auth_hba_file: 'hba.conf', admin_users: 'app' };
  await using agent = await serve(application(settings), { files: { 'hba.conf': hba } });
  const login = through(agent, PASSWORD);
  for (const replication of ['true', 'database']) {
    const url = `dbname=pgbouncer replication=${replication}`;
    const { code, stderr } = await psql(login, ['-d', url, '-c', 'SHOW VERSION']);
    expect(code).toBe(2);
    expect(stderr).toContain('the console does not replicate');
  }
  expect((await psql(login, ['-d', 'dbname=pgbouncer', '-c', 'SHOW VERSION'])).stderr).toContain('rejects');
});
