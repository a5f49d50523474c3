// What each form of a line that leads to the agent becomes, what is left alone, and what is refused.

import { expect, test } from 'bun:test';
import { Secret } from '../base/secret.ts';
import { parseConninfo } from '../config/conninfo.ts';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import { type Ejection, ejectText } from './ejection.ts';
import { databaseFixture, nastySecret, settingsFixture } from './render_fixture.ts';

const password = nastySecret();
const open = () =>
  encodeURIComponent(password.open()).replace(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
const idp = databaseFixture({ password });
const replica = databaseFixture({
  name: 'idp_read_replica',
  dbname: 'idp',
  role: 'replica',
  hosts: [{ host: 'reader.example.com', port: 5433 }],
  user: 'idp_ro',
  password,
});
const TLS = 'sslmode=verify-full&sslrootcert=/etc/ssl/ca.crt';

function eject(
  text: string,
  databases: readonly DatabaseSettings[] = [idp, replica],
  more: Partial<Settings> = {},
): Ejection {
  const settings = settingsFixture(databases, [], more);
  return ejectText(text, settings, { path: '.env', systemCaFile: '/etc/ssl/ca.crt' });
}

test('ejectText() puts the server into each form of a URL that leads to the socket', () => {
  const server = `writer.example.com/idp?${TLS}`;
  const forms: readonly (readonly [string, string])[] = [
    [`postgresql://idp_app:${open()}@/idp?host=/run/pgsidecar`, 'postgresql'],
    [`postgresql+psycopg2://idp_app:${open()}@/idp?host=/run/pgsidecar/`, 'postgresql+psycopg2'],
    [`postgresql://idp_app:${open()}@localhost/idp?host=/run/pgsidecar`, 'postgresql'],
    [
      `postgresql://idp_app:${open()}@/idp?host=/run/pgsidecar,writer.example.com&sslmode=require&target_session_attrs=read-write`,
      'postgresql',
    ],
  ];
  for (const [url, scheme] of forms) {
    const { text, changes } = eject(`A=1\nDATABASE_URL='${url}'\n# end\n`);
    expect(text, url).toBe(`A=1\nDATABASE_URL='${scheme}://idp_app:${open()}@${server}'\n# end\n`);
    expect(changes.map(({ line, what }) => [line, what])).toEqual([[2, 'DATABASE_URL']]);
    expect(JSON.stringify(changes)).not.toContain(open());
  }
});

test('ejectText() says the port to Rails, which lays the URL over a database.yml with another one', () => {
  const { text } = eject(`url: postgres://idp_app:${open()}@%2Frun%2Fpgsidecar/idp`);
  expect(text).toBe(`url: postgres://idp_app:${open()}@writer.example.com:5432/idp?${TLS}`);
});

test('ejectText() writes URLs that the agent itself reads as it reached the server', () => {
  const several = databaseFixture({
    password,
    hosts: [
      { host: 'a.example', port: 5432 },
      { host: 'b.example', port: 5433 },
    ],
    sslrootcert: '/ca.crt',
  });
  for (const url of [
    'postgresql://idp_app@/idp?host=/run/pgsidecar',
    'postgresql://idp_app@%2Frun%2Fpgsidecar/idp',
  ]) {
    const written = /^DATABASE_URL=(.*)$/m
      .exec(eject(`DATABASE_URL='${url}'`, [several]).text)![1]!
      .slice(1, -1);
    const { fields, problems } = parseConninfo(written, { place: 'test' });
    const values = Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, each.value]));
    expect(values).toMatchObject({
      host: 'a.example,b.example',
      port: '5432,5433',
      dbname: 'idp',
      user: 'idp_app',
      sslmode: 'verify-full',
      sslrootcert: '/ca.crt',
    });
    expect(problems).toEqual([]);
  }
});

test('ejectText() keeps a login of its own, what else the URL says, and the name that the server has for the database', () => {
  const renamed = databaseFixture({ password, name: 'shop', dbname: 'shop_production' });
  const url = 'postgresql://reporting:x%40y@/shop?host=/run/pgsidecar&application_name=web';
  const { text } = eject(`export DATABASE_URL="${url}" # the pool`, [renamed]);
  expect(text).toBe(
    `export DATABASE_URL="postgresql://reporting:x%40y@writer.example.com/shop_production?${TLS}&application_name=web" # the pool`,
  );
});

test('ejectText() writes no secret that the file did not hold, and says where it would have had to', () => {
  const payroll = databaseFixture({ ...idp, name: 'payroll', user: 'payroll' });
  const url = (front: string) => `X=postgresql://${front}/payroll?host=/run/pgsidecar`;
  for (const front of ['', 'payroll@', 'somebody@']) {
    const { text, warnings } = eject(url(front), [idp, payroll]);
    expect(text).toBe(
      `X='postgresql://${front}writer.example.com/payroll?${TLS}'`.replace('/payroll?', '/idp?'),
    );
    expect(text).not.toContain(open());
    expect(warnings).toEqual([expect.stringMatching(/^1: no password stands in it, and none was written/)]);
  }
  expect(() => eject(`A=1\n${url('payroll:guess@')}`, [idp, payroll])).toThrow(
    "line 2 has another password than the agent's at the server",
  );
  const forced = databaseFixture({ ...payroll, forceUser: true });
  for (const front of ['', 'reporting@', 'reporting:guess@']) {
    expect(() => eject(url(front), [forced]), front).toThrow('and the agent as "payroll" for everybody');
  }
  expect(() => eject(url('payroll:guess@'), [forced])).toThrow("another password than the agent's");
  expect(eject(url(`payroll:${open()}@`), [forced]).text).toContain(`//payroll:${open()}@writer`);
});

test('ejectText() keeps a password that it cannot compare: the agent has a verifier, or asks the server', () => {
  const verifier = new Secret(`md5${'0123456789abcdef'.repeat(2)}`);
  for (const database of [
    databaseFixture({ password: verifier }),
    databaseFixture({ password: undefined }),
    databaseFixture({ password: nastySecret(), nextPassword: new Secret('x') }),
  ]) {
    const { text, warnings } = eject('X=postgresql://idp_app:x@/idp?host=/run/pgsidecar', [database]);
    expect(text).toBe(`X='postgresql://idp_app:x@writer.example.com/idp?${TLS}'`);
    expect(warnings).toEqual([]);
  }
});

test('ejectText() changes hosts and their ports, in a .env and in the mapping of a YAML file', () => {
  expect(
    eject('DB_HOST=/run/pgsidecar\nDB_PORT=5432\nDB_DATABASE=idp_read_replica\nDB_SSLMODE=verify-full\n')
      .text,
  ).toBe('DB_HOST=reader.example.com\nDB_PORT=5433\nDB_DATABASE=idp\nDB_SSLMODE=verify-full\n');
  const yaml = (host: string, name: string, other: string, port: string) =>
    `production:\n  primary:\n    host: ${host}\n    database: idp\n    sslmode: verify-full\n  replica:\n    database: ${name}\n    host: ${other} # here\n    port: ${port}\n`;
  const { text, warnings } = eject(yaml('/run/pgsidecar', 'idp_read_replica', '"/run/pgsidecar"', '5432'));
  expect(text).toBe(yaml('writer.example.com', 'idp', '"reader.example.com"', '5433'));
  expect(warnings).toEqual([expect.stringContaining('8: no sslmode stands beside host')]);
});

test("ejectText() takes login.gov's database_socket out, where database_host is there to count", () => {
  const file =
    'production:\n  database_socket: /run/pgsidecar\n  database_host: writer.example.com\n  database_name: idp\n';
  expect(eject(file).text).toBe(file.replace('  database_socket: /run/pgsidecar\n', ''));
  expect(() => eject(file.replace('writer.example.com', '~'))).toThrow(
    'no database_host is there to take its place',
  );
});

test('ejectText() quotes a bare value only where a shell would take the new one apart and not the old one', () => {
  expect(eject('DATABASE_URL=postgresql://idp_app@/idp?host=/run/pgsidecar').text).toMatch(
    /^DATABASE_URL='.*&.*'$/,
  );
  const bare = eject('DATABASE_URL=postgresql://idp_app@/idp?host=/run/pgsidecar&port=5432').text;
  expect(bare).toMatch(/^DATABASE_URL=postgresql.*&/);
});

test('ejectText() finds a TCP listener of the agent, and leaves a server on the same machine alone', () => {
  const listening = { listen_addr: ['127.0.0.1'], listen_port: 6432 };
  expect(
    eject('DATABASE_URL=postgresql://idp_app@localhost:6432/idp', [idp], listening).changes,
  ).toHaveLength(1);
  expect(eject('DATABASE_URL=postgresql://idp_app@localhost:5432/idp', [idp], listening).changes).toEqual([]);
  expect(eject('DATABASE_URL=postgresql://idp_app@localhost/idp').changes).toEqual([]);
});

test('ejectText() of a file that leads to the server already changes nothing', () => {
  const once = eject('DATABASE_URL=postgresql://idp_app@/idp?host=/run/pgsidecar\r\nB=2\r\n').text;
  expect(once).toMatch(/^DATABASE_URL='[^\r]*'\r\nB=2\r\n$/);
  expect(eject(once)).toMatchObject({ text: once, changes: [] });
});

test('ejectText() refuses a file that names the agent where it does not understand it', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['host: <%= ENV.fetch("DB_HOST", "/run/pgsidecar") %>', 'line 1 names the agent'],
    ['A=1\nOPTIONS={"host": "/run/pgsidecar"}', 'line 2 names the agent'],
    [
      'DATABASE_URL=postgresql://a@/idp?host=/run/pgsidecar\nX: [postgresql://a@%2frun%2fpgsidecar/idp]',
      'line 2 names the agent',
    ],
    ['DB_HOST=/run/pgsidecar', 'line 1 does not say for which database it is: idp, idp_read_replica'],
    [
      'DATABASE_URL=postgresql://a@/nope?host=/run/pgsidecar',
      'asks for the database "nope", and the agent serves idp, idp_read_replica',
    ],
    ['DB_HOST=/run/pgsidecar\nDB_NAME=idp_read_replica', "no port beside it, and the server's is 5433"],
    ['A=1\nB: two\n', 'no URL, host or database_socket in it leads to the agent at /run/pgsidecar'],
    ['', 'no URL, host or database_socket'],
  ];
  for (const [text, reason] of refused) expect(() => eject(text), text).toThrow(reason);
});

test('ejectText() minds neither comments, nor settings of the agent, nor another agent', () => {
  const text =
    '# was /run/pgsidecar\nPGSIDECAR_UNIX_SOCKET_DIR=/run/pgsidecar\nX=/run/pgsidecar-shop\nDATABASE_URL=postgresql://h/idp';
  expect(eject(text)).toMatchObject({ text, changes: [] });
});
