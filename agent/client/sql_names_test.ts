// What an EXECUTE leaves is what the statement leaves that it executes.

import { expect, test } from 'bun:test';
import { ADVANCES } from '../query/effects.ts';
import { EffectsReader } from '../query/effects_reader.ts';
import { ClientStatements } from '../state/client_statements.ts';
import { StatementRegistry } from '../state/statements.ts';
import { type Named, type Names, translate } from './sql_names.ts';

const reader = new EffectsReader();
const read: Names['read'] = (text, from, to) => reader.read(text, from, to, true, true);

function translated(sql: string, owner: ClientStatements, registry: StatementRegistry): Named {
  const text = Buffer.from(sql);
  const all = { owner, registry, reading: '', encoding: 'UTF8', refusal: undefined, read };
  return translate(text, read(text, 0, text.length), all);
}

test('an EXECUTE of an INSERT is known as that INSERT, so that it can be forgotten that it advances a sequence', () => {
  const registry = new StatementRegistry();
  const owner = new ClientStatements(registry);
  const insert = 'INSERT INTO items (word) VALUES ($1)';
  const [mention] = translated(`PREPARE add (text) AS ${insert}`, owner, registry).each;
  owner.onPrepared(mention!);
  const { effects, sql } = translated("EXECUTE add('x')", owner, registry);
  expect([effects.bits, Buffer.from(sql).toString()]).toEqual([ADVANCES, 'EXECUTE "pgsidecar_1"(\'x\')']);
  expect(effects.advance).toBe(reader.read(Buffer.from(insert), 0, insert.length, true, true).advance!);
  expect(effects.advance).toBeDefined();
});

test('several that are ended in one text have each another one in their place', () => {
  const registry = new StatementRegistry();
  const owner = new ClientStatements(registry);
  for (const name of ['a', 'b'])
    owner.onPrepared(translated(`PREPARE ${name} AS SELECT 1`, owner, registry).each[0]!);
  const { sql, needs } = translated('DEALLOCATE a; DEALLOCATE b; DEALLOCATE a', owner, registry);
  expect(Buffer.from(sql).toString()).toBe(
    'DEALLOCATE "pgsidecar_taken"; DEALLOCATE "pgsidecar_taken_2"; DEALLOCATE a',
  );
  expect([...needs].map(({ name }) => name)).toEqual(['pgsidecar_taken', 'pgsidecar_taken_2']);
});
