// A hundred thousand prepared statements with different texts: what they take, what is refused, and that others go on.

import { expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { join, parse, query, split, sync } from '../harness/client_words.ts';
import { loggedIn, type RawClient, socketOf } from '../harness/raw_client.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(120_000);

const TEXTS = 100_000;
/** In one write; each has its own Sync, so that one refusal does not skip the others. */
const BATCH = 500;

const { authority, postgres } = await openShop();

function start(settings: Application['settings']): Promise<Agent> {
  return serve({ postgres, authority, settings: { default_pool_size: 2, auth_type: 'plain', ...settings } });
}

/** Sends it with a query behind it, and gives the types of all that came before the answer to that, and the errors. */
async function ask(client: RawClient, bytes: Uint8Array): Promise<{ types: string; errors: string[] }> {
  client.heard = '';
  client.say(bytes, query("SELECT 'that is all'"));
  const all = await client.until('that is all');
  const messages = split(Buffer.from(all.slice(0, all.lastIndexOf('T\0\0')), 'latin1'));
  const errors = messages.filter(({ type }) => type === 'E').map(({ body }) => body.toString('utf8'));
  return { types: messages.map(({ type }) => type).join(''), errors };
}

function batch(from: number): Uint8Array {
  const messages = Array.from({ length: BATCH }, (_, n) => [
    ...[parse(`s${from + n}`, `SELECT ${from + n}, 'a text of some length, as programs write them'`), sync],
  ]);
  return join(...messages.flat());
}

async function statements(agent: Agent): Promise<number> {
  return ((await agent.status()) as { statements: number }).statements;
}

test('100,000 statements of one client are taken, and take no more memory than prepared_statements_memory says', async () => {
  await using agent = await start({});
  const client = await loggedIn(socketOf(agent), postgres.passwordOf('app'));
  await ask(client, batch(-BATCH));
  const before = agent.rssBytes();
  for (let from = 0; from < TEXTS; from += BATCH) {
    const { types, errors } = await ask(client, batch(from));
    expect([types, errors]).toEqual(['1Z'.repeat(BATCH), []]);
  }
  const grown = agent.rssBytes() - before;
  console.log(`${Math.round(grown / 1024 ** 2)} MB for ${TEXTS} statements`);
  expect(await statements(agent)).toBe(TEXTS + BATCH);
  expect(grown).toBeLessThan(256 * 1024 ** 2);
  client.close();
});

test('what is beyond the bound is refused with its reason, and other clients go on', async () => {
  await using agent = await start({ prepared_statements_memory: '2MB' });
  const client = await loggedIn(socketOf(agent), postgres.passwordOf('app'));
  const errors: string[] = [];
  for (let from = 0; from < 5_000; from += BATCH) errors.push(...(await ask(client, batch(from))).errors);
  expect(errors.length).toBeGreaterThan(4_000);
  for (const error of errors) {
    expect(error).toContain('C53200');
    expect(error).toContain('the prepared statements of this client take');
    expect(error).toContain('prepared_statements_memory');
  }
  const other = new pg.Client(agent.url('app', postgres.passwordOf('app'), 'shop'));
  await other.connect();
  expect((await other.query({ name: 'own', text: 'SELECT 7 AS n' })).rows).toEqual([{ n: 7 }]);
  client.close();
  await other.end();
  // What it had is free again.
  while ((await statements(agent)) > 0) await Bun.sleep(20);
});
