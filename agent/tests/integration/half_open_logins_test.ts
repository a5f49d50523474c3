// Ten thousand clients that connect and never log in: everybody else goes on logging in, and those are ended in the end.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { sslRequest, startup } from '../harness/client_words.ts';
import { freePort, type Postgres, startPostgres } from '../harness/postgres.ts';
import { ask, through } from '../harness/psql.ts';

setDefaultTimeout(120_000);

const WANTED = 10_000;
/** For this process's own files, which hold the other end of each connection. */
const SPARE = 500;
const authority = createCertificateAuthority();
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { app: '' },
    databases: { shop: 'app' },
  });
}, 60_000);
afterAll(() => postgres?.stop());

/** As many as this machine lets both sides have. */
function crowdSize(): number {
  const line = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  const limit = line?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line?.[1]);
  const size = Math.min(WANTED, limit - SPARE);
  if (size < WANTED) console.log(`${size} half-open logins instead of ${WANTED}: RLIMIT_NOFILE is ${limit}`);
  return size;
}

interface Held {
  readonly socket: Socket;
  said: string;
  isClosed: boolean;
}

interface Crowd extends Disposable {
  readonly members: readonly Held[];
  /** Resolves when so many were closed by the other side. */
  closed(count: number): Promise<void>;
}

/** So many clients, each of which says `words` and nothing more. */
async function gather(port: number, count: number, words: Uint8Array, from = '127.0.0.1'): Promise<Crowd> {
  const members: Held[] = [];
  let [over, wake] = [0, () => {}];
  /** Fewer at a time than the kernel queues for the agent. */
  const AT_ONCE = 500;
  for (let begun = 0; begun < count; begun += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - begun) }, () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const socket = connect({ port, host: '127.0.0.1', localAddress: from });
      const held: Held = { socket, said: '', isClosed: false };
      members.push(held);
      socket.on('connect', () => {
        socket.write(words);
        resolve();
      });
      socket.on('data', (chunk: Buffer) => (held.said += chunk.toString('latin1')));
      socket.on('error', () => {});
      socket.on('close', () => {
        held.isClosed = true;
        over++;
        resolve();
        wake();
      });
      return promise;
    });
    await Promise.all(batch);
  }
  return {
    members,
    async closed(wanted) {
      while (over < wanted) await new Promise<void>((resolve) => (wake = resolve));
    },
    [Symbol.dispose]() {
      for (const { socket } of members) socket.destroy();
    },
  };
}

async function start(settings: Application['settings']): Promise<{ agent: Agent; port: number }> {
  const port = await freePort();
  const agent = await serve({
    postgres,
    authority,
    settings: { listen_addr: '127.0.0.1', listen_port: port, log_connections: false, ...settings },
  });
  return { agent, port };
}

async function loggingIn(agent: Agent): Promise<number> {
  const { clients } = (await agent.status()) as { clients: { loggingIn: number } };
  return clients.loggingIn;
}

async function untilLoggingIn(agent: Agent, count: number): Promise<void> {
  while ((await loggingIn(agent)) !== count) await Bun.sleep(50);
}

/** One login and one query from this address; who cannot is told why. */
async function logIn(port: number, localAddress: string): Promise<string> {
  const client = new pg.Client({
    user: 'app',
    password: postgres.passwordOf('app'),
    database: 'shop',
    stream: () => new SocketFrom(port, localAddress),
  });
  try {
    await client.connect();
    const { rows } = await client.query('SELECT current_user AS name');
    return rows[0].name;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await client.end().catch(() => {});
  }
}

/** node-postgres says where to by itself, and not from where. */
class SocketFrom extends Socket {
  readonly #way: { readonly port: number; readonly host: string; readonly localAddress: string };

  constructor(port: number, localAddress: string) {
    super();
    this.#way = { port, host: '127.0.0.1', localAddress };
  }

  override connect(): this {
    return super.connect({ ...this.#way });
  }
}

test('ten thousand half-open logins are held, and everybody else logs in', async () => {
  const size = crowdSize();
  const { agent, port } = await start({
    client_login_concurrency: size + 100,
    client_login_concurrency_per_source: size,
    client_login_timeout: '10min',
  });
  await using _ = agent;
  using crowd = await gather(port, size, startup({ user: 'app', database: 'shop' }).subarray(0, 20));
  await untilLoggingIn(agent, size);

  const LOGINS = 25;
  const answers: string[] = [];
  for (let n = 0; n < LOGINS; n++) {
    answers.push(await logIn(port, `127.0.0.${2 + n}`));
    if (n % 5 === 0)
      answers.push(await ask(through(agent, postgres.passwordOf('app'), { port }), 'SELECT current_user'));
  }
  expect(answers).toEqual(Array(LOGINS + LOGINS / 5).fill('app'));
  expect(crowd.members.filter(({ isClosed }) => isClosed).length).toBe(0);
  // That source is full, and knows it.
  using late = await gather(port, 1, new Uint8Array());
  await late.closed(1);
  expect(late.members[0]!.said).toContain('client_login_concurrency_per_source');
});

test('with nothing set one source gets its share and no more, and the log says so in a line or two', async () => {
  const size = crowdSize();
  const { agent, port } = await start({ client_login_timeout: '10min' });
  await using _ = agent;
  using crowd = await gather(port, size, new Uint8Array([0]));
  await crowd.closed(size - 100);
  expect(await loggingIn(agent)).toBe(100);
  for (let n = 2; n < 12; n++) expect(await logIn(port, `127.0.0.${n}`)).toBe('app');
  expect(await ask(through(agent, postgres.passwordOf('app'), { port }), 'SELECT 1')).toBe('1');
  const lines = agent.logLines().filter(({ msg }) => msg.includes('client_login_concurrency_per_source'));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThan(20);
});

test('half-open logins of every kind are ended by client_login_timeout, and leave nothing behind', async () => {
  const own = authority.issueServer();
  const port = await freePort();
  const tls = {
    client_tls_sslmode: 'prefer',
    client_tls_cert_file: 'agent.crt',
    client_tls_key_file: 'agent.key',
  };
  const settings = { listen_addr: '127.0.0.1', listen_port: port, client_login_timeout: '1s', ...tls };
  const files = { 'agent.crt': own.certificate, 'agent.key': own.key };
  await using agent = await serve({ postgres, authority, settings }, { files });
  const before = readdirSync(`/proc/${agent.pid}/fd`).length;
  const hello = new Uint8Array([0x16, 3, 1, 1, 0, 1, 0, 0, 0xfc]);
  const kinds: Readonly<Record<string, Uint8Array>> = {
    nothing: new Uint8Array(),
    'half a packet': startup({ user: 'app', database: 'shop' }).subarray(0, 9),
    'no answer to the challenge': startup({ user: 'app', database: 'shop' }),
    'SSLRequest, and no handshake': sslRequest,
    'half a ClientHello': hello,
  };
  for (const [kind, words] of Object.entries(kinds)) {
    using crowd = await gather(port, 50, words);
    // One of them goes on for ever, a byte at a time.
    const [drip] = crowd.members;
    const timer = setInterval(() => drip!.socket.write(new Uint8Array([0])), 100);
    await crowd.closed(50);
    clearInterval(timer);
    expect([kind, await loggingIn(agent)]).toEqual([kind, 0]);
  }
  expect(await logIn(port, '127.0.0.1')).toBe('app');
  await untilLoggingIn(agent, 0);
  // One server connection has come; sockets of clients are gone although nobody at the other end closed them.
  while (readdirSync(`/proc/${agent.pid}/fd`).length > before + 4) await Bun.sleep(50);
});
