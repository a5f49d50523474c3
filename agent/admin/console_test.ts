// What the console answers to each message, and who may ask it for what.

import { describe, expect, test } from 'bun:test';
import {
  bind,
  close,
  describe as describeMessage,
  execute,
  message,
  parse,
  query,
  startup,
  sync,
} from '../tests/harness/client_words.ts';
import type { FakeClient } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { consoleFixture, hears } from './console_fixture.ts';

const VERSION = [
  'RowDescription',
  expect.stringMatching(/^Row PgBouncer 1\.25\.2 \(pgsidecar /),
  'Complete SHOW',
];

describe('Console', () => {
  test('greets as PgBouncer does', async () => {
    const { plane } = await consoleFixture();
    const client = plane.accept();
    client.says(startup({ user: 'adm', database: 'pgbouncer' }));
    await settle();
    const heard = client.heard();
    expect(heard[0]).toBe('Authentication 0');
    expect(heard).toContain('Parameter server_version=1.25.2/bouncer');
    expect(heard.at(-1)).toBe('Ready I');
  });

  test('answers several commands of one query in their order', async () => {
    const { console } = await consoleFixture();
    expect(await hears(await console(), query('-- x\nSHOW VERSION; select version;'))).toEqual([
      ...[...VERSION, ...VERSION],
      'Ready I',
    ]);
  });

  test('does none of them when one is no command', async () => {
    const { console, controls } = await consoleFixture();
    const heard = await hears(await console(), query('RELOAD; foo'));
    expect(heard).toEqual(["ERROR 42601 invalid command 'foo', use SHOW HELP;", 'Ready I']);
    expect(controls.calls).toEqual([]);
  });

  test('says so when nothing was asked', async () => {
    const { console } = await consoleFixture();
    const client = await console();
    expect(await hears(client, query(''))).toEqual(['EmptyQuery', 'Ready I']);
    expect(await hears(client, parse('', ' ; '), bind(''), execute(), sync)).toEqual([
      ...['ParseComplete', 'BindComplete', 'EmptyQuery', 'Ready I'],
    ]);
  });

  test('speaks the extended protocol, with names and without', async () => {
    const { console } = await consoleFixture();
    const client = await console();
    expect(
      await hears(
        client,
        parse('', 'SHOW VERSION'),
        describeMessage('S'),
        bind(''),
        describeMessage('P'),
        execute(),
        sync,
      ),
    ).toEqual([
      ...['ParseComplete', 'ParameterDescription', 'RowDescription', 'BindComplete'],
      ...[...VERSION, 'Ready I'],
    ]);
    expect(await hears(client, parse('v', 'SHOW VERSION'), sync)).toEqual(['ParseComplete', 'Ready I']);
    for (let i = 0; i < 2; i++)
      expect(await hears(client, bind('v', 'p'), execute('p'), sync)).toEqual([
        ...['BindComplete', ...VERSION.slice(1), 'Ready I'],
      ]);
    expect(await hears(client, close('S', 'v'), bind('v'), execute(), sync)).toEqual([
      ...['CloseComplete', 'ERROR 26000 prepared statement "v" does not exist', 'Ready I'],
    ]);
  });

  test('gives the rows of a portal in the portions that are asked for', async () => {
    const { console } = await consoleFixture();
    const client = await console();
    const heard = await hears(
      client,
      ...[parse('', 'SHOW STATE'), bind('', 'p'), execute('p', 2), execute('p', 2), execute('p'), sync],
    );
    expect(heard).toEqual([
      ...['ParseComplete', 'BindComplete', 'Row active,yes', 'Row paused,no', 'Suspended'],
      ...['Row suspended,no', 'Complete SHOW', 'Complete SHOW', 'Ready I'],
    ]);
  });

  test('passes over everything behind an error, up to Sync', async () => {
    const { console, controls } = await consoleFixture();
    const client = await console();
    const heard = await hears(
      client,
      parse('', 'foo'),
      bind(''),
      execute(),
      query('RELOAD'),
      sync,
      query('SHOW VERSION'),
    );
    expect(heard).toEqual([
      ...["ERROR 42601 invalid command 'foo', use SHOW HELP;", 'Ready I', ...VERSION, 'Ready I'],
    ]);
    expect(controls.calls).toEqual([]);
  });

  test('refuses two commands in one statement, a name that is taken, and parameters that nobody has', async () => {
    const { console } = await consoleFixture();
    const client = await console();
    const error = async (...messages: Uint8Array[]): Promise<string> =>
      (await hears(client, ...messages, sync)).at(-2)!;
    expect(await error(parse('', 'RELOAD; RELOAD'))).toStartWith(
      'ERROR 42601 cannot insert multiple commands',
    );
    expect(await error(parse('a', 'RELOAD'), parse('a', 'RELOAD'))).toStartWith('ERROR 42P05');
    expect(await error(parse('', 'RELOAD'), bind('', '', ['1']))).toBe(
      'ERROR 08P01 bind message supplies 1 parameters, but "" has 0',
    );
    expect(await error(execute('nothing'))).toBe('ERROR 34000 portal "nothing" does not exist');
  });

  test('keeps no more than a hundred statements for one client', async () => {
    const { console } = await consoleFixture();
    const client = await console();
    const many = Array.from({ length: 101 }, (_, index) => parse(`s${index}`, 'SHOW STATE'));
    const heard = await hears(client, ...many, sync);
    expect(heard.filter((each) => each === 'ParseComplete')).toHaveLength(100);
    expect(heard.at(-2)).toStartWith('ERROR 54000 the console keeps no more than 100 prepared statements');
  });

  test('ends a client that breaks the protocol, or says goodbye', async () => {
    const { console, plane } = await consoleFixture();
    const heard = await hears(await console(), message('y'));
    expect(heard).toEqual(["FATAL 08P01 invalid frontend message type 'y'"]);
    expect(await hears(await console(), message('Q', 'SHOW VERSION'))).toEqual([
      'FATAL 08P01 protocol violation: a string has no end',
    ]);
    expect(await hears(await console(), message('X'))).toEqual([]);
    expect(plane.context.clients.consoles.size).toBe(0);
  });

  test('reads one that comes byte by byte', async () => {
    const { console } = await consoleFixture();
    const client = await console();
    for (const byte of [...query('SHOW VERSION')]) client.says(new Uint8Array([byte]));
    await settle();
    expect(client.heard()).toEqual([...VERSION, 'Ready I']);
  });
});

describe('Console lets in', () => {
  test('nobody who is on neither list, in PgBouncer’s words', async () => {
    const { plane } = await consoleFixture();
    const client = plane.accept();
    client.says(startup({ user: 'idp_app', database: 'pgbouncer' }));
    await settle();
    expect(client.heard()).toEqual([
      'FATAL 28000 not allowed: user "idp_app" is neither in admin_users nor in stats_users',
    ]);
  });

  test('a stats user to look, and to nothing else', async () => {
    const { console, controls } = await consoleFixture();
    const client = await console('sta');
    expect(await hears(client, query('SHOW VERSION'))).toEqual([...VERSION, 'Ready I']);
    const needed = ['ERROR 42501 admin access needed', 'Ready I'];
    for (const sql of ['RELOAD', 'SHOW FDS', "SET max_client_conn = '1'"])
      expect([sql, await hears(client, query(sql))]).toEqual([sql, needed]);
    expect(await hears(client, parse('', 'RELOAD'), bind(''), execute(), sync)).toEqual([
      ...['ParseComplete', 'BindComplete', ...needed],
    ]);
    expect(controls.calls).toEqual([]);
  });

  test('an admin no longer to more than a stats user, once a reload has said so', async () => {
    const { console, plane } = await consoleFixture();
    const client = await console();
    plane.context.settings = { ...plane.context.settings, admin_users: [] };
    expect(await hears(client, query('SHOW VERSION'))).toEqual([
      'ERROR 42501 admin access needed',
      'Ready I',
    ]);
  });

  test('the system user of the agent on its UNIX socket, as pgbouncer, without a proof', async () => {
    const { plane } = await consoleFixture({ auth_type: 'scram-sha-256' });
    plane.uid = plane.ownUid;
    const client = plane.accept();
    client.says(startup({ user: 'pgbouncer', database: 'pgbouncer' }));
    await settle();
    expect(client.heard().at(-1)).toBe('Ready I');
    expect((await hears(client, query('RELOAD')))[0]).toBe('Complete RELOAD');
    for (const stranger of [plane.accept('tcp'), plane.accept()]) {
      plane.uid = 4711;
      stranger.says(startup({ user: 'pgbouncer', database: 'pgbouncer' }));
      await settle();
      expect(stranger.heard()).toEqual(['Authentication 10']);
    }
  });

  test('clients while max_client_conn is reached, up to a number of its own', async () => {
    const { plane, console } = await consoleFixture({ max_client_conn: 1, max_console_connections: 2 });
    await plane.client();
    await console();
    await console();
    const late = plane.accept();
    late.says(startup({ user: 'adm', database: 'pgbouncer' }));
    await settle();
    expect(late.heard()).toEqual(['FATAL 53300 no more connections allowed (max_console_connections = 2)']);
  });

  test('stats users to three quarters of the places, and an admin to that of the one who rests longest', async () => {
    const { plane, console } = await consoleFixture({ max_console_connections: 4 });
    const lookers: FakeClient[] = [];
    for (let i = 0; i < 3; i++) {
      lookers.push(await console('sta'));
      plane.clock.advance(1000);
    }
    const late = plane.accept();
    late.says(startup({ user: 'sta', database: 'pgbouncer' }));
    await settle();
    expect(late.heard()).toEqual([
      'FATAL 53300 no more connections allowed (max_console_connections = 4, of which stats users may take 3)',
    ]);
    await console();
    await hears(lookers[0]!, query('SHOW VERSION'));
    expect(lookers.flatMap((each) => each.heard())).toEqual([]);
    await console();
    expect(lookers.map((each) => each.heard())).toEqual([
      [],
      ['FATAL 57P01 an admin needs this place at the console (max_console_connections = 4)'],
      [],
    ]);
    expect(plane.context.clients.consoles.size).toBe(4);
  });
});

describe('Console keeps no more than it must for a client', () => {
  const BOUND = 1024 * 1024;

  test('that asks for much in one query and does not read', async () => {
    const { console } = await consoleFixture();
    const client = await console();
    client.connection.room = 0;
    client.says(query('SHOW HELP;'.repeat(6500)));
    const heard: string[] = [];
    while (heard.at(-1) !== 'Ready I') {
      await settle();
      const { connection } = client;
      expect(connection.buffered).toBeLessThan(BOUND);
      connection.drain(connection.buffered);
      heard.push(...client.heard());
    }
    expect(heard.filter((each) => each === 'Complete SHOW')).toHaveLength(6500);
  });

  test('that never says Sync', async () => {
    const { console, plane } = await consoleFixture();
    const client = await console();
    await hears(client, parse('s', 'SHOW CLIENTS'), sync);
    client.connection.room = 0;
    const many = Buffer.concat(Array.from({ length: 2000 }, () => describeMessage('S', 's')));
    client.says(many, sync);
    const [seat] = plane.context.clients.consoles;
    expect(seat?.isBusy).toBe(true);
    expect(client.connection.buffered).toBeGreaterThan(0);
    expect(client.connection.buffered).toBeLessThan(BOUND);
    client.connection.drain();
    const heard: string[] = [];
    while (heard.at(-1) !== 'Ready I') {
      await settle();
      heard.push(...client.heard());
    }
    expect(heard.filter((each) => each === 'RowDescription')).toHaveLength(2000);
  });

  test('and reads on when what came ahead is answered', async () => {
    const { console } = await consoleFixture();
    const client = await console();
    const many = Buffer.concat(Array.from({ length: 60_000 }, () => sync));
    expect(many.length).toBeGreaterThan(256 * 1024);
    await hears(client, many);
    expect(client.connection.isPaused).toBe(false);
    expect(await hears(client, query('SHOW VERSION'))).toEqual([...VERSION, 'Ready I']);
  });
});

describe('Console writes into the log', () => {
  test('who came from where and stayed for how long', async () => {
    const { plane, console } = await consoleFixture();
    const client = await console();
    plane.clock.advance(7500);
    await hears(client, message('X'));
    expect(plane.log.fields.at(-1)).toMatchObject({ peer: 'unix', user: 'adm', age_s: 7 });
  });

  test('no more of what is no command than its first word', async () => {
    const { plane, console } = await consoleFixture();
    const client = await console();
    const secret = crypto.randomUUID();
    const said: string[] = [];
    for (const sql of [`ALTER USER x PASSWORD '${secret}'`, secret, `SHOW "${secret}"`]) {
      const [error] = await hears(client, query(sql));
      expect(error).toContain(secret);
      said.push(plane.log.lines.at(-1)!);
    }
    expect(said).toEqual([
      "warn invalid command 'ALTER… (60 characters)', use SHOW HELP;",
      "warn invalid command '… (36 characters)', use SHOW HELP;",
      "warn invalid command 'SHOW… (43 characters)', use SHOW HELP;",
    ]);
  });
});
