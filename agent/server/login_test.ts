// Logging in to a scripted server: every way to prove who we are, every way to be refused, and a server that lies.

import { describe, expect, test } from 'bun:test';
import { join, message, startup } from '../tests/harness/client_words.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import * as server from '../tests/harness/server_words.ts';
import { END, KEY, Talk } from './login_fixture.ts';

describe('login()', () => {
  test('says who it is in the startup packet', () => {
    const { connection } = new Talk({ parameters: { application_name: 'x', statement_timeout: '5s' } });
    expect(connection.takeSent()).toEqual(
      startup({ user: 'idp_app', database: 'idp', application_name: 'x', statement_timeout: '5s' }),
    );
  });

  test('learns what the server reports, and how to cancel', async () => {
    const talk = new Talk();
    talk.says(server.authentication(0), server.notice('welcome'), END);
    const { parameters, pid, key } = await talk.result();
    expect([Object.fromEntries(parameters.reported), pid, [...key]]).toEqual([
      { TimeZone: 'UTC' },
      77,
      [...KEY],
    ]);
  });

  test('takes a cancel key that is negative as a number', async () => {
    const talk = new Talk();
    talk.says(
      server.authentication(0),
      server.backendKey(-1, new Uint8Array([255, 0, 0, 1])),
      server.ready(),
    );
    const { pid, key } = await talk.result();
    expect([pid, [...key]]).toEqual([-1, [255, 0, 0, 1]]);
  });

  test('takes a cancel key of any length that there is, and none of another', async () => {
    for (const length of [1, 4, 32, 256]) {
      const talk = new Talk();
      const long = new Uint8Array(length).fill(7);
      talk.says(server.authentication(0), server.backendKey(77, long), server.ready());
      expect((await talk.result()).key).toEqual(long);
    }
    for (const length of [0, 257]) {
      const talk = new Talk();
      talk.says(server.authentication(0), server.backendKey(77, new Uint8Array(length)), server.ready());
      expect(await talk.refusal()).toContain(`a cancel key of ${length} bytes`);
    }
  });

  test('reads the greeting at every split', async () => {
    const greeting = join(server.authentication(0), END);
    for (let at = 0; at <= greeting.length; at++) {
      const talk = new Talk();
      talk.connection.receive(greeting.subarray(0, at), greeting.subarray(at));
      expect((await talk.result()).pid).toBe(77);
    }
  });

  test('gives up when it is told to', async () => {
    const talk = new Talk();
    talk.late.abort();
    expect(await talk.refusal()).toBe(
      'server_timeout: the server did not finish the login within server_connect_timeout',
    );
  });

  test('does not begin when it was given up before', async () => {
    const talk = new Talk({}, true);
    expect(await talk.refusal()).toStartWith('server_timeout: ');
    expect(talk.connection.takeSent().length).toBe(0);
  });

  test('does not mind being given up after it is done', async () => {
    const talk = new Talk();
    talk.says(server.authentication(0), END);
    await talk.result();
    talk.late.abort();
    await settle();
    expect(talk.connection.isClosed).toBe(false);
  });

  test('says why when the server closes', async () => {
    const [quiet, reset] = [new Talk(), new Talk()];
    quiet.connection.closed();
    reset.connection.closed('ECONNRESET');
    expect(await quiet.refusal()).toBe(
      'server_closed: the server closed the connection: it closed the connection during the login',
    );
    expect(await reset.refusal()).toBe('server_closed: the server closed the connection: ECONNRESET');
  });
});

describe('login() tells apart why the server says no', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['28P01', 'server_password_wrong'],
    ['28000', 'server_auth_rejected'],
    ['3D000', 'server_database_missing'],
    ['53300', 'server_full'],
    ['57P03', 'server_starting'],
  ];
  for (const [sqlstate, code] of cases) {
    test(`${sqlstate} is ${code}, in the server’s own words`, async () => {
      const talk = new Talk();
      talk.says(server.errorResponse('it says so', 'FATAL', sqlstate));
      expect(await talk.refusal()).toStartWith(`${code}: it says so (the server refused our login)`);
    });
  }
});

describe('login() refuses a server that', () => {
  const cases: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    'is ready before it let us in': [server.ready(), 'ReadyForQuery before AuthenticationOk'],
    'sends rows': [server.dataRow('1'), 'a message "dataRow" during the login'],
    'sends a message of no kind': [message('?'), 'server_protocol'],
    'asks in a way that nobody knows': [server.authentication(99), 'server_protocol'],
    'says an error that does not end': [message('E', 'SFATAL\0Mno'), 'an error message does not end'],
    'announces 1 GB': [Buffer.from('S\x40\0\0\0'), "a message of type 'S' says that it is"],
    'sends a negative length': [Buffer.from('S\xff\xff\xff\xff', 'latin1'), 'that it is -1 bytes long'],
    'speaks HTTP': [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'server_protocol'],
  };
  for (const [what, [bytes, reason]] of Object.entries(cases)) {
    test(what, async () => {
      const talk = new Talk();
      talk.says(bytes);
      expect(await talk.refusal()).toContain(reason);
    });
  }

  test('talks for ever', async () => {
    const talk = new Talk();
    const many = join(...Array.from({ length: 100 }, () => server.notice('x'.repeat(1_000))));
    for (let i = 0; i < 11; i++) talk.says(many);
    expect(await talk.refusal()).toContain('more than 1048576 bytes before ReadyForQuery');
  });

  test('goes on talking in the same chunk after it was refused: nothing of that is heard', async () => {
    const talk = new Talk();
    talk.connection.takeSent();
    talk.says(
      server.errorResponse('no', 'FATAL', '28P01'),
      server.authentication(3),
      server.authentication(0),
      END,
    );
    expect(await talk.refusal()).toStartWith('server_password_wrong');
    expect(talk.connection.takeSent().length).toBe(0);
  });
});
