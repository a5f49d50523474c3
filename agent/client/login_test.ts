// Clients at the door: every kind of first packet, and what is refused before anybody has proved who he is.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Secret } from '../base/secret.ts';
import type { Settings } from '../config/settings.ts';
import {
  cancelRequest,
  gssencRequest,
  join,
  message,
  packet,
  query,
  sslRequest,
  startup,
} from '../tests/harness/client_words.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { OUR_TLS, TLS } from '../tests/harness/fake_network.ts';

const HELLO = startup({ user: 'idp_app', database: 'idp' });

async function planeWith(more: Partial<Settings> = {}, tls = false): Promise<DataPlane> {
  const user = userOf({ secret: new Secret(crypto.randomUUID()) });
  const plane = await dataPlane(settingsOf([databaseOf()], [user], { scram_iterations: 1, ...more }));
  if (tls) plane.context.tls = OUR_TLS;
  return plane;
}

describe('Login takes a startup packet', () => {
  test('and greets with what the server says, a key to cancel with, and ReadyForQuery', async () => {
    const plane = await planeWith();
    const client = plane.accept();
    client.says(HELLO);
    await settle();
    const heard = client.heard();
    expect(heard[0]).toBe('Authentication 0');
    expect(heard).toContain('Parameter TimeZone=Etc/UTC');
    expect(heard.slice(-2)).toEqual([expect.stringMatching(/^Key \d+$/), 'Ready I']);
    expect([plane.context.clients.count, plane.context.clients.logins]).toEqual([1, 0]);
    expect(plane.pendingTimers).toBe(0);
  });

  test('on a connection that the tcp settings have tuned, unless it is a UNIX socket', async () => {
    const plane = await planeWith();
    const client = plane.accept('tcp');
    plane.accept('unix');
    expect(plane.network.tuned).toEqual([[client.connection, plane.tools.policy().tcp]]);
  });

  test('at every split', async () => {
    const plane = await planeWith();
    for (let at = 1; at < HELLO.length; at++) {
      const client = plane.accept();
      client.connection.receive(HELLO.subarray(0, at), HELLO.subarray(at));
      await settle();
      expect(client.heard().at(-1)).toBe('Ready I');
    }
  });

  test('in one write, without dialing for a second client', async () => {
    const plane = await planeWith();
    await plane.client();
    const client = plane.accept();
    client.says(HELLO);
    expect([client.heard().at(-1), client.connection.writes, plane.network.tried.length]).toEqual([
      'Ready I',
      1,
      1,
    ]);
  });

  test('that names no database: the one with the user’s name', async () => {
    const plane = await dataPlane(settingsOf([databaseOf({ name: 'idp_app' })]));
    for (const more of [{}, { database: '' }]) {
      const client = plane.accept();
      client.says(startup({ user: 'idp_app', ...more }));
      await settle();
      expect(client.heard().at(-1)).toBe('Ready I');
    }
  });

  test('of a newer minor version, and says which one is spoken here', async () => {
    const plane = await planeWith();
    const client = plane.accept();
    client.says(startup({ user: 'idp_app', database: 'idp' }, 196_611));
    await settle();
    expect(client.heard().slice(0, 2)).toEqual(['NegotiateProtocolVersion', 'Authentication 0']);
  });

  test('with replication written as off', async () => {
    const plane = await planeWith();
    const client = plane.accept();
    client.says(startup({ user: 'idp_app', database: 'idp', replication: 'false' }));
    await settle();
    expect(client.heard().at(-1)).toBe('Ready I');
  });
});

describe('Login refuses', () => {
  const user = 'idp_app';
  const cases: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    'a packet that is too short': [
      new Uint8Array([0, 0, 0, 7]),
      '08P01 protocol violation: a startup packet says',
    ],
    'a packet that is too long': [
      new Uint8Array([0, 1, 0, 0]),
      '08P01 protocol violation: a startup packet says',
    ],
    HTTP: [Buffer.from('GET / HTTP/1.1\r\n\r\n'), '08P01 protocol violation: a startup packet says'],
    'protocol 2.0': [packet(131_072, Buffer.from('user\0a\0\0')), 'unsupported frontend protocol 2.0'],
    'a packet without a user': [startup({ database: 'idp' }), 'the startup packet names no user'],
    'an empty user': [startup({ user: '', database: 'idp' }), 'the startup packet names no user'],
    'a packet with a query behind it': [join(HELLO, query('SELECT 1')), 'bytes follow a startup packet'],
    'two startup packets at once': [join(HELLO, HELLO), 'bytes follow a startup packet'],
    'SSLRequest with a packet behind it': [join(sslRequest, HELLO), 'bytes follow a startup packet'],
    'GSSENCRequest with bytes behind it': [
      join(gssencRequest, new Uint8Array(1)),
      'bytes follow a startup packet',
    ],
    'replication of nothing that is known': [
      startup({ user, database: 'idp', replication: 'maybe' }),
      '22023 invalid value for parameter "replication": "maybe"',
    ],
    'an unknown database': [startup({ user, database: 'nothing' }), '3D000 no such database: nothing'],
    'a database with a name of JavaScript': [
      startup({ user, database: 'constructor' }),
      '3D000 no such database: ',
    ],
    'another one': [startup({ user, database: '__proto__' }), '3D000 no such database: '],
  };
  for (const [what, [bytes, answer]] of Object.entries(cases)) {
    test(what, async () => {
      const plane = await planeWith();
      const client = plane.accept();
      client.says(bytes);
      await settle();
      expect(client.heard().at(-1)).toContain(answer);
      expect([client.connection.isEnded, plane.context.clients.count]).toEqual([true, 0]);
      client.connection.closed();
      expect([plane.context.clients.logins, plane.pendingTimers]).toEqual([0, 0]);
    });
  }

  test('a user whose name is a word of JavaScript as it refuses every unknown one', async () => {
    const plane = await planeWith({ auth_type: 'scram-sha-256', client_login_failure_delay: 0 });
    for (const name of ['constructor', '__proto__', 'hasOwnProperty', 'stranger']) {
      const client = plane.accept();
      client.says(startup({ user: name, database: 'idp' }));
      await settle();
      expect(client.heard()).toEqual(['Authentication 10']);
    }
  });

  test('a client that says nothing in time', async () => {
    const plane = await planeWith({ client_login_timeout: 10_000 });
    const client = plane.accept();
    plane.clock.advance(9_999);
    expect(client.connection.isEnded).toBe(false);
    plane.clock.advance(1);
    expect(client.heard()).toEqual(['FATAL 08P01 client_login_timeout: the login was not finished in time']);
    expect(plane.context.clients.logins).toBe(0);
  });

  test('a client that says its packet too slowly', async () => {
    const plane = await planeWith({ client_login_timeout: 10_000 });
    const client = plane.accept();
    for (const byte of HELLO.subarray(0, 20)) {
      plane.clock.advance(600);
      client.connection.receive(new Uint8Array([byte]));
    }
    expect(client.connection.isEnded).toBe(true);
  });

  test('nobody twice: what comes after the answer is not heard', async () => {
    const plane = await planeWith();
    const client = plane.accept();
    client.says(packet(131_072, Buffer.from('\0')));
    client.says(HELLO);
    await settle();
    expect(client.heard().length).toBe(1);
  });
});

describe('Login and requests for encryption', () => {
  test('says no to SSLRequest when there is no TLS, and goes on', async () => {
    const plane = await planeWith();
    const client = plane.accept('tcp');
    client.says(sslRequest);
    expect(client.connection.takeSent()).toEqual(new Uint8Array([0x4e]));
    client.says(HELLO);
    await settle();
    expect(client.heard().at(-1)).toBe('Ready I');
  });

  test('says no on a UNIX socket, as PostgreSQL does', async () => {
    const plane = await planeWith({}, true);
    const client = plane.accept('unix');
    client.says(sslRequest);
    expect(client.connection.takeSent()).toEqual(new Uint8Array([0x4e]));
  });

  test('says yes, and listens again only when TLS is up', async () => {
    const plane = await planeWith({}, true);
    const client = plane.accept('tcp');
    client.says(sslRequest);
    expect(client.connection.takeSent()).toEqual(new Uint8Array([0x53]));
    client.connection.tls = TLS;
    plane.network.acceptDone!(undefined);
    client.says(HELLO);
    await settle();
    expect(client.heard().at(-1)).toBe('Ready I');
  });

  test('takes nothing that came before TLS was up', async () => {
    const plane = await planeWith({}, true);
    const client = plane.accept('tcp');
    client.says(sslRequest);
    client.connection.takeSent();
    client.says(HELLO);
    await settle();
    expect([client.connection.isEnded, plane.network.tried.length]).toEqual([true, 0]);
  });

  test('closes without a word when the handshake fails', async () => {
    const plane = await planeWith({}, true);
    const client = plane.accept('tcp');
    client.says(sslRequest);
    client.connection.takeSent();
    plane.network.acceptDone!('no shared cipher');
    expect([client.connection.isClosed, client.heard(), plane.context.clients.logins]).toEqual([true, [], 0]);
    expect(plane.log.lines).toContain('info TLS handshake with a client failed');
  });

  test('says no to GSSENCRequest, once, and goes on with the other', async () => {
    const plane = await planeWith();
    const client = plane.accept('tcp');
    client.says(gssencRequest);
    client.says(sslRequest);
    expect(client.connection.takeSent()).toEqual(new Uint8Array([0x4e, 0x4e]));
    client.says(gssencRequest);
    expect(client.heard()).toEqual(['FATAL 08P01 protocol violation: a second GSSENCRequest']);
  });

  test('takes no second SSLRequest, neither in the clear nor inside TLS', async () => {
    for (const isUp of [false, true]) {
      const plane = await planeWith({}, isUp);
      const client = plane.accept('tcp');
      client.says(sslRequest);
      client.connection.takeSent();
      if (isUp) {
        client.connection.tls = TLS;
        plane.network.acceptDone!(undefined);
      }
      client.says(sslRequest);
      expect(client.heard()).toEqual(['FATAL 08P01 protocol violation: a second SSLRequest']);
    }
  });

  test('asks for TLS where it is required, before it asks for a password', async () => {
    for (const client_tls_sslmode of ['require', 'verify-ca', 'verify-full'] as const) {
      const plane = await planeWith({ client_tls_sslmode, auth_type: 'scram-sha-256' }, true);
      const [tcp, unix] = [plane.accept('tcp'), plane.accept('unix')];
      for (const each of [tcp, unix]) each.says(HELLO);
      expect(tcp.heard()).toEqual([
        `FATAL 28000 SSL required: this listener takes TLS connections only (client_tls_sslmode = ${client_tls_sslmode})`,
      ]);
      expect(unix.heard()).toEqual(['Authentication 10']);
    }
  });
});

describe('Login and limits', () => {
  const refused = (limit: string, value: number): string =>
    `FATAL 53300 no more connections allowed (${limit}): it is ${value}`;

  for (const limit of [
    'max_client_conn',
    'max_db_client_connections',
    'max_user_client_connections',
  ] as const) {
    test(`holds ${limit}`, async () => {
      const plane = await planeWith({ [limit]: 2 });
      // A user's own limit stands before the common one; here it has none.
      Object.assign(plane.context.settings.users.idp_app!, { maxUserClientConnections: 2 });
      const first = await plane.client();
      await plane.client();
      const third = plane.accept();
      third.says(HELLO);
      await settle();
      expect(third.heard().at(-1)).toMatch(
        /^FATAL 53300 (?:no more connections allowed|client connections exceeded) \(max_\w+\): it is 2$/,
      );
      first.connection.closed();
      await plane.client();
    });
  }

  test('holds them for clients that waited together for the first server', async () => {
    const plane = await planeWith({ max_client_conn: 2 });
    const clients = [1, 2, 3].map(() => plane.accept());
    for (const each of clients) each.says(HELLO);
    await settle();
    const last = clients.map((each) => each.heard().at(-1));
    expect(last).toEqual(['Ready I', 'Ready I', refused('max_client_conn', 2)]);
  });

  test('holds client_login_concurrency over clients that have not proved who they are', async () => {
    const plane = await planeWith({ client_login_concurrency: 2, auth_type: 'scram-sha-256' });
    const [first] = [plane.accept(), plane.accept()];
    expect(plane.accept().heard()).toEqual([refused('client_login_concurrency', 2)]);
    expect(plane.context.clients.logins).toBe(2);
    first!.connection.closed();
    expect([plane.accept().heard(), plane.context.clients.logins]).toEqual([[], 2]);
  });

  test('holds the place of a guess until its answer is due, also when nobody waits for that', async () => {
    const settings = { auth_type: 'plain', client_login_concurrency: 1, client_login_failure_delay: 500 };
    const plane = await planeWith(settings as Partial<Settings>);
    const guess = plane.accept();
    guess.says(HELLO);
    guess.says(message('p', 'wrong\0'));
    guess.connection.closed();
    expect(plane.accept().heard()).toEqual([refused('client_login_concurrency', 1)]);
    plane.clock.advance(500);
    expect([plane.context.clients.logins, plane.accept().heard()]).toEqual([0, []]);
  });
});

describe('Login and cancel requests', () => {
  test('ends them without an answer, whether the key is right or not', async () => {
    const plane = await planeWith();
    await plane.client();
    const [session] = [...plane.context.clients];
    for (const key of [session!.key, new Uint8Array(4)]) {
      const canceler = plane.accept();
      canceler.says(cancelRequest(session!.pid, key));
      expect([canceler.connection.isEnded, canceler.connection.takeSent().length]).toEqual([true, 0]);
    }
    expect(plane.context.clients.logins).toBe(0);
  });
});

describe('Login and client certificates (verify-full)', () => {
  for (const [subject, last] of [
    ['CN=idp_app', 'Ready I'],
    ['O=Example\nCN=idp_app', 'Ready I'],
    ['CN=somebody', 'FATAL'],
    [undefined, 'FATAL'],
  ] as const) {
    test(`${last === 'Ready I' ? 'lets in' : 'refuses'} idp_app with ${JSON.stringify(subject) ?? 'none'}`, async () => {
      const plane = await planeWith(
        { client_tls_sslmode: 'verify-full', client_login_failure_delay: 0 },
        true,
      );
      const client = plane.accept('tcp');
      client.connection.tls = { ...TLS, peerSubject: subject };
      client.says(HELLO);
      await settle();
      plane.clock.advance(0);
      expect(client.heard().at(-1)).toStartWith(last);
    });
  }
});

test('Login that meets a mistake of ours ends alone, with a trace in the log', async () => {
  const plane = await planeWith();
  Object.assign(plane.context.clients, {
    newPid: () => {
      throw new TypeError('a mistake');
    },
  });
  const client = plane.accept();
  client.says(HELLO);
  await settle();
  expect(client.heard().at(-1)).toStartWith('FATAL XX000 an internal error closed this session');
  expect(plane.log.lines).toContain('error an internal error ended a login');
  expect(plane.pool().idle).toBe(1);
});

test('Login takes whatever a stranger sends, and forgets him when he goes', async () => {
  const plane = await planeWith({ auth_type: 'scram-sha-256', client_login_failure_delay: 0 });
  const byte = fc.oneof(fc.constantFrom(0, 0, 0, 3, 8, 16, 0x70, 0x50), fc.nat(255));
  const chunk = fc.array(byte, { maxLength: 40 }).map((all) => new Uint8Array(all));
  const begins = fc.constantFrom([], [HELLO], [sslRequest], [gssencRequest, HELLO]);
  fc.assert(
    fc.property(begins, fc.array(chunk, { maxLength: 4 }), (first, chunks) => {
      const client = plane.accept();
      client.connection.receive(...first, ...chunks);
      client.connection.closed();
      plane.clock.advance(0);
      expect([plane.context.clients.logins, plane.pendingTimers]).toEqual([0, 0]);
    }),
  );
});
