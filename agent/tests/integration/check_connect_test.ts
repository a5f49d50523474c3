// `check --connect` against real servers: what it says of a good one, and of each that is not.

import { expect, test } from 'bun:test';
import { runPgsidecar } from '../harness/agent.ts';
import { type Application, applicationFiles } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { freePort } from '../harness/postgres.ts';
import { openShop } from '../harness/shop.ts';

const { authority, postgres } = await openShop({
  settings: { max_connections: 12, superuser_reserved_connections: 2, reserved_connections: 1 },
});

function check(more: Partial<Application> = {}, ...words: string[]) {
  const files = applicationFiles({ postgres, authority, ...more });
  return runPgsidecar(['check', '--connect', ...words], { files });
}

test('check --connect logs in and says TLS version, certificate, server version and free connections', async () => {
  const { code, stdout, stderr } = await check({ settings: { default_pool_size: 9 } });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^ {2}shop +localhost:\d+ +ok +18\.\d+.* writer +TLSv1\.3 +\d+ days +9 of 12 +\d+ ms$/m,
  );
  expect(stdout).toEndWith('ok: 0 errors, 0 warnings\n');
});

test('check --connect warns of pools that the server cannot hold', async () => {
  const { code, stdout, stderr } = await check({ settings: { default_pool_size: 10 } });
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^warning: database "shop" on localhost:\d+: the pools may open 10 connections, and it takes 9 \(max_connections 12, 3 reserved\)\n$/,
  );
  expect(stdout).toEndWith('ok: 0 errors, 1 warning\n');
});

test('check --connect --json says it for a program, without the password', async () => {
  const { code, stdout } = await check({}, '--json');
  const report = JSON.parse(stdout) as { ok: boolean; servers: { probe: { tlsVersion: string } }[] };
  expect(code).toBe(0);
  expect(report.ok).toBe(true);
  expect(report.servers[0]?.probe.tlsVersion).toBe('TLSv1.3');
  expect(stdout).not.toContain(postgres.passwordOf('app'));
});

test('check --connect tells a wrong password, an unknown CA, a dead server and a missing database apart', async () => {
  const situations: readonly (readonly [Partial<Application>, RegExp])[] = [
    [
      { password: crypto.randomUUID() },
      /password authentication failed for user "app" \(the server refused our login\)/,
    ],
    [
      { authority: createCertificateAuthority() },
      /cannot trust the server localhost:\d+: .*not signed by a CA/,
    ],
    [{ port: await freePort() }, /cannot connect to the server: connection refused/],
    [{ database: 'nothing' }, /database "nothing" does not exist/],
  ];
  for (const [more, sentence] of situations) await expectRefusal(more, sentence);
}, 30_000);

test('check --connect does not take a certificate for another host name, nor one that has expired', async () => {
  const before = authority.issueServer();
  try {
    await postgres.replaceCertificate(authority.issueServer({ hosts: ['other.example'] }));
    await expectRefusal({}, /cannot trust the server localhost:\d+: .*another host name/);
    await postgres.replaceCertificate(authority.issueServer({ validity: 'expired' }));
    await expectRefusal({}, /cannot trust the server localhost:\d+: .*has expired/);
  } finally {
    await postgres.replaceCertificate(before);
  }
}, 30_000);

async function expectRefusal(more: Partial<Application>, sentence: RegExp): Promise<void> {
  const { code, stderr } = await check({ settings: { default_pool_size: 1 }, ...more });
  expect(stderr).toMatch(/^error: database "\w+" on localhost:\d+: /);
  expect(stderr).toMatch(sentence);
  expect(code).toBe(69);
}
