// More clients than the kernel gives the agent file descriptors for: they are told, servers are reached, and nothing spins.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Agent, pgsidecarProgram } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { query, startup } from '../harness/client_words.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { ask, refusalOf, through } from '../harness/psql.ts';

setDefaultTimeout(60_000);

const LIMIT = 128;
const CLIENTS = 300;
const authority = createCertificateAuthority();
let postgres: Postgres;
let directory: string;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { app: '' },
    databases: { shop: 'app' },
  });
  directory = mkdtempSync(join(tmpdir(), 'pgsidecar-descriptors-'));
}, 60_000);
afterAll(async () => {
  await postgres?.stop();
  if (directory !== undefined) rmSync(directory, { recursive: true });
});

/** An agent that may not have more files open than LIMIT, whatever it does. */
function startSmall(settings: Readonly<Record<string, unknown>>): Promise<Agent> {
  const script = join(directory, 'small');
  const program = pgsidecarProgram().map((word) => `'${word}'`);
  writeFileSync(script, `#!/bin/sh\nulimit -n ${LIMIT}\nexec ${program.join(' ')} "$@"\n`, { mode: 0o755 });
  return serve(
    { postgres, authority, settings: { auth_type: 'trust', ...settings } },
    { executable: script },
  );
}

interface Client {
  readonly socket: Socket;
  said: string;
  isClosed: boolean;
}

/** Connects and sends its startup packet; resolves when it is let in, or closed. */
function comes(agent: Agent): Promise<Client> {
  const { promise, resolve } = Promise.withResolvers<Client>();
  const socket = connect(`${agent.socketDir}/.s.PGSQL.5432`);
  const client: Client = { socket, said: '', isClosed: false };
  socket.on('connect', () => socket.write(startup({ user: 'app', database: 'shop' })));
  socket.on('data', (chunk: Buffer) => {
    client.said += chunk.toString('latin1');
    if (client.said.endsWith('Z\0\0\0\x05I')) resolve(client);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    client.isClosed = true;
    resolve(client);
  });
  return promise;
}

/** Hundredths of a second of processor time since its start. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

test('clients beyond the limit are told, those inside are served, and all is well when they leave', async () => {
  await using agent = await startSmall({ default_pool_size: 5, max_client_conn: 10_000 });
  const warning = agent.logLines().find(({ msg }) => msg.startsWith('max_client_conn 10000 and the servers'));
  expect(warning).toMatchObject({ limit: LIMIT, level: 40 });

  const clients: Client[] = [];
  for (let n = 0; n < CLIENTS; n++) clients.push(await comes(agent));
  const inside = clients.filter(({ isClosed }) => !isClosed);
  const outside = clients.filter(({ isClosed }) => isClosed);
  expect(inside.length).toBeGreaterThan(LIMIT / 3);
  expect(openFiles(agent.pid)).toBeLessThan(LIMIT);
  const told = outside.filter(({ said }) => said.includes('C53300') && said.includes('RLIMIT_NOFILE'));
  expect(told.length).toBe(outside.length);
  expect(await refusalOf(through(agent, postgres.passwordOf('app')))).toContain(
    'no more connections allowed',
  );
  const lines = agent.logLines().filter(({ msg }) => msg.startsWith('no more connections allowed'));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThan(10);

  // Whoever waits at a listener that cannot accept wakes it up again and again: half of a processor, and more.
  const before = processorTime(agent.pid);
  const waiting = Array.from({ length: CLIENTS }, () => comes(agent));
  await Promise.all(waiting);
  await Bun.sleep(2_000);
  expect(processorTime(agent.pid) - before).toBeLessThan(100);

  // There are descriptors for servers, more than the one that the greeting needed.
  const answers = inside.slice(0, 3).map(({ socket }) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    let said = '';
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (said.endsWith('Z\0\0\0\x05I')) resolve(said);
    });
    socket.write(query('SELECT pg_sleep(0.2), $$served$$'));
    return promise;
  });
  for (const answer of await Promise.all(answers)) expect(answer).toContain('served');

  for (const { socket } of clients) socket.destroy();
  while (openFiles(agent.pid) > LIMIT / 2) await Bun.sleep(20);
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
});

test('clients that say nothing cannot keep those who do out for longer than client_login_timeout', async () => {
  await using agent = await startSmall({ default_pool_size: 5, client_login_timeout: '2s' });
  const silent = Array.from({ length: CLIENTS }, () =>
    connect(`${agent.socketDir}/.s.PGSQL.5432`)
      .on('error', () => {})
      .resume(),
  );
  await Promise.all(silent.map((socket) => new Promise((resolve) => socket.on('close', resolve))));
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
});
