// The deployments of docs/cookbook, each as its page has it: its ini is started unchanged, and the page's own lines are run.

import { afterAll, expect, setDefaultTimeout } from 'bun:test';
import { type Host, openHost, type Start, whyNoHost } from '../../../cookbook/pages/host.ts';
import { readPage } from '../../../cookbook/pages/page.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { testNeeding } from '../harness/needs.ts';
import { startPostgres } from '../harness/postgres.ts';

setDefaultTimeout(120_000);
const test = testNeeding(whyNoHost());

const authority = createCertificateAuthority();
const postgres = await startPostgres({
  tls: { server: authority.issueServer({ hosts: ['db.example'] }) },
  users: { shop: '', reporter: '' },
  databases: { shop: 'shop' },
});
afterAll(() => postgres.stop());

const CONFIG = '/etc/pgbouncer/pgbouncer.ini';

interface Deployment extends AsyncDisposable {
  readonly host: Host;
  /** A step of the page, as `shop`. */
  step(name: string): Promise<string>;
}

/** Every file of the page at its own path; only the secrets of userlist.txt are put in. */
async function deploy(name: string, start: Partial<Start> = {}): Promise<Deployment> {
  const page = readPage(`../docs/cookbook/${name}`);
  const host = await openHost(postgres, authority);
  const verifiers = await postgres.sql<{ rolname: string; rolpassword: string }>(
    "SELECT rolname, rolpassword FROM pg_authid WHERE rolname IN ('shop', 'reporter')",
  );
  const put = async (path: string, text: string): Promise<void> => {
    const encoded = Buffer.from(text).toString('base64');
    await host.run(`mkdir -p "$(dirname ${path})"; echo ${encoded} | base64 -d >${path}; chmod 600 ${path}`);
  };
  // What the packages of PostgreSQL and PgBouncer have made, on a host that has them; nothing of it is this machine's.
  await host.run(
    'mkdir -p /run/postgresql /run/pgbouncer /run/log/postgresql; mount --bind /run/log /var/log',
  );
  await host.run('rm -rf /etc/pgbouncer');
  for (const [path, text] of page.files) {
    const filled = text
      .replaceAll(/PASSWORD-OF-(\w+)/g, (_, user: string) => postgres.passwordOf(user))
      .replaceAll(
        /VERIFIER-OF-(\w+)/g,
        (_, user: string) => verifiers.find((each) => each.rolname === user)!.rolpassword,
      );
    await put(path, filled);
  }
  const shown = authority.issueServer({ hosts: ['localhost'] });
  await put('/etc/pgbouncer/tls/server.crt', shown.certificate);
  await put('/etc/pgbouncer/tls/server.key', shown.key);
  const env = { PGPASSWORD: postgres.passwordOf('shop') };
  const step = (wanted: string): Promise<string> => host.run(page.step(wanted), env);
  const checked = await step('check');
  expect(checked).toContain('ok: 0 errors');
  expect(page.step('start')).toContain('pgsidecar run --config');
  // Whoever it runs as has what the packages gave him.
  await host.run(
    'mkdir -p /run/pgsidecar; chown -R nobody /etc/pgbouncer /run/postgresql /run/pgbouncer /run/pgsidecar /run/log',
  );
  await host.startAgent(env, { config: CONFIG, folder: '/srv/shop', ...start });
  return { host, step, [Symbol.asyncDispose]: () => host.close() };
}

test('many_daemons: five hundred clients share fifty connections', async () => {
  await using deployment = await deploy('many_daemons');
  expect(await deployment.step('look')).toStartWith('shop|shop\n');
  const env = { PGPASSWORD: postgres.passwordOf('shop') };
  await deployment.host.run('echo "select 1;" >/run/one.sql');
  const bench = 'pgbench -n -h 127.0.0.1 -p 6432 -U shop -f /run/one.sql -c 400 -j 2 -t 3 shop';
  expect(await deployment.host.run(bench, env)).toContain(
    'number of transactions actually processed: 1200/1200',
  );
  const [most] = await postgres.sql<{ count: number }>(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = 'shop'",
  );
  expect(most!.count).toBeGreaterThan(0);
  expect(most!.count).toBeLessThanOrEqual(50);
  const log = await deployment.host.run('cat /var/log/postgresql/pgbouncer.log /run/agent.log');
  expect(log).toContain('pkt_buf');
  expect(log).not.toContain(postgres.passwordOf('shop'));
});

test('reserve_pools: verifiers alone are enough, and * serves every other database', async () => {
  await using deployment = await deploy('reserve_pools', { folder: '/etc/pgbouncer' });
  expect(await deployment.step('look')).toBe('shop|shop\nshop|postgres');
});

test('session_tls: what a session has set stays, over TLS on both sides', async () => {
  await using deployment = await deploy('session_tls');
  expect(await deployment.step('look')).toBe('shop|shop');
  const env = { PGPASSWORD: postgres.passwordOf('shop') };
  const through = 'host=127.0.0.1 port=6432 user=shop dbname=shop';
  const kept = `psql '${through} sslmode=require' -At -c 'set work_mem to 4321' -c 'show work_mem' -c 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'`;
  expect(await deployment.host.run(kept, env)).toBe('SET\n4321kB\nt');
  await expect(deployment.host.run(`psql '${through} sslmode=disable' -c 'select 1'`, env)).rejects.toThrow(
    'TLS',
  );
});

for (const [name, answer] of [
  ['many_daemons', 'shop|shop'],
  ['reserve_pools', 'shop|shop\nshop|postgres'],
  ['session_tls', 'shop|shop'],
] as const) {
  test(`${name}: the same file starts by the command line of PgBouncer, with its defaults`, async () => {
    await using deployment = await deploy(name, { folder: '/etc/pgbouncer', words: 'pgbouncer -u nobody' });
    expect(await deployment.step('look')).toStartWith(answer);
  });
}
