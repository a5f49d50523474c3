// The DaemonSet's own pgsidecar.yml with a real agent: mutual TLS with clients, mutual TLS with the server, and its probes.

import { expect, test } from 'bun:test';
import { join } from 'node:path';
import pg from 'pg';
import { type Agent, runPgsidecar, startAgent } from '../../../agent/tests/harness/agent.ts';
import {
  createCertificateAuthority,
  type IssuedCertificate,
} from '../../../agent/tests/harness/certificates.ts';
import { freePort } from '../../../agent/tests/harness/postgres.ts';
import { openShop } from '../../../agent/tests/harness/shop.ts';
import { onThisMachine } from './configurations.ts';
import { build, containersOf, FOLDER } from './manifests.ts';

/** Of the pods: whoever has a certificate of it comes to the agent. */
const pods = createCertificateAuthority();
/** Of the agent as a client of the server. */
const agents = createCertificateAuthority();
const serverAuthority = createCertificateAuthority();
const { postgres } = await openShop({
  tls: { server: serverAuthority.issueServer(), clientAuthority: agents },
  auth: 'cert',
  users: { shop: '' },
  databases: { shop: 'shop' },
});
const PATH = join(FOLDER, 'daemonset/pgsidecar.yml');
const port = await freePort();

function filesOf(): Record<string, string> {
  const listener = pods.issueServer();
  const own = agents.issueClient({ commonName: 'shop' });
  return {
    'pgsidecar.yml': onThisMachine(PATH, {
      '/run/secrets': 'secrets',
      '/run/pgsidecar': '.',
      'listen_port: 5432': `listen_port: ${port}`,
      'db.example': `localhost\n    port: ${postgres.port}`,
    }),
    'secrets/clients/tls.crt': listener.certificate,
    'secrets/clients/tls.key': listener.key,
    'secrets/clients/ca.crt': pods.certificate,
    'secrets/server/tls.crt': own.certificate,
    'secrets/server/tls.key': own.key,
    'secrets/server/ca.crt': serverAuthority.certificate,
  };
}

function start(): Promise<Agent> {
  return startAgent({ files: filesOf(), env: { PGSIDECAR_UNIX_SOCKET_DIR: '' } });
}

async function whoComes(user: string, certificate?: IssuedCertificate): Promise<string> {
  const ssl = {
    ca: pods.certificate,
    ...(certificate && { cert: certificate.certificate, key: certificate.key }),
  };
  const client = new pg.Client({ host: 'localhost', port, user, database: 'shop', ssl });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query(
      'SELECT current_user, (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())',
    );
    return JSON.stringify(rows[0]);
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  } finally {
    await client.end().catch(() => {});
  }
}

test('pgsidecar.yml of the DaemonSet passes check', async () => {
  const { code, stdout, stderr } = await runPgsidecar(['check'], {
    files: filesOf(),
    env: { PGSIDECAR_UNIX_SOCKET_DIR: '' },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toEndWith('ok: 0 errors, 0 warnings\n');
});

test('a pod comes in by a certificate of its role alone, and the agent to the server by its own', async () => {
  await using agent = await start();
  expect(await whoComes('shop', pods.issueClient({ commonName: 'shop' }))).toBe(
    '{"current_user":"shop","ssl":true}',
  );
  expect(await whoComes('shop', pods.issueClient({ commonName: 'other' }))).toStartWith('refused: ');
  expect(await whoComes('shop', agents.issueClient({ commonName: 'shop' }))).toStartWith('refused: ');
  expect(await whoComes('shop')).toStartWith('refused: ');
  expect(agent.pid).toBeGreaterThan(0);
});

test('each probe of the DaemonSet passes, by the control socket that it names', async () => {
  await using agent = await start();
  const daemonset = build(join(FOLDER, 'daemonset')).find(({ kind }) => kind === 'DaemonSet');
  const [container] = containersOf(daemonset);
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
    const words = (container[probe].exec.command as string[]).slice(1);
    const here = words.map((word) => word.replace('/run/pgsidecar', agent.directory));
    const { code, stderr } = await agent.command(...here);
    expect({ probe, code, stderr }).toEqual({ probe, code: 0, stderr: '' });
  }
});
