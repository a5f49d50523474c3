// The URL of `pgsidecar url --fallback`, in the hands of a real libpq: through the socket, and past it when it is dead.

import { expect } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, type Finished, runPgsidecar } from '../harness/agent.ts';
import { applicationFiles, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { missingPrograms, testNeeding } from '../harness/needs.ts';
import { openShop } from '../harness/shop.ts';

const test = testNeeding(missingPrograms('psql'));

const { authority, postgres } = await openShop();
const application = { postgres, authority };

async function fallbackUrl(agent: Agent): Promise<string> {
  const { code, stdout, stderr } = await agent.command('url', '--fallback', '--show-secrets');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim();
}

/** psql as an application would be: nothing but the URL. */
async function psql(url: string, sql: string): Promise<Finished> {
  const child = Bun.spawn(['psql', '-X', '-A', '-t', '-q', '-d', url, '-c', sql], {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', HOME: '/nowhere' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout: stdout.trim(), stderr };
}

/** The server's own view: is it TLS that this session came over? */
const ROAD = 'SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
const ARRIVED = { code: 0, stdout: 'app|t', stderr: '' };

test('libpq goes through the socket while the agent is there, sslmode or not', async () => {
  await using agent = await serve(application);
  const url = await fallbackUrl(agent);
  expect(url).toContain('sslmode=verify-full');
  const before = (await agent.status()) as { logins: { succeeded: number } };
  expect(await psql(url, ROAD)).toEqual(ARRIVED);
  const after = (await agent.status()) as { logins: { succeeded: number } };
  expect(after.logins.succeeded).toBe(before.logins.succeeded + 1);
});

test('libpq goes straight to the server, verified, when the agent was killed and its socket lies there dead', async () => {
  await using agent = await serve(application);
  const url = await fallbackUrl(agent);
  agent.signal('SIGKILL');
  await agent.exited;
  expect(await psql(url, ROAD)).toEqual(ARRIVED);
  rmSync(join(agent.socketDir, '.s.PGSQL.5432'), { force: true });
  expect(await psql(url, ROAD)).toEqual(ARRIVED);
});

test('libpq does not go to a server that it cannot verify', async () => {
  const files = applicationFiles({ ...application, authority: createCertificateAuthority() });
  const { stdout } = await runPgsidecar(['url', '--fallback', '--show-secrets'], { files });
  // The CA file went with the command's directory: what is refused here is to go on without one.
  const { code, stderr } = await psql(stdout.trim(), 'SELECT 1');
  expect(code).toBe(2);
  expect(stderr).toContain('root certificate file');
});

test('libpq does not take a server for the writer on which sessions are read-only', async () => {
  await using agent = await serve(application);
  const url = await fallbackUrl(agent);
  agent.signal('SIGKILL');
  await agent.exited;
  await postgres.sql('ALTER ROLE app SET default_transaction_read_only = on');
  try {
    const { code, stderr } = await psql(url, 'SELECT 1');
    expect(code).toBe(2);
    expect(stderr).toContain('session is read-only');
  } finally {
    await postgres.sql('ALTER ROLE app RESET default_transaction_read_only');
  }
});
