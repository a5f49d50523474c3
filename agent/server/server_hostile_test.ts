// What a server may send to hurt us: it costs the server its connection, and nothing else.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { BIND, QUERY, SKIP, SYNC } from '../state/expected.ts';
import { join, message } from '../tests/harness/client_words.ts';
import * as server from '../tests/harness/server_words.ts';
import { MESSAGE_HELD_MAX, serverFixture } from './server_fixture.ts';

/** The header alone of a message that says how long it is. */
function header(letter: string, length: number): Uint8Array {
  const bytes = Buffer.from(`${letter}\0\0\0\0`);
  bytes.writeInt32BE(length, 1);
  return new Uint8Array(bytes);
}

describe('Server ends a connection that sends', () => {
  const cases: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    'a length of 3': [header('D', 3), "a message of type 'D' says that it is 3 bytes long"],
    'a length of 0': [header('Z', 0), "a message of type 'Z' says that it is 0 bytes long"],
    'a negative length': [header('C', -1), "a message of type 'C' says that it is -1 bytes long"],
    'the smallest length': [header('C', -2147483648), 'says that it is -2147483648 bytes long'],
    'an endless CommandComplete': [header('C', MESSAGE_HELD_MAX + 1), 'where a short one is due'],
    'an endless ReadyForQuery': [header('Z', 0x7fffffff), 'where a short one is due'],
    'an endless ParameterStatus': [header('S', 0x7fffffff), 'where a short one is due'],
    'an endless error': [header('E', 0x7fffffff), 'the server sent an error message of 2147483648 bytes'],
    'a ReadyForQuery without a status': [message('Z'), 'ReadyForQuery has a wrong length'],
    'a ReadyForQuery with two': [message('Z', 'II'), 'ReadyForQuery has a wrong length'],
    'a ParameterStatus without an end': [message('S', 'TimeZone'), 'a string has no end'],
    'a parameter as long as a book': [
      server.parameterStatus('search_path', 'x'.repeat(65_000 + 600)),
      'the server reported a parameter of',
    ],
    'parameters that nobody has heard of': [
      join(...Array.from({ length: 201 }, (_, i) => server.parameterStatus(`p${i}`, ''))),
      'the server reported more than 200 parameters',
    ],
    'a message of the login': [server.authentication(0), 'a message of type 0x52'],
    'a reply to nothing': [join(server.ready(), server.ready()), 'Z although nothing was asked'],
    'a reply out of turn': [server.parseComplete, "message '1' out of turn"],
    'a byte that is no type': [message('\0'), 'a message of type 0x0'],
    'a NoData with an endless body': [header('n', 0x6f6e7365), "message 'n' has a wrong length"],
  };
  for (const [what, [bytes, reason]] of Object.entries(cases)) {
    test(what, () => {
      const { connection, server: one, tenant } = serverFixture();
      one.expected.push(QUERY);
      connection.receive(bytes);
      expect(connection.isClosed).toBe(true);
      expect(tenant.closed.length).toBe(1);
      expect(tenant.closed[0]).toContain(reason);
    });
  }

  test('nonsense: what came before it is the tenant’s, and nothing is in the middle of a message', () => {
    for (const nonsense of [header('C', 0x7fffffff), header('C', 3), header('?', 0x7fffffff)]) {
      const { connection, server: one, tenant } = serverFixture();
      one.expected.push(QUERY);
      connection.receive(join(server.dataRow('1'), nonsense));
      expect([tenant.words(), tenant.closed.length, one.cutsMessage]).toEqual([['Row 1'], 1, false]);
    }
  });

  test('an endless row where the agent reads one of its own', () => {
    const { connection, server: one, tenant } = serverFixture();
    Object.assign(tenant, { onInjectedRow: () => {} });
    one.inject('SELECT 1');
    connection.receive(header('D', 0x7fffffff));
    expect(tenant.closed).toEqual(['the server sent a message of 2147483648 bytes where a short one is due']);
  });

  test('a notice that nobody asked for and that does not end', () => {
    const { connection, tenant } = serverFixture();
    connection.receive(header('N', 0x7fffffff));
    expect(tenant.closed.length).toBe(1);
  });
});

test('Server lets a row of 1 GB begin: it is the client’s business', () => {
  const { connection, server: one, tenant } = serverFixture();
  one.expected.push(QUERY);
  connection.receive(header('D', 1_073_741_824));
  expect([connection.isClosed, tenant.replies.length, one.isClean]).toEqual([false, 1, false]);
});

test('Server reads the message that a held one is, although every byte comes alone', () => {
  const { connection, server: one, tenant } = serverFixture();
  one.expected.push(BIND);
  one.expected.push(SYNC);
  for (const byte of join(server.errorResponse('no such statement'), server.ready()))
    connection.receive(new Uint8Array([byte]));
  expect(tenant.words()).toEqual(['ERROR 42601 no such statement', 'Ready I']);
  expect(tenant.readies).toBe(1);
});

test('Server takes arbitrary bytes without throwing, and tells its tenant of the end once', () => {
  const byte = fc.oneof(
    fc.constantFrom(0, 0, 0, 4, 5, 8, 0x43, 0x44, 0x45, 0x5a, 0x53, 0x31, 0x32, 0x54, 0x4e),
    fc.nat(255),
  );
  const chunk = fc.array(byte, { maxLength: 40 }).map((all) => new Uint8Array(all));
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), fc.boolean(), (chunks, injected) => {
      const { connection, server: one, tenant } = serverFixture();
      one.expected.push(QUERY, injected ? SKIP : 0);
      one.expected.push(BIND);
      one.expected.push(SYNC);
      connection.receive(...chunks);
      expect(tenant.closed.length).toBe(connection.isClosed ? 1 : 0);
    }),
    { numRuns: 300 },
  );
});
