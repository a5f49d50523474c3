// Names of statements that a client says in one client_encoding and then in another: what the server makes of them counts.

import { expect, test } from 'bun:test';
import { ClientStatements, DROP, mentionOf } from './client_statements.ts';
import { Parameters } from './parameters.ts';
import { StatementRegistry } from './statements.ts';

function inEncoding(client: string, server = 'UTF8'): Parameters {
  return new Parameters(
    new Map([
      ['client_encoding', client],
      ['server_encoding', server],
    ]),
  );
}

/** What is sent, as bytes that are characters each. */
const IN_UTF8 = Buffer.from('ü').toString('latin1');
const IN_LATIN1 = 'ü';

test('a name is found by what the server makes of it, when its client has set another client_encoding', () => {
  const registry = new StatementRegistry();
  const speaks = { current: inEncoding('UTF8') };
  const own = new ClientStatements(registry, speaks);
  const taken = own.take(IN_UTF8, registry.acquire(Buffer.from('SELECT 1')));
  own.expect(taken);
  own.onDone(taken, false);
  speaks.current = inEncoding('LATIN1');
  expect([own.find(IN_UTF8), own.find(IN_LATIN1)]).toEqual([undefined, taken]);
  const closed = mentionOf(own, DROP, IN_UTF8, IN_UTF8, undefined);
  own.expect(closed);
  // It is told when the client has yet another.
  speaks.current = inEncoding('UTF8');
  own.onDone(closed, false);
  expect(own.find(IN_UTF8)).toBe(taken);
  speaks.current = inEncoding('LATIN1', 'SQL_ASCII');
  expect(own.find(IN_UTF8)).toBe(taken);
});
