// Files that no agent can use: a reload says which and why, and everybody goes on with what was there before.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Agent, pgsidecarProgram } from '../harness/agent.ts';
import { type Application, applicationFiles, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { testNeeding } from '../harness/needs.ts';
import { createNursery, isReachableByAll, unprivilegedAccount } from '../harness/nursery.ts';
import { freePort, type Postgres, startPostgres } from '../harness/postgres.ts';
import { Neighbour } from '../harness/raw_client.ts';

setDefaultTimeout(60_000);

const RSS_BYTES_MAX = 350_000_000;
const DIRECTORY = Symbol('a directory');
type Content = string | Uint8Array | typeof DIRECTORY;

const authority = createCertificateAuthority();
const issued = authority.issueServer();
let postgres: Postgres;
let agent: Agent;
let neighbour: Neighbour;
let good: Record<string, string>;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { app: '' },
    databases: { shop: 'app' },
  });
  const port = await freePort();
  const application: Application = {
    postgres,
    authority,
    settings: {
      auth_type: 'scram-sha-256',
      auth_file: 'userlist.txt',
      listen_addr: '127.0.0.1',
      listen_port: port,
      client_tls_sslmode: 'require',
      client_tls_cert_file: 'agent.crt',
      client_tls_key_file: 'agent.key',
      // Only `reload` reads: the watcher waits for longer than this takes.
      source_settle_time: '1min',
    },
  };
  good = {
    ...applicationFiles(application),
    'userlist.txt': `"clerk" "${crypto.randomUUID()}"\n`,
    'agent.crt': issued.certificate,
    'agent.key': issued.key,
  };
  agent = await serve(application, { files: good });
  neighbour = await Neighbour.join(`${agent.url('app', postgres.passwordOf('app'), 'shop')}&port=${port}`);
}, 60_000);
afterAll(async () => {
  await neighbour?.[Symbol.asyncDispose]();
  await agent?.stop();
  await postgres?.stop();
});

function put(path: string, content: Content): void {
  const whole = join(agent.directory, path);
  rmSync(whole, { recursive: true, force: true });
  if (content === DIRECTORY) mkdirSync(whole);
  else writeFileSync(whole, content);
}

/** What `reload` says of this content of the file; afterwards all is as it was. */
async function reloadWith(path: string, content: Content): Promise<{ code: number | null; said: string }> {
  put(path, content);
  try {
    const { code, stdout, stderr } = await agent.reload();
    await neighbour.works();
    expect(agent.rssBytes()).toBeLessThan(RSS_BYTES_MAX);
    return { code, said: stdout + stderr };
  } finally {
    put(path, good[path]!);
    expect((await agent.reload()).code).toBe(0);
    await neighbour.works();
  }
}

const CASES: Readonly<Record<string, readonly [string, () => Content, RegExp]>> = {
  'application.yml, empty': ['application.yml', () => '', /There is no database to serve/],
  'application.yml, a directory': [
    'application.yml',
    () => DIRECTORY,
    /Cannot read application.yml: it is a directory/,
  ],
  'application.yml, binary': [
    'application.yml',
    () => crypto.getRandomValues(new Uint8Array(5_000)),
    /application.yml: it is not UTF-8 text/,
  ],
  'application.yml, with a NUL': [
    'application.yml',
    () => 'production:\n  a: \0\n',
    /There is no database to serve/,
  ],
  'application.yml, 9 MB': [
    'application.yml',
    () => 'a: b\n'.repeat(1_800_000),
    /it has 9000000 characters, and at most 262144/,
  ],
  'application.yml, 11 MB': [
    'application.yml',
    () => '#'.repeat(11_000_000),
    /it has 11000000 bytes, and at most 10485760 are read/,
  ],
  'application.yml, a quarter of a million brackets': [
    'application.yml',
    () => '['.repeat(250_000),
    /more than 50000 .* words, marks and lines/,
  ],
  'application.yml, commas': [
    'application.yml',
    () => `[${','.repeat(250_000)}`,
    /more than 50000 .* words, marks and lines/,
  ],
  'application.yml, unclosed ERB': [
    'application.yml',
    () => '<%= '.repeat(60_000),
    /application.yml:1: <% is never closed by %>/,
  ],
  'application.yml, keys twice': [
    'application.yml',
    () => 'a: 1\nb: 2\na: 3\n',
    /application.yml:3 as YAML: "a" is already set at line 1/,
  ],
  'application.yml, exploding anchors': [
    'application.yml',
    () =>
      `a0: &a0 [x, x]\n${Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(', ')}]`).join('\n')}`,
    /application.yml:6 as YAML: with its aliases written out it has more than 50000/,
  ],
  'application.yml, an anchor in itself': [
    'application.yml',
    () => 'a: &a [*a]\n',
    /application.yml:1 as YAML: an alias .* stands inside the value that it names/,
  ],
  'application.yml, deep nesting': [
    'application.yml',
    () => `a: ${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    /application.yml:1 as YAML: it is nested deeper than 64/,
  ],
  'pgsidecar.yml, without what it had': [
    'pgsidecar.yml',
    () => 'listen_port: nonsense\n',
    /Cannot use listen_port "nonsense" at pgsidecar.yml:1/,
  ],
  'pgsidecar.yml, 300 kB': [
    'pgsidecar.yml',
    () => '#'.repeat(300_000),
    /it has 300000 characters, and at most 262144/,
  ],
  'userlist.txt, nonsense': [
    'userlist.txt',
    () => 'x\n'.repeat(100_000),
    /userlist.txt:20: expected "user" "secret"/,
  ],
  'userlist.txt, 9 MB': [
    'userlist.txt',
    () => '"a" "b"\n'.repeat(1_200_000),
    /it has 9600000 characters, and at most 4194304/,
  ],
  'a certificate, empty': ['agent.crt', () => '', /expected a whole PEM file with a certificate in it/],
  'a certificate, a directory': ['agent.crt', () => DIRECTORY, /agent.crt: it is a directory/],
  'a certificate, a key in its place': [
    'agent.crt',
    () => issued.key,
    /expected a whole PEM file with a certificate in it/,
  ],
  'a certificate, not of its key': [
    'agent.crt',
    () => authority.issueServer().certificate,
    /client_tls_key_file .* expected the private key of the certificate beside it/,
  ],
  'a certificate, cut': [
    'agent.crt',
    () => issued.certificate.slice(0, 200),
    /expected a whole PEM file with a certificate in it/,
  ],
  'a certificate, nonsense in its lines': [
    'agent.crt',
    () => '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n',
    /client_tls_cert_file .* expected certificates that can be read, and number 1 in the file cannot/,
  ],
  'a certificate, 11 MB': [
    'agent.crt',
    () => `${issued.certificate}${'#'.repeat(11_000_000)}`,
    /bytes, and at most 10485760 are read/,
  ],
  'a certificate, 9 MB': [
    'agent.crt',
    () => issued.certificate.repeat(12_000),
    /expected at most 1000 certificates in a file/,
  ],
  'a key, empty': ['agent.key', () => '', /expected a whole PEM file with a private key in it/],
  'a key, a certificate in its place': [
    'agent.key',
    () => issued.certificate,
    /expected a whole PEM file with a private key in it/,
  ],
  'authorities, nonsense in their lines': [
    'ca.crt',
    () => '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n',
    /server_tls_ca_file .* expected certificates that can be read, and number 1 in the file cannot/,
  ],
};

describe('A reload is refused in words for', () => {
  for (const [what, [path, content, words]] of Object.entries(CASES)) {
    test(what, async () => {
      const { code, said } = await reloadWith(path, content());
      expect(said).toMatch(words);
      expect(code).not.toBe(0);
      // Twenty complaints are enough for anybody.
      expect(said.length).toBeLessThan(10_000);
    });
  }
});

test('an expired certificate is for clients to refuse: it is taken, and nobody else notices', async () => {
  const expired = authority.issueServer({ validity: 'expired' });
  put('agent.key', expired.key);
  put('agent.crt', expired.certificate);
  expect((await agent.reload()).code).toBe(0);
  await neighbour.works();
  for (const path of ['agent.key', 'agent.crt']) put(path, good[path]!);
  expect((await agent.reload()).code).toBe(0);
});

const account = unprivilegedAccount();
const program = pgsidecarProgram();
const unreachable = program.find((word) => word.startsWith('/') && !isReachableByAll(dirname(word)));
const needed = unreachable === undefined ? undefined : `${unreachable} cannot be reached by everybody`;

testNeeding(needed)('a file that may not be read is named, whoever the agent runs as', async () => {
  const nursery = createNursery('unreadable', account);
  try {
    for (const [path, text] of Object.entries(good)) {
      const whole = join(nursery.directory, path);
      writeFileSync(whole, text);
      // As anybody but root: root may read everything.
      if (account !== undefined) chownSync(whole, account.uid, account.gid);
    }
    const check = (): string => {
      const env = { PATH: '/usr/bin:/bin', HOME: nursery.directory };
      const options = { cwd: nursery.directory, env, stdout: 'pipe', stderr: 'pipe', ...account } as const;
      const { stdout, stderr } = Bun.spawnSync([...program, 'check'], options);
      return `${stdout}${stderr}`;
    };
    for (const path of ['application.yml', 'userlist.txt', 'agent.key']) {
      chmodSync(join(nursery.directory, path), 0o000);
      expect(check()).toMatch(new RegExp(`Cannot (?:read|use) .*${path}.*permission denied`));
      chmodSync(join(nursery.directory, path), 0o600);
    }
  } finally {
    await nursery.close();
  }
});
