// Two clients that share servers, and speak the protocol by hand: what the tests of isolation begin with.

import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { query } from '../harness/client_words.ts';
import { loggedIn, type RawClient, socketOf } from '../harness/raw_client.ts';
import { openShop } from '../harness/shop.ts';

export async function openSharedShop() {
  const { authority, postgres } = await openShop();
  const join = (agent: Agent): Promise<RawClient> => loggedIn(socketOf(agent), postgres.passwordOf('app'));

  /** Of so many servers; with two of them, who keeps his keeps nobody waiting. */
  async function shared(servers = 1, settings: Application['settings'] = {}) {
    const agent = await serve({
      postgres,
      authority,
      settings: { default_pool_size: servers, auth_type: 'plain', ...settings },
    });
    const [one, two] = [await join(agent), await join(agent)];
    return { agent, one, two, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
  }

  return { postgres, join, shared };
}

/** The values of all rows, and the errors, up to ReadyForQuery. */
export async function ask(client: RawClient, ...pieces: readonly Uint8Array[]): Promise<string[]> {
  client.say(...pieces);
  const answers = await client.untilReady();
  return answers.flatMap(({ type, body }) => {
    if (type === 'E') return [body.toString('latin1')];
    return type === 'D' ? [body.toString('utf8', 6)] : [];
  });
}

/** One after the other. */
export async function asks(client: RawClient, ...texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const text of texts) found.push(...(await ask(client, query(text))));
  return found;
}
