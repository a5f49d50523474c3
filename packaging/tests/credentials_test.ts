// Secrets under systemd on a booted Debian: by LoadCredential= at the start, by a watched file while the agent runs, and who sees them.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test';
import { createCertificateAuthority } from '../../agent/tests/harness/certificates.ts';
import { testNeeding } from '../../agent/tests/harness/needs.ts';
import { buildPackage, whyNoPackages } from './build.ts';
import { type Debian, openDebian, whyNoDebian } from './debian.ts';
import { configureIdp, type Idp, installIdp, put } from './idp.ts';

setDefaultTimeout(600_000);

const missing = whyNoDebian() ?? whyNoPackages();
const test = testNeeding(missing);

const UNIT = '/etc/systemd/system/pgsidecar.service.d';
const EXAMPLE = '/usr/share/doc/pgsidecar/examples/credentials.conf';
const CREDENTIALS = '/etc/pgsidecar/credentials';
const WATCHED = '/etc/pgsidecar/secrets/idp';
const CHECK = 'pgsidecar check --config /etc/pgsidecar/pgsidecar.yml';
/** As pgsidecar.yml names one. */
const credential = (name: string): string => `$\{CREDENTIALS_DIRECTORY}/${name}`;
/** The database's part of pgsidecar.yml, and the certificate that the server asks for. */
const SETTINGS = (passwordFile: string): string =>
  [
    'server_tls_cert_file: /etc/ssl/certs/agent.crt',
    `server_tls_key_file: ${credential('server_tls.key')}`,
    'databases:',
    '  idp:',
    `    password_file: ${passwordFile}`,
    '',
  ].join('\n');

let debian: Debian;
let idp: Idp;
let password: string;
let key: string;

beforeAll(async () => {
  if (missing !== undefined) return;
  const path = buildPackage('deb', '0.0.1');
  debian = await openDebian();
  idp = await installIdp(debian);
  ({ password } = idp);
  key = await demandCertificate();
  await debian.must(['dpkg', '--install', put(debian, path)]);
  // The application's own file no longer says the password: it has to come from here.
  await debian.must('sed -i /database_password/d /srv/idp/config/application.yml');
  await debian.must(`install -d -m 0700 ${CREDENTIALS}`);
  debian.write(`${CREDENTIALS}/idp`, `${password}\n`, 0o600);
  debian.write(`${CREDENTIALS}/server_tls.key`, key, 0o600);
  await configureIdp(debian, SETTINGS(credential('idp')));
  await debian.must(`sed 's/^#LoadCredential/LoadCredential/' ${EXAMPLE} >${UNIT}/credentials.conf`);
  await debian.must('systemctl daemon-reload');
}, 600_000);
afterAll(async () => await debian?.close());

/** From now on the server lets idp_app in with a client certificate only. Gives the key of the agent's. */
async function demandCertificate(): Promise<string> {
  const authority = createCertificateAuthority();
  const client = authority.issueClient({ commonName: 'idp_app' });
  debian.write('/etc/postgresql/15/main/clients.crt', authority.certificate);
  debian.write(
    '/etc/postgresql/15/main/conf.d/clients.conf',
    "ssl_ca_file = '/etc/postgresql/15/main/clients.crt'\n",
  );
  debian.write('/etc/ssl/certs/agent.crt', client.certificate);
  await debian.must(
    "sed -i '1i hostssl all idp_app all scram-sha-256 clientcert=verify-full' /etc/postgresql/15/main/pg_hba.conf",
  );
  await debian.must('systemctl reload postgresql@15-main.service');
  return client.key;
}

const alterRole = (secret: string) =>
  debian.must([
    ...['runuser', '-u', 'postgres', '--', 'psql', '-q', '-c'],
    `ALTER ROLE idp_app PASSWORD '${secret}'`,
  ]);

test('check by hand, before the first start: told where credentials come from, and good where it is given their folder', async () => {
  const { code, stderr } = await debian.run(CHECK);
  expect(code).toBe(78);
  expect(stderr).toContain(`Cannot read ${credential('idp')}: CREDENTIALS_DIRECTORY is not set;`);
  expect(await debian.must(`CREDENTIALS_DIRECTORY=${CREDENTIALS} ${CHECK}`)).toContain('0 errors');
});

test('the password and the TLS key come by LoadCredential=, from files that only root may read', async () => {
  await debian.must('systemctl enable --now pgsidecar.socket pgsidecar.service');
  expect(await idp.psql('SELECT current_user')).toBe('idp_app\n');
  const certificate =
    'SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND client_dn IS NOT NULL';
  expect(await idp.psql(certificate)).toBe('/CN=idp_app\n');
});

test('nobody but root and the agent sees them: no user, no child, no environment, no unit, no journal', async () => {
  const pid = await debian.property('MainPID');
  const folder = '/run/credentials/pgsidecar.service';
  expect(await debian.must(`runuser -u pgsidecar -- cat ${folder}/idp`)).toBe(`${password}\n`);
  // idp is in the group pgsidecar, as every application is.
  for (const path of [`${folder}/idp`, `${folder}/server_tls.key`, `${CREDENTIALS}/idp`]) {
    expect((await debian.run(['runuser', '-u', 'idp', '--', 'cat', path])).stderr).toContain(
      'Permission denied',
    );
  }
  const keyLine = key.split('\n')[1]!;
  const said = await Promise.all([
    debian.must(`tr '\\0' '\\n' </proc/${pid}/environ`),
    debian.must(`tr '\\0' ' ' </proc/${pid}/cmdline`),
    debian.must('systemctl show pgsidecar.service'),
    debian.must('systemctl status --no-pager pgsidecar.service'),
    debian.must('journalctl --no-pager'),
    debian.must('pgsidecar status --json --config /etc/pgsidecar/pgsidecar.yml'),
    debian.must(
      `CREDENTIALS_DIRECTORY=${CREDENTIALS} pgsidecar explain --config /etc/pgsidecar/pgsidecar.yml`,
    ),
  ]);
  // Each is about the agent, or what is not in it would prove nothing.
  for (const text of said) {
    expect(text).toContain('pgsidecar');
    expect(text).not.toContain(password);
    expect(text).not.toContain(keyLine);
  }
  expect(said[0]).toContain(`CREDENTIALS_DIRECTORY=${folder}`);
});

test('a reload takes what has changed, and refuses what is wrong with its reasons, under the drop-in too', async () => {
  const pid = await debian.property('MainPID');
  const good = SETTINGS(credential('idp'));
  await configureIdp(debian, `default_pool_size: many\n${good}`);
  expect((await debian.run('systemctl reload pgsidecar.service')).code).not.toBe(0);
  expect(await debian.must('journalctl --no-pager -u pgsidecar.service -t pgsidecar')).toContain(
    'Cannot use default_pool_size \\"many\\"',
  );
  await configureIdp(debian, `default_pool_size: 7\n${good}`);
  await debian.must('systemctl reload pgsidecar.service');
  const status = await debian.must('pgsidecar status --json --config /etc/pgsidecar/pgsidecar.yml');
  expect((JSON.parse(status) as { pools: { poolSize: number }[] }).pools[0]?.poolSize).toBe(7);
  expect([await debian.property('MainPID'), await debian.property('ActiveState')]).toEqual([pid, 'active']);
});

test('a credential that changes is taken by a restart, and not by a reload', async () => {
  const next = crypto.randomUUID();
  debian.write(`${CREDENTIALS}/idp`, next, 0o600);
  await debian.must('systemctl reload pgsidecar.service');
  expect(await idp.psql('SELECT 1', password)).toBe('1\n');
  await alterRole(next);
  await debian.must('systemctl restart pgsidecar.service');
  expect(await idp.psql('SELECT 2', next)).toBe('2\n');
  password = next;
});

test('a watched file that is replaced rotates the password under a client that goes on', async () => {
  await debian.must(`install -d -m 0755 $(dirname ${WATCHED})`);
  const place = async (secret: string): Promise<void> => {
    debian.write(`${WATCHED}.new`, `${secret}\n`, 0o640);
    await debian.must(`chown root:pgsidecar-config ${WATCHED}.new && mv ${WATCHED}.new ${WATCHED}`);
  };
  await place(password);
  await configureIdp(debian, SETTINGS(WATCHED));
  await debian.must('systemctl reload pgsidecar.service');
  const pid = await debian.property('MainPID');
  expect((await debian.run(['runuser', '-u', 'idp', '--', 'cat', WATCHED])).stderr).toContain(
    'Permission denied',
  );

  const next = crypto.randomUUID();
  const before = await idp.psql('SELECT pg_backend_pid()', password);
  debian.write('/srv/statements.sql', "SELECT 'on';\n\\! sleep 0.05\n".repeat(100));
  const client = idp.psqlWith(password, ['-f', '/srv/statements.sql']);
  while (!(await clientIsIn())) await Bun.sleep(20);
  await alterRole(next);
  await place(next);
  while (
    (await debian.run(`journalctl --no-pager -u pgsidecar.service | grep '${WATCHED} changed'`)).code !== 0
  )
    await Bun.sleep(50);
  expect(await client).toBe('on\n'.repeat(100));
  // The server was logged in to anew, with the new password, which now is the one for clients too.
  expect(await idp.psql('SELECT pg_backend_pid()', next)).not.toBe(before);
  const old = idp.psql('SELECT 3', password);
  await expect(old).rejects.toThrow('password authentication failed');
  expect(await debian.property('MainPID')).toBe(pid);
  password = next;
  await configureIdp(debian, SETTINGS(credential('idp')));
});

async function clientIsIn(): Promise<boolean> {
  const status = await debian.must('pgsidecar status --json --config /etc/pgsidecar/pgsidecar.yml');
  return (JSON.parse(status) as { clients: { connected: number } }).clients.connected > 0;
}

test('an encrypted credential is taken by LoadCredentialEncrypted=', async () => {
  debian.write('/srv/plain', password, 0o600);
  await debian.must(`systemd-creds encrypt --with-key=host --name=idp /srv/plain ${CREDENTIALS}/idp.cred`);
  await debian.must(`rm /srv/plain ${CREDENTIALS}/idp`);
  await debian.must(
    `sed -i 's|^LoadCredential=idp:.*|LoadCredentialEncrypted=idp:${CREDENTIALS}/idp.cred|' ${UNIT}/credentials.conf`,
  );
  await debian.must('systemctl daemon-reload && systemctl restart pgsidecar.service');
  expect(await idp.psql('SELECT 4', password)).toBe('4\n');
});

test('a credential that is not there fails the start, by name, and the next start is good', async () => {
  await debian.must(`mv ${CREDENTIALS}/idp.cred /srv/idp.cred`);
  expect((await debian.run('systemctl restart pgsidecar.service')).code).not.toBe(0);
  const { stdout } = await debian.run('systemctl status --no-pager pgsidecar.service');
  expect(stdout).toContain('243/CREDENTIALS');
  expect(await debian.must('journalctl --no-pager -u pgsidecar.service')).toContain(
    'Failed to set up credentials',
  );
  // Systemd names no file; a name that only pgsidecar.yml has is told by the agent.
  await debian.must(`mv /srv/idp.cred ${CREDENTIALS}/idp.cred`);
  await configureIdp(debian, SETTINGS(credential('other')));
  expect((await debian.run('systemctl restart pgsidecar.service')).code).not.toBe(0);
  expect(await debian.must('journalctl --no-pager -u pgsidecar.service')).toContain(
    'Cannot find /run/credentials/pgsidecar.service/other: it should hold the password',
  );
  await configureIdp(debian, SETTINGS(credential('idp')));
  await debian.must('systemctl restart pgsidecar.service');
  expect(await idp.psql('SELECT 5', password)).toBe('5\n');
});
