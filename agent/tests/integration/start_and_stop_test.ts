// The agent as a daemon: how it comes up, what it tells systemd, how signals end it, and who may have its socket.

import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { type Application, serve } from '../harness/application.ts';
import { createNursery } from '../harness/nursery.ts';
import { ask, refusalOf, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const nursery = createNursery('daemon');

const { authority, postgres, connect } = await openShop();
afterAll(() => nursery.close());

function application(settings: Application['settings'] = {}): Application {
  return { postgres, authority, settings: { default_pool_size: 2, ...settings } };
}

/** What the client is told when its connection ends. */
function fatalOf(client: pg.Client): Promise<pg.DatabaseError> {
  const told = new Promise<Error>((resolve) => client.once('error', resolve));
  client.on('error', () => {}); // and then the connection ends
  return told as Promise<pg.DatabaseError>;
}

async function only(client: pg.Client, sql: string): Promise<unknown> {
  return (await client.query({ text: sql, rowMode: 'array' })).rows[0]?.[0];
}

const STOPPING = 'terminating connection because pgsidecar is stopping';

/** Prints each datagram that it gets as a line of JSON. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('"bound"', flush=True)
while True: print(json.dumps(s.recv(65536).decode()), flush=True)
`;

async function* datagrams(path: string): AsyncGenerator<string> {
  const child = nursery.spawn(['python3', '-c', RECEIVER, path], {
    output: 'pipe',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  });
  let rest = '';
  for await (const chunk of child.stdout as ReadableStream<Uint8Array>) {
    const lines = (rest + Buffer.from(chunk).toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as string;
  }
}

describe('systemd is told', () => {
  test('READY, STATUS, RELOADING with its time, READY again, WATCHDOG, STOPPING', async () => {
    const path = join(nursery.directory, 'notify');
    const messages = datagrams(path);
    const heard: string[] = [];
    async function until(wanted: string | RegExp): Promise<string> {
      for (;;) {
        const { value, done } = await messages.next();
        if (done) throw new Error(`the receiver ended before ${wanted}: ${heard}`);
        heard.push(value);
        if (typeof wanted === 'string' ? value === wanted : wanted.test(value)) return value;
      }
    }
    await until('bound');
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '200000' };
    await using agent = await serve(application(), { env });
    await until('READY=1');
    await until(/^STATUS=running: 0 clients, serving shop$/);
    await until('WATCHDOG=1');
    await until('WATCHDOG=1');
    await agent.reload();
    expect(await until(/^RELOADING=1/)).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    await until('READY=1');
    agent.writeFile('application.yml', 'production: [\n');
    await agent.reload();
    await until('READY=1');
    await until(/^STATUS=running: 0 clients, serving shop; the last reload was refused$/);
    agent.signal('SIGTERM');
    await until('STOPPING=1');
    expect(await agent.exited).toBe(0);
    expect(heard.indexOf('READY=1')).toBe(
      heard.findIndex((each) => !each.startsWith('STATUS=') && each !== 'bound'),
    );
  });

  test('how long the start took, for whoever reads the log', async () => {
    const times: number[] = [];
    for (let n = 0; n < 5; n++) {
      await using agent = await serve(application());
      const ready = agent.logLines().find(({ msg }) => msg === 'ready');
      times.push(Number(ready?.start_ms));
    }
    expect(times.every((ms) => ms > 0)).toBe(true);
    console.log(`start to ready: ${times.join(', ')} ms`);
  });
});

describe('SIGTERM', () => {
  test('without clients ends it at once, with 0, and takes its sockets away', async () => {
    await using agent = await serve(application());
    expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
    agent.signal('SIGTERM');
    expect(await agent.exited).toBe(0);
    expect(existsSync(join(agent.socketDir, '.s.PGSQL.5432'))).toBe(false);
    expect(existsSync(join(agent.socketDir, 'pgsidecar.control'))).toBe(false);
  });

  test('lets nobody in, lets those who are there work on, and ends when the last has left', async () => {
    await using agent = await serve(application());
    const client = await connect(agent);
    await client.query('BEGIN');
    agent.signal('SIGTERM');
    await agent.waitForLog('draining');
    expect(await refusalOf(through(agent, postgres.passwordOf('app')))).toContain(
      'No such file or directory',
    );
    expect((await agent.status()).state).toBe('draining');
    expect(await only(client, 'SELECT 1')).toBe(1);
    await client.query('COMMIT');
    expect(await only(client, 'SELECT 2')).toBe(2);
    await client.end();
    expect(await agent.exited).toBe(0);
    expect(agent.logLines().map(({ msg }) => msg)).toContain('drained');
  });

  test('ends the rest with a FATAL when drain_timeout is over', async () => {
    await using agent = await serve(application({ drain_timeout: '500ms' }));
    const client = await connect(agent);
    const told = fatalOf(client);
    agent.signal('SIGTERM');
    expect(await told).toMatchObject({ severity: 'FATAL', code: '57P01', message: STOPPING });
    expect(await agent.exited).toBe(0);
  });

  test('a second time ends it now', async () => {
    await using agent = await serve(application());
    const client = await connect(agent);
    const told = fatalOf(client);
    agent.signal('SIGTERM');
    await agent.waitForLog('draining');
    agent.signal('SIGTERM');
    expect(await told).toMatchObject({ code: '57P01' });
    expect(await agent.exited).toBe(0);
  });
});

test('SIGINT waits for what runs on servers, and for nothing else', async () => {
  await using agent = await serve(application());
  const [idle, busy] = [await connect(agent), await connect(agent)];
  const told = [fatalOf(idle), fatalOf(busy)];
  await busy.query('BEGIN');
  agent.signal('SIGINT');
  await agent.waitForLog('draining');
  expect(await only(busy, 'SELECT 1')).toBe(1);
  await busy.query('COMMIT');
  for (const each of told) expect(await each).toMatchObject({ code: '57P01', message: STOPPING });
  expect(await agent.exited).toBe(0);
});

test('SIGQUIT waits for nobody', async () => {
  await using agent = await serve(application());
  const client = await connect(agent);
  const told = fatalOf(client);
  await client.query('BEGIN');
  agent.signal('SIGQUIT');
  expect(await told).toMatchObject({ code: '57P01', message: STOPPING });
  expect(await agent.exited).toBe(0);
  // PostgreSQL was told goodbye: nothing is left open there.
  const sql = "SELECT 1 FROM pg_stat_activity WHERE usename = 'app'";
  while ((await postgres.sql(sql)).length > 0) await Bun.sleep(10);
});

test('SIGUSR1 holds queries back, SIGUSR2 lets them go', async () => {
  await using agent = await serve(application());
  const [client, inside] = [await connect(agent), await connect(agent)];
  await inside.query('BEGIN');
  agent.signal('SIGUSR1');
  await agent.waitForLog(({ msg, verb }) => msg === 'signal' && verb === 'pause');
  expect((await agent.status()).state).toBe('paused');
  const waited = await agent.command('wait', '--timeout', '100ms');
  expect(waited.stderr).toContain('the agent is paused');
  // Who is in a transaction finishes it; who would begin one waits.
  expect(await only(inside, 'SELECT 1')).toBe(1);
  await inside.query('COMMIT');
  let answered = false;
  const waiting = only(client, 'SELECT 2').finally(() => {
    answered = true;
  });
  for (;;) {
    const { pools } = (await agent.status()) as { pools: { clientsWaiting: number }[] };
    if (pools[0]?.clientsWaiting === 1) break;
  }
  expect(answered).toBe(false);
  agent.signal('SIGUSR2');
  expect(await waiting).toBe(2);
  expect((await agent.status()).state).toBe('running');
  await Promise.all([client.end(), inside.end()]);
});

describe('a socket', () => {
  test('that a killed agent left behind is replaced', async () => {
    await using first = await serve(application());
    first.signal('SIGKILL');
    await first.exited;
    expect(existsSync(join(first.socketDir, '.s.PGSQL.5432'))).toBe(true);
    await using second = await serve(application(), { env: { PGSIDECAR_UNIX_SOCKET_DIR: first.socketDir } });
    expect(second.logLines().map(({ msg }) => msg)).toContain('ready');
    const login = through(first, postgres.passwordOf('app'));
    expect(await ask(login, 'SELECT 1')).toBe('1');
  });

  test('that a living agent has is never taken', async () => {
    await using first = await serve(application());
    const env = { PGSIDECAR_UNIX_SOCKET_DIR: first.socketDir };
    await using second = await serve(application(), { env, expectFailure: true });
    expect(await second.exited).toBe(69);
    expect(second.logLines().at(-1)).toMatchObject({
      level: 50,
      msg: `Cannot listen on ${first.socketDir}/.s.PGSQL.5432: another process does already, perhaps the packaged service (systemctl status pgsidecar); stop that one, or set another unix_socket_dir or listen_port`,
    });
    expect(await ask(through(first, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
    expect((await first.status()).pid).toBe(first.pid);
  });

  test('each, of two agents in one directory, by listen_port and control_socket', async () => {
    await using first = await serve(application());
    const env = { PGSIDECAR_UNIX_SOCKET_DIR: first.socketDir };
    const settings = { listen_port: 6432, control_socket: 'second.control' };
    await using second = await serve(application(settings), { env });
    const login = through(first, postgres.passwordOf('app'));
    expect(await ask(login, 'SELECT 1')).toBe('1');
    expect(await ask({ ...login, port: 6432 }, 'SELECT 2')).toBe('2');
    expect([(await first.status()).pid, (await second.status()).pid]).toEqual([first.pid, second.pid]);
    await second.stop();
    expect(await ask(login, 'SELECT 3')).toBe('3');
  });

  test('for control that a living agent has is never taken, and the second one leaves no other behind', async () => {
    await using first = await serve(application());
    const env = { PGSIDECAR_UNIX_SOCKET_DIR: first.socketDir };
    await using second = await serve(application({ listen_port: 6432 }), { env, expectFailure: true });
    expect(await second.exited).toBe(69);
    expect(second.logLines().at(-1)?.msg).toContain(`Cannot listen on ${first.socketDir}/pgsidecar.control`);
    expect(existsSync(join(first.socketDir, '.s.PGSQL.6432'))).toBe(false);
    expect((await first.status()).pid).toBe(first.pid);
  });
});

test('a configuration that cannot be used ends it with 78, and every problem is told at once', async () => {
  const wrong = application({ default_pool_size: 'many', pool_mode: 'sometimes', no_such_setting: 1 });
  await using agent = await serve(wrong, { expectFailure: true });
  expect(await agent.exited).toBe(78);
  const said = agent.logLines().map(({ msg }) => msg);
  expect(said).toContainEqual(
    expect.stringContaining('Cannot use default_pool_size "many" at pgsidecar.yml:'),
  );
  expect(said).toContainEqual(expect.stringContaining('Cannot use pool_mode "sometimes" at pgsidecar.yml:'));
  expect(said).toContainEqual(expect.stringContaining('Unknown setting "no_such_setting" at pgsidecar.yml:'));
});
