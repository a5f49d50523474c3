// The cluster of compose.yaml, run from its own commands and files: it comes up, the agent serves both nodes, and the writer moves.

import { afterAll, beforeAll, expect } from 'bun:test';
import { join } from 'node:path';
import { describeNeeding, testNeeding } from '../../../agent/tests/harness/needs.ts';
import { type Cluster, openCluster, whyNoCluster } from './cluster.ts';

const test = testNeeding(undefined);

describeNeeding(whyNoCluster())('the cluster of compose.yaml', () => {
  let cluster: Cluster;
  const sql = (query: string, database = 'shop') =>
    cluster.run(
      `PGPASSWORD=$(cat /run/secrets/shop) PGDATABASE=${database} psql -X -A -t -w -c "${query}"`,
      'application',
    );
  const WHO = 'SELECT host(inet_server_addr()), pg_is_in_recovery()';

  /** Until the answer is such; the time limit is the test's. */
  async function until(wanted: RegExp, database = 'shop'): Promise<string> {
    for (;;) {
      const { text } = await sql(WHO, database);
      if (wanted.test(text)) return text;
      await Bun.sleep(200);
    }
  }

  beforeAll(async () => {
    cluster = await openCluster();
    expect(await cluster.start('certificates').exited).toBe(0);
    for (const service of ['etcd', 'postgres1', 'postgres2', 'writer', 'pgsidecar']) cluster.start(service);
  }, 60_000);
  afterAll(() => cluster?.close(), 60_000);

  test('make_certificates makes them once: a CA, and a certificate for the writer that it has signed', async () => {
    const verify =
      'openssl verify -CAfile /certificates/ca.crt -verify_hostname writer /certificates/server.crt';
    expect(await cluster.run(verify)).toEqual({ code: 0, text: '/certificates/server.crt: OK' });
    const sum = 'cksum /certificates/server.crt';
    const before = await cluster.run(sum);
    expect((await cluster.run('make_certificates /certificates')).code).toBe(0);
    expect(await cluster.run(sum)).toEqual(before);
    expect((await cluster.run('stat -c %a:%U /certificates/server.key')).text).toBe('600:postgres');
  });

  test('Patroni makes a primary and a replica, and the agent reaches both by HAProxy, over TLS that it verifies', async () => {
    const writer = await until(/\|f$/);
    const replica = await until(/\|t$/, 'shop_replica');
    expect([writer, replica].map((line) => line.split('|')[0]).sort()).toEqual(['127.0.0.3', '127.0.0.4']);
    const { text } = await sql('SELECT current_user, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    expect(text).toBe('shop|TLSv1.3');
  }, 120_000);

  test('a switch of the writer reaches a client that stays connected to the same socket', async () => {
    await until(/\|f$/);
    await until(/\|t$/, 'shop_replica');
    const { code, text } = await cluster.run(`python3 ${join(import.meta.dir, 'switch.py')}`, 'application');
    expect({ code, text }).toEqual({
      code: 0,
      text: expect.stringMatching(/^127\.0\.0\.[34] 127\.0\.0\.[34]$/),
    });
    const [before, after] = text.split(' ');
    expect(after).not.toBe(before);
  }, 120_000);

  test('the application of compose.yaml says who writes', async () => {
    cluster.start('application');
    for (;;) {
      const said = await cluster.log('application');
      if (/\|writes$/m.test(said)) break;
      await Bun.sleep(100);
    }
  }, 30_000);

  test("the dashboard asks for figures that Patroni's own metrics have", async () => {
    const { text } = await cluster.run(
      'python3 -c "import urllib.request as u; print(u.urlopen(\'http://postgres1:8008/metrics\').read().decode())"',
    );
    for (const name of [
      'patroni_primary',
      'patroni_postgres_running',
      'patroni_xlog_location',
      'patroni_xlog_replayed_location',
    ]) {
      expect(text, name).toMatch(new RegExp(`^${name}\\{`, 'm'));
    }
  });
});
