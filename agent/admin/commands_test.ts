// The commands of the console: what is asked of the agent, what is answered, and what becomes of one that waits.

import { describe, expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { cancelRequest, query, startup } from '../tests/harness/client_words.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { consoleFixture, hears } from './console_fixture.ts';

describe('A command of the console', () => {
  const CALLS: Readonly<Record<string, string>> = {
    PAUSE: 'pause undefined',
    'pause idp;': 'pause idp',
    'PAUSE "a b"': 'pause a b',
    RESUME: 'resume undefined',
    'RESUME idp': 'resume idp',
    'DISABLE idp': 'disable idp',
    'ENABLE idp': 'enable idp',
    RECONNECT: 'reconnect undefined',
    'RECONNECT idp': 'reconnect idp',
    KILL: 'kill undefined',
    'KILL idp': 'kill idp',
    'KILL_CLIENT 17': 'killClient 17',
    SUSPEND: 'suspend',
    SHUTDOWN: 'shutdown now',
    'SHUTDOWN wait_for_clients': 'shutdown clients',
    'SHUTDOWN WAIT_FOR_SERVERS': 'shutdown servers',
    WAIT_CLOSE: 'waitClose undefined',
    'WAIT_CLOSE idp': 'waitClose idp',
    RELOAD: 'reload RELOAD at the console',
  };
  for (const [sql, call] of Object.entries(CALLS)) {
    test(`${sql} asks the agent, and answers with its own name`, async () => {
      const { console, controls } = await consoleFixture();
      const heard = await hears(await console(), query(sql));
      expect(controls.calls).toEqual([call]);
      expect(heard).toEqual([`Complete ${/^\w+/.exec(sql)![0].toUpperCase()}`, 'Ready I']);
    });
    test(`${sql} is refused to a stats user`, async () => {
      const { console, controls } = await consoleFixture();
      const heard = await hears(await console('sta'), query(sql));
      expect(heard).toEqual(['ERROR 42501 admin access needed', 'Ready I']);
      expect(controls.calls).toEqual([]);
    });
  }

  test('says what it lacks, in PgBouncer’s words', async () => {
    const { console, controls } = await consoleFixture();
    const client = await console();
    const answer = async (sql: string): Promise<string | undefined> => (await hears(client, query(sql)))[0];
    expect(await answer('DISABLE')).toBe('ERROR 42601 a database is required');
    expect(await answer('ENABLE')).toBe('ERROR 42601 a database is required');
    for (const sql of ['KILL_CLIENT', 'KILL_CLIENT abc', 'KILL_CLIENT 12345678901'])
      expect(await answer(sql)).toStartWith('ERROR 22023 invalid client pointer supplied');
    for (const sql of ['RELOAD now', 'SUSPEND all', 'SHUTDOWN soon'])
      expect(await answer(sql)).toBe(`ERROR 42601 invalid command '${sql}', use SHOW HELP;`);
    controls.failure = new AgentError('no_such_database', { database: 'x' });
    expect(await answer('PAUSE x')).toBe('ERROR 3D000 no such database: x');
    expect(await answer('KILL x')).toBe('ERROR 3D000 no such database: x');
  });

  test('RELOAD says what was wrong', async () => {
    const { console, controls } = await consoleFixture();
    controls.reloaded = { ok: false, changes: [], problems: ['One.', 'Two.'] };
    expect(await hears(await console(), query('RELOAD'))).toEqual([
      ...['ERROR F0000 RELOAD failed, see logs for additional details: One.; Two.', 'Ready I'],
    ]);
  });

  test('KILL_CLIENT drops a client of the console too', async () => {
    const { console, plane } = await consoleFixture();
    const [one, other] = [await console(), await console()];
    const [, seat] = [...plane.context.clients.consoles];
    expect((await hears(one, query(`KILL_CLIENT ${seat!.pid}`)))[0]).toBe('Complete KILL_CLIENT');
    expect(other.heard()[0]).toStartWith('FATAL 57P01');
  });

  test('that waits holds up its own console only', async () => {
    const { console, controls } = await consoleFixture();
    const wait = controls.waits();
    const [waiting, other] = [await console(), await console()];
    expect(await hears(waiting, query('PAUSE'), query('SHOW STATE'))).toEqual([]);
    expect((await hears(other, query('SHOW STATE'))).at(-1)).toBe('Ready I');
    wait.resolve();
    await settle();
    const heard = waiting.heard();
    expect(heard.slice(0, 2)).toEqual(['Complete PAUSE', 'Ready I']);
    expect(heard.at(-1)).toBe('Ready I');
    expect(heard).toContain('Complete SHOW');
  });

  test('PAUSE is taken back by ^C', async () => {
    const { console, controls, plane } = await consoleFixture();
    controls.waits();
    const client = await console();
    expect(await hears(client, query('PAUSE'))).toEqual([]);
    const [seat] = [...plane.context.clients.consoles];
    plane.accept().says(cancelRequest(seat!.pid, new Uint8Array(seat!.key.length)));
    await settle();
    expect(controls.calls).toEqual(['pause undefined']);
    plane.accept().says(cancelRequest(seat!.pid, seat!.key));
    await settle();
    expect(controls.calls).toEqual(['pause undefined', 'resume undefined']);
    expect(client.heard()).toEqual(['ERROR 57014 canceling statement due to user request', 'Ready I']);
  });

  test('PAUSE stays in force when its client goes away', async () => {
    const { console, controls, plane } = await consoleFixture();
    const wait = controls.waits();
    const client = await console();
    await hears(client, query('PAUSE idp'));
    client.connection.closed();
    await settle();
    expect(plane.context.clients.consoles.size).toBe(0);
    expect(controls.calls).toEqual(['pause idp']);
    wait.resolve();
    await settle();
    expect(plane.context.internalErrors.total).toBe(0);
  });

  test('SUSPEND ends when the last admin has gone, whoever else looks', async () => {
    const { console, controls, state } = await consoleFixture();
    const [one, other] = [await console(), await console()];
    await console('sta');
    await hears(one, query('SUSPEND'));
    state.current = 'suspended';
    one.connection.closed();
    await settle();
    expect(controls.calls).toEqual(['suspend']);
    other.connection.closed();
    await settle();
    expect(controls.calls).toEqual(['suspend', 'resume undefined']);
  });

  test('is told to nobody once the agent ends', async () => {
    const { console, plane } = await consoleFixture();
    const client = await console();
    for (const seat of plane.context.clients.consoles) seat.fail(new AgentError('agent_shutdown'));
    expect(client.heard()).toEqual(['FATAL 57P01 terminating connection because pgsidecar is stopping']);
    const late = plane.accept();
    plane.context.accepting = false;
    late.says(startup({ user: 'adm', database: 'pgbouncer' }));
    expect(late.heard()[0]).toStartWith('FATAL 57P01');
  });
});
