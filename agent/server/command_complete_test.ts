// What a server has done, as its command tags and errors tell it.

import { describe, expect, test } from 'bun:test';
import { ANYTHING, type Effects, LIBRARY, LOCKS, SETTINGS, UNREAD, WHOLE } from '../query/effects.ts';
import { ClientStatements, mentionOf, NOTHING } from '../state/client_statements.ts';
import { FORWARD, QUERY } from '../state/expected.ts';
import { StatementRegistry } from '../state/statements.ts';
import * as server from '../tests/harness/server_words.ts';
import type { Server } from './server.ts';
import { serverFixture } from './server_fixture.ts';

describe('Server.touched', () => {
  const set: Effects = {
    bits: 0,
    statements: [{ bits: 0, actions: [{ kind: 'reset_all' }] }],
    isSingle: true,
  };
  const locks: Effects = { bits: LOCKS, statements: [{ bits: LOCKS, actions: [] }], isSingle: true };

  function expects(one: Server, effects: Effects | undefined): void {
    const mention = mentionOf(new ClientStatements(new StatementRegistry()), NOTHING, '', '', undefined);
    mention.effects = effects;
    one.expected.push(QUERY, FORWARD, undefined, mention);
  }

  for (const [what, effects, touched] of [
    ['what a text sets', set, SETTINGS],
    ['what it may leave', locks, LOCKS],
    ['nothing of any other', undefined, 0],
    ['everything of one that nobody has read', UNREAD, ANYTHING],
  ] as const) {
    test(`holds ${what} to be left when it is done`, () => {
      const { connection, server: one } = serverFixture();
      expects(one, effects);
      expect(one.touched).toBe(0);
      connection.receive(server.complete('SELECT 1'));
      expect(one.touched).toBe(touched);
    });
  }

  test('holds no library to be left by a statement that does nothing else, and has failed', () => {
    const load = { bits: LIBRARY | WHOLE, actions: [] };
    const more = { bits: LIBRARY | LOCKS, actions: [] };
    for (const [statements, done, touched] of [
      [[load], 0, 0],
      [[more], 0, LIBRARY],
      [[load, more], 0, 0],
      [[load, more], 1, LIBRARY],
      [[{ bits: LOCKS, actions: [] }, load], 1, 0],
    ] as const) {
      const { connection, server: one } = serverFixture();
      const bits = statements.reduce((sum, each) => sum | each.bits, 0);
      expects(one, { bits, statements, isSingle: statements.length === 1 });
      for (let i = 0; i < done; i++) connection.receive(server.complete('SELECT 1'));
      one.touched = 0;
      connection.receive(server.errorResponse('no such file', 'ERROR', '58P01'));
      expect(one.touched & LIBRARY).toBe(touched);
    }
  });

  test('holds to be left what an error may not have undone, and not what it has', () => {
    for (const [effects, touched] of [
      [set, 0],
      [locks, LOCKS],
    ] as const) {
      const { connection, server: one } = serverFixture();
      expects(one, effects);
      connection.receive(server.errorResponse('division by zero', 'ERROR', '22012'));
      expect(one.touched).toBe(touched);
    }
  });
});
