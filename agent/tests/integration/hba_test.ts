// Who comes in by which line of auth_hba_file, with psql at the door and a file that is changed while the agent runs.

import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { freePort, startPostgres } from '../harness/postgres.ts';
import { ask, type Login, refusalOf, refused, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const clientAuthority = createCertificateAuthority();

const { authority, postgres } = await openShop({ users: { app: '', clerk: '' } });
const port = await freePort();

/** Over the UNIX socket and TCP, in the clear or by TLS; clerk has a password of his own and works as app. */
function application(settings: Application['settings'] = {}): Application {
  return {
    postgres,
    authority,
    settings: {
      auth_type: 'hba',
      auth_hba_file: 'hba.conf',
      listen_addr: '127.0.0.1, ::1',
      listen_port: port,
      client_tls_sslmode: 'prefer',
      client_tls_cert_file: 'agent.crt',
      client_tls_key_file: 'agent.key',
      databases: { shop: { force_user: true } },
      users: { clerk: { password: postgres.passwordOf('clerk') } },
      ...settings,
    },
  };
}

function files(hba: readonly string[], ident: readonly string[] = []): Record<string, string> {
  const { certificate, key } = authority.issueServer();
  return {
    'hba.conf': hba.join('\n'),
    'ident.conf': ident.join('\n'),
    'agent.crt': certificate,
    'agent.key': key,
    'clients.crt': clientAuthority.certificate,
  };
}

function start(hba: readonly string[], settings: Application['settings'] = {}): Promise<Agent> {
  return serve(application(settings), { files: files(hba) });
}

type Road = 'local' | 'clear' | 'tls' | 'v6';

function by(agent: Agent, road: Road, user = 'app', more: Partial<Login> = {}): Login {
  const login = through(agent, postgres.passwordOf(user), { port, user, ...more });
  if (road === 'local') return login;
  const host = road === 'v6' ? '::1' : '127.0.0.1';
  const tls =
    road === 'tls'
      ? { PGSSLMODE: 'verify-ca', PGSSLROOTCERT: `${agent.directory}/ca.crt` }
      : { PGSSLMODE: 'disable' };
  return { ...login, host, env: { ...tls, ...more.env } };
}

const NO_PASSWORD = { password: '' };

/** Who runs this, as the user database has it. */
function systemUser(): string {
  return Bun.spawnSync(['id', '-un']).stdout.toString().trim();
}

test('the first line that fits decides, by road, user and database', async () => {
  await using agent = await start([
    'local     all   clerk               reject',
    'local     all   all                 scram-sha-256',
    'hostssl   all   all   127.0.0.0/8   password',
    'hostnossl shop  app   127.0.0.1/32  md5',
    'host      all   all   all           reject',
  ]);
  for (const road of ['local', 'tls', 'clear'] as const) {
    expect(await ask(by(agent, road), 'SELECT current_user')).toBe('app');
    expect(await refusalOf(by(agent, road, 'app', { password: crypto.randomUUID() }))).toBe(
      'FATAL:  password authentication failed for user "app"',
    );
  }
  const rejects = (host: string, user: string, encryption: string) =>
    `FATAL:  login rejected: pg_hba.conf rejects connection for host "${host}", user "${user}", database "shop", ${encryption}`;
  expect(await refusalOf(by(agent, 'local', 'clerk'))).toBe(rejects('[local]', 'clerk', 'no encryption'));
  expect(await ask(by(agent, 'tls', 'clerk'), 'SELECT 1')).toBe('1');
  expect(await refusalOf(by(agent, 'clear', 'clerk'))).toBe(rejects('127.0.0.1', 'clerk', 'no encryption'));
  expect(await refusalOf(by(agent, 'v6'))).toBe(rejects('::1', 'app', 'no encryption'));
});

test('no line is a refusal, in PostgreSQL’s own words', async () => {
  await using agent = await start(['host shop app 127.0.0.1/32 scram-sha-256']);
  expect(await refused(by(agent, 'local'))).toEqual({
    sqlstate: '28000',
    text: 'FATAL:  login rejected: no pg_hba.conf entry for host "[local]", user "app", database "shop", no encryption',
  });
  expect(await refusalOf(by(agent, 'tls', 'clerk'))).toBe(
    'FATAL:  login rejected: no pg_hba.conf entry for host "127.0.0.1", user "clerk", database "shop", SSL encryption',
  );
  expect(await refusalOf(by(agent, 'clear', 'app', { database: 'other' }))).toBe(
    'FATAL:  login rejected: no pg_hba.conf entry for host "127.0.0.1", user "app", database "other", no encryption',
  );
  expect(agent.logLines()).toContainEqual(
    expect.objectContaining({ msg: 'login refused', reason: 'no line of auth_hba_file fits' }),
  );
});

test('says what PostgreSQL itself says of the same login, behind PgBouncer’s words', async () => {
  const server = await startPostgres({
    hba: ['host all clerk 127.0.0.1/32 reject', 'host all app 10.0.0.0/8 md5'],
    auth: 'reject',
    users: { app: '', clerk: '' },
    databases: { shop: 'app' },
  });
  try {
    await using agent = await start(['host all clerk 127.0.0.1/32 reject', 'host all app 10.0.0.0/8 md5']);
    const direct = { host: '127.0.0.1', port: server.port, password: 'x', env: { PGSSLMODE: 'disable' } };
    const said = (await refusalOf({ ...direct, user: 'clerk' })).replace('FATAL:  ', '');
    expect(await refusalOf(by(agent, 'clear', 'clerk'))).toBe(`FATAL:  login rejected: ${said}`);
  } finally {
    await server.stop();
  }
});

test('the file is read again when it changes; one that cannot be read changes nothing', async () => {
  await using agent = await start(['local all all scram-sha-256']);
  expect(await ask(by(agent, 'local'), 'SELECT 1')).toBe('1');
  const refusedAt = agent.logLines().length;
  agent.writeFile('hba.conf', 'local all app rejected\nhost all all nowhere trust\n');
  const { problems } = await agent.waitForLog('reload refused: nothing was changed', refusedAt);
  expect(problems).toEqual([
    expect.stringMatching(
      /^Cannot use the method "rejected" at .*hba\.conf:1: expected .*did you mean reject/,
    ),
    expect.stringMatching(/^Cannot use the address "nowhere" at .*hba\.conf:2: expected an address/),
  ]);
  expect(await ask(by(agent, 'local'), 'SELECT 2')).toBe('2');
  const appliedAt = agent.logLines().length;
  agent.writeFile('hba.conf', 'local all app reject\nlocal all all scram-sha-256\n');
  const { changes } = await agent.waitForLog('reloaded', appliedAt);
  expect(changes).toEqual(['auth_hba_file, auth_ident_file: new contents, 2 lines decide who comes in']);
  expect(await refusalOf(by(agent, 'local'))).toContain('pg_hba.conf rejects connection');
  expect(await ask(by(agent, 'local', 'clerk'), 'SELECT 3')).toBe('3');
});

test('an agent with a line that it cannot read does not start', async () => {
  await using agent = await serve(application(), {
    files: files(['local all +staff reject', 'local all all trust']),
    expectFailure: true,
  });
  expect(await agent.exited).toBe(78);
  expect(agent.logLines().map(({ msg }) => msg)).toContainEqual(
    expect.stringMatching(/^error: Cannot use the user "\+staff" at .*hba\.conf:1: expected names or all/),
  );
});

test('trust in a line asks for nothing, for that line alone, and is warned about', async () => {
  await using agent = await start(['local all clerk trust', 'local all all scram-sha-256']);
  expect(await ask(by(agent, 'local', 'clerk', NO_PASSWORD), 'SELECT current_user')).toBe('app');
  expect(await refusalOf(by(agent, 'local', 'app', NO_PASSWORD))).toContain('no password supplied');
  const warning = expect.stringMatching(
    /^The method is "trust" at .*hba\.conf:1: whoever comes by this line/,
  );
  expect((await agent.status()).warnings).toEqual([warning]);
  expect(agent.logLines()).toContainEqual(expect.objectContaining({ level: 40, msg: warning }));
});

test('peer goes by the map that its line names', async () => {
  const me = systemUser();
  await using agent = await serve(application({ auth_ident_file: 'ident.conf' }), {
    files: files(
      ['local all clerk peer map=some', 'local all all peer'],
      [`some /^${me.slice(0, 1)}(.*)$ clerk`, 'some nobody app'],
    ),
  });
  expect(await ask(by(agent, 'local', 'clerk', NO_PASSWORD), 'SELECT current_user')).toBe('app');
  expect(await refusalOf(by(agent, 'local', 'app', NO_PASSWORD))).toBe(
    'FATAL:  unix socket login rejected: peer authentication failed for user "app"',
  );
  const from = agent.logLines().length;
  agent.writeFile('ident.conf', 'some nobody clerk\n');
  await agent.waitForLog('reloaded', from);
  expect(await refusalOf(by(agent, 'local', 'clerk', NO_PASSWORD))).toBe(
    'FATAL:  unix socket login rejected: peer authentication failed for user "clerk"',
  );
});

describe('cert', () => {
  const settings = { client_tls_sslmode: 'verify-ca', client_tls_ca_file: 'clients.crt' };

  function showing(agent: Agent, commonName: string, user: string, from = clientAuthority): Login {
    const { certificate, key } = from.issueClient({ commonName });
    const name = crypto.randomUUID();
    agent.writeFile(`${name}.crt`, certificate);
    agent.writeFile(`${name}.key`, key);
    const at = `${agent.directory}/${name}`;
    return by(agent, 'tls', user, { password: '', env: { PGSSLCERT: `${at}.crt`, PGSSLKEY: `${at}.key` } });
  }

  test('lets the name in the certificate in as itself, or as what the map makes of it', async () => {
    const hba = ['hostssl all clerk all cert map=mail', 'hostssl all all all cert'];
    await using agent = await serve(application({ ...settings, auth_ident_file: 'ident.conf' }), {
      files: files(hba, ['mail /^(.*)@example[.]com$ \\1']),
    });
    expect(await ask(showing(agent, 'app', 'app'), 'SELECT current_user')).toBe('app');
    expect(await ask(showing(agent, 'clerk@example.com', 'clerk'), 'SELECT 1')).toBe('1');
    const failed = (user: string) => `FATAL:  certificate authentication failed for user "${user}"`;
    expect(await refusalOf(showing(agent, 'clerk', 'clerk'))).toBe(failed('clerk'));
    expect(await refusalOf(showing(agent, 'clerk', 'app'))).toBe(failed('app'));
    expect(await refusalOf(showing(agent, 'clerk@example.com.evil', 'clerk'))).toBe(failed('clerk'));
    const nobody = { ...showing(agent, 'nobody', 'app'), user: 'nobody' };
    expect(await refusalOf(nobody)).toBe(failed('nobody'));
    expect(await refusalOf(showing(agent, 'app', 'app', createCertificateAuthority()))).not.toContain('app');
    expect(await refusalOf(by(agent, 'tls'))).toContain('certificate');
    expect(await refusalOf(by(agent, 'local'))).toContain('no pg_hba.conf entry');
  });

  test('is an auth_type of its own', async () => {
    await using agent = await start([], { ...settings, auth_type: 'cert', auth_hba_file: '' });
    expect(await ask(showing(agent, 'app', 'app'), 'SELECT current_user')).toBe('app');
    expect(await refusalOf(showing(agent, 'clerk', 'app'))).toBe(
      'FATAL:  certificate authentication failed for user "app"',
    );
    expect(await refusalOf(by(agent, 'local'))).toBe(
      'FATAL:  certificate authentication failed for user "app"',
    );
  });

  test('clientcert asks for the certificate beside the password', async () => {
    await using agent = await start(['hostssl all all all scram-sha-256 clientcert=verify-full'], settings);
    const withPassword = (login: Login) => ({ ...login, password: postgres.passwordOf('app') });
    expect(await ask(withPassword(showing(agent, 'app', 'app')), 'SELECT 1')).toBe('1');
    expect(await refusalOf(withPassword(showing(agent, 'clerk', 'app')))).toBe(
      'FATAL:  certificate authentication failed for user "app"',
    );
    expect(await refusalOf({ ...showing(agent, 'app', 'app'), password: crypto.randomUUID() })).toBe(
      'FATAL:  password authentication failed for user "app"',
    );
  });
});
