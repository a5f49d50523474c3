// Clients of protocol 3.0, 3.2 and of what is to come: told byte for byte what PostgreSQL 18 tells them; and their cancel keys.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { cancelRequest, packet, query, startup } from '../harness/client_words.ts';
import { missingPrograms, testNeeding } from '../harness/needs.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { findPostgresPrograms } from '../harness/postgres_programs.ts';
import { ask, libpqEnvironment, through } from '../harness/psql.ts';

setDefaultTimeout(30_000);

const authority = createCertificateAuthority();
const SLEEP = 'SELECT pg_sleep(60)';
let postgres: Postgres;
let agent: Agent;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    hba: ['local shop app trust'],
    users: { app: '' },
    databases: { shop: 'app' },
  });
  agent = await serve({ postgres, authority, settings: { auth_type: 'trust' } });
}, 60_000);
afterAll(async () => {
  await agent?.stop();
  await postgres?.stop();
});

interface Message {
  readonly type: string;
  readonly body: Buffer;
}

/** One connection in the clear, read message by message. */
class Raw {
  readonly #socket;
  #bytes = Buffer.alloc(0);
  #isOver = false;
  #wake = () => {};

  constructor(path: string, first: Uint8Array) {
    this.#socket = connect(path, () => this.#socket.write(first));
    this.#socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  says(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Everything up to the first message of this type, or to the end. */
  async upTo(type: string): Promise<Message[]> {
    const read: Message[] = [];
    for (;;) {
      const next = this.#take();
      if (next !== undefined) read.push(next);
      else if (this.#isOver) return read;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
      if (next?.type === type) return read;
    }
  }

  /** What came until the other side closed. */
  async rest(): Promise<Buffer> {
    while (!this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#bytes;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(): Message | undefined {
    if (this.#bytes.length < 5 || this.#bytes.length < 1 + this.#bytes.readInt32BE(1)) return undefined;
    const end = 1 + this.#bytes.readInt32BE(1);
    const message = { type: String.fromCharCode(this.#bytes[0]!), body: this.#bytes.subarray(5, end) };
    this.#bytes = this.#bytes.subarray(end);
    return message;
  }
}

const toAgent = () => `${agent.socketDir}/.s.PGSQL.5432`;
const toPostgres = () => `${postgres.socketDir}/.s.PGSQL.${postgres.port}`;

/** What is said of versions and keys; of an error what PostgreSQL says besides its place in the source. */
async function greeting(path: string, version: number, options: Record<string, string>): Promise<string[]> {
  const raw = new Raw(path, startup({ user: 'app', database: 'shop', ...options }, version));
  const messages = await raw.upTo('Z');
  raw.close();
  return messages.flatMap(({ type, body }) => {
    if (type === 'v') return [`v ${body.toString('hex')}`];
    if (type === 'K') return [`K ${body.length - 4} bytes`];
    if (type !== 'E') return [];
    const fields = body.toString('utf8').split('\0');
    return fields.filter((field) => /^[SVCM]/.test(field));
  });
}

test('a client is told of versions and options what PostgreSQL 18 tells it', async () => {
  const versions = [0x30000, 0x30001, 0x30002, 0x30003, 0x3270f, 0x3ffff, 0x40000, 0x50002];
  const options = [{}, { '_pq_.x': 'y' }, { '_pq_.a': '', '_pq_.b': 'on', application_name: '_pq_.c' }];
  for (const version of versions) {
    for (const each of options) {
      const [ours, theirs] = [
        await greeting(toAgent(), version, each),
        await greeting(toPostgres(), version, each),
      ];
      expect([version.toString(16), each, ours]).toEqual([version.toString(16), each, theirs]);
    }
  }
  expect(await greeting(toAgent(), 0x30002, {})).toEqual(['K 32 bytes']);
  expect(await greeting(toAgent(), 0x30000, {})).toEqual(['K 4 bytes']);
});

async function untilSleeping(): Promise<void> {
  const asked = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'`;
  while ((await postgres.sql<{ n: number }>(asked))[0]!.n === 0) await Bun.sleep(20);
}

test('a cancel request needs the whole key, of either length, and no answer says whether it fitted', async () => {
  for (const version of [0x30000, 0x30002]) {
    const raw = new Raw(toAgent(), startup({ user: 'app', database: 'shop' }, version));
    const { body } = (await raw.upTo('Z')).find(({ type }) => type === 'K')!;
    const [pid, key] = [body.readInt32BE(0), body.subarray(4)];
    raw.says(query(SLEEP));
    await untilSleeping();
    const wrong = [key.subarray(0, -1), Buffer.concat([key, Buffer.alloc(1)]), Buffer.from(key).fill(0)];
    const others = [key.subarray(0, 1), key.subarray(0, 4), Buffer.alloc(32), Buffer.alloc(256)];
    for (const each of [...wrong, ...others]) {
      if (each.equals(key)) continue;
      expect((await new Raw(toAgent(), cancelRequest(pid, each)).rest()).length).toBe(0);
    }
    // Too long to be a key, or none at all: that is no cancel request, and is told so.
    for (const bad of [packet(80_877_102, Buffer.alloc(4)), cancelRequest(pid, Buffer.alloc(257))])
      expect((await new Raw(toAgent(), bad).rest()).toString('latin1')).toContain(
        'a cancel request has a bad length',
      );
    await untilSleeping();
    expect((await new Raw(toAgent(), cancelRequest(pid, key)).rest()).length).toBe(0);
    const answer = (await raw.upTo('Z')).map(({ type, body: said }) => `${type} ${said.toString('latin1')}`);
    expect(answer.join('\n')).toContain('C57014');
    raw.close();
  }
});

testNeeding(missingPrograms('psql'))('psql with max_protocol_version 3.2 cancels its query', async () => {
  const env = {
    LD_LIBRARY_PATH: join(findPostgresPrograms('embedded'), '../lib'),
    PGMINPROTOCOLVERSION: '3.2',
    PGMAXPROTOCOLVERSION: '3.2',
  };
  const login = through(agent, postgres.passwordOf('app'), { env });
  expect(await ask(login, 'SELECT current_user')).toBe('app');
  const psql = Bun.spawn(['psql', '-X', '-c', SLEEP], {
    env: libpqEnvironment(login),
    stdout: 'ignore',
    stderr: 'pipe',
  });
  await untilSleeping();
  psql.kill('SIGINT');
  expect(await psql.stderr.text()).toContain('canceling statement due to user request');
});
