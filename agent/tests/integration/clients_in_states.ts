// Clients at the agent's console, and clients in every state that a verb of an operator can find them in.

import type { Agent } from '../harness/agent.ts';
import { errorOf } from '../harness/answers.ts';
import * as say from '../harness/client_words.ts';
import { loggedIn, RawClient, socketOf } from '../harness/raw_client.ts';

/** One command at the console; the completion tag, or the sentence of the error. */
export type Console = (command: string) => Promise<string>;

/** Logged in as an admin at an agent that trusts him, until it is `ended`. */
export async function openConsole(agent: Agent, ended: Disposables): Promise<Console> {
  const client = await loggedIn(socketOf(agent), '', 'app', 'pgbouncer');
  ended.push(() => client.close());
  return async (command) => {
    client.say(say.query(command));
    const answers = await client.untilReady();
    const failed = answers.find(({ type }) => type === 'E');
    if (failed !== undefined) return errorOf(failed.body).message;
    return answers
      .find(({ type }) => type === 'C')!
      .body.toString()
      .replace('\0', '');
  };
}

/** What is to be ended behind a test, whatever became of it. */
export type Disposables = (() => unknown)[];

export async function endAll(disposables: Disposables): Promise<void> {
  await Promise.all(disposables.splice(0).map(async (end) => await end()));
}

/** How the connection of a raw client ends: with these SQLSTATEs, or without a word. */
export async function endOf(client: RawClient): Promise<string> {
  const all = await client.ended;
  return /\0C(\w{5})\0/.exec(all)?.[1] ?? 'no word';
}

/** Raw clients of a pool of transactions whose database is `shop`, with a table `goods`; the lock 1 is the test's own. */
export interface Crowd {
  /** Logged in, and nothing is asked. */
  readonly idle: RawClient;
  /** In a transaction, and nothing is asked. */
  readonly inTransaction: RawClient;
  /** Waits within a query, until the test gives up the lock 1. */
  readonly running: RawClient;
  /** Sends the rows of a COPY. */
  readonly copying: RawClient;
  /** The first half of a Query is there. */
  readonly inMessage: RawClient;
  /** Has a prepared statement `one`, `SELECT 1`. */
  readonly prepared: RawClient;
  /** Has done one query at a database whose pool_mode is session. */
  readonly session: RawClient;
}

export const HALF = say.query("SELECT 'the other half'");
export const HALF_AT = 9;

/** Those in the middle of something have their server. That the query of `running` waits for its lock is seen by `untilLocked()` of the tests. */
export async function makeCrowd(agent: Agent, ended: Disposables): Promise<Crowd> {
  const come = async (database = 'shop'): Promise<RawClient> => {
    const client = await loggedIn(socketOf(agent), '', 'app', database);
    ended.push(() => client.close());
    return client;
  };
  const crowd: Crowd = {
    idle: await come(),
    inTransaction: await come(),
    running: await come(),
    copying: await come(),
    inMessage: await come(),
    prepared: await come(),
    session: await come('desk'),
  };
  crowd.inTransaction.say(say.query('BEGIN'));
  crowd.prepared.say(say.parse('one', 'SELECT 1'), say.bind('one'), say.execute(), say.sync);
  crowd.session.say(say.query('SELECT 1'));
  for (const client of [crowd.inTransaction, crowd.prepared, crowd.session]) await client.untilReady();
  crowd.copying.say(say.query('COPY goods FROM STDIN'));
  for (;;) if ((await crowd.copying.next()).type === 'G') break;
  crowd.inMessage.say(HALF.subarray(0, HALF_AT));
  // A server that has to be opened first is not there at once: a PAUSE meanwhile would keep it from its client.
  while ((await activeServers(agent)) < 3) await Bun.sleep(5);
  crowd.running.say(say.query('SELECT pg_advisory_lock(1), pg_advisory_unlock(1)'));
  return crowd;
}

async function activeServers(agent: Agent): Promise<number> {
  const { pools } = (await agent.status()) as {
    readonly pools: readonly { readonly database: string; readonly serversActive: number }[];
  };
  return pools.find(({ database }) => database === 'shop')?.serversActive ?? 0;
}

/** As `auth_type: trust` lets in; nothing is awaited. */
export function beginLogin(agent: Agent, database: string, ended: Disposables): RawClient {
  const client = new RawClient(socketOf(agent));
  ended.push(() => client.close());
  client.say(say.startup({ user: 'app', database }));
  return client;
}
