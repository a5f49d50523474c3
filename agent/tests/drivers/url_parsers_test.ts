// The URLs that `pgsidecar url` prints, read by the parsers of the libraries that they are for.

import { expect, test } from 'bun:test';
import pg from 'pg';
import postgres from 'postgres';
import { Secret } from '../../base/secret.ts';
import type { DatabaseSettings, Settings } from '../../config/settings.ts';
import { DEFAULTS } from '../../config/table.ts';
import { databaseUrl } from '../../render/database_url.ts';
import type { Library } from '../../render/libraries.ts';
import { testNeeding } from '../harness/needs.ts';

const PYTHON = '/usr/bin/python3';

/** What every library must come to. */
interface Place {
  readonly host: string;
  readonly port: string;
  readonly dbname: string;
  readonly user: string;
  readonly password: string;
}

interface Situation {
  readonly title: string;
  readonly place: Place;
}

function situation(title: string, more: Partial<Place> = {}): Situation {
  const place = {
    host: '/run/pgsidecar',
    port: '',
    dbname: 'idp',
    user: 'idp_app',
    password: crypto.randomUUID(),
  };
  return { title, place: { ...place, ...more } };
}

const SITUATIONS: readonly Situation[] = [
  situation('the ordinary case'),
  situation('another port', { port: '6432' }),
  situation('signs in the password', { password: `${crypto.randomUUID()}@:/?#[]%25 +&='"\\;ü*!` }),
  situation('signs in the user', { user: 'app@idp/+ü' }),
  situation('signs in the name', { dbname: "i d&p+%ü/:@='" }),
  situation('a question mark in the name', { dbname: 'what?' }),
  situation('a directory with a blank', { host: '/run/my sockets' }),
];

function urlOf({ place }: Situation, library: Library): string {
  const database = {
    name: place.dbname,
    dbname: place.dbname,
    user: place.user,
    password: new Secret(place.password),
    hosts: [{ host: 'db.example', port: 5432 }],
    role: 'writer',
  } as unknown as DatabaseSettings;
  const port = place.port === '' ? 5432 : Number(place.port);
  const settings: Settings = {
    ...DEFAULTS,
    unix_socket_dir: place.host,
    listen_port: port,
    databases: {},
    users: {},
    peers: {},
  };
  return databaseUrl(settings, database, {
    library,
    fallback: false,
    showSecrets: true,
    systemCaFile: 'system',
  });
}

/** 5432 need not be said. */
function portOf(port: unknown): string {
  return port === undefined || port === null || port === '' || String(port) === '5432' ? '' : String(port);
}

test('node-postgres reads the URL --for node', () => {
  for (const each of SITUATIONS) {
    if (each.place.dbname.includes('?')) {
      expect(() => urlOf(each, 'node'), each.title).toThrow(
        'node-postgres cannot read a name with a ? or # in it',
      );
      continue;
    }
    const { host, port, database, user, password } = new pg.Client({ connectionString: urlOf(each, 'node') });
    expect(
      { host, port: portOf(port), dbname: database ?? '', user: user ?? '', password },
      each.title,
    ).toEqual({
      ...each.place,
      password: each.place.password,
    });
  }
});

test('postgres.js reads the variables --for postgres.js', () => {
  for (const each of SITUATIONS) {
    // As a shell would set them.
    const line = urlOf(each, 'postgres.js');
    const shown = Bun.spawnSync(['env', '-i', '/bin/sh', '-c', `${line} exec env -0`]).stdout.toString();
    const variables = Object.fromEntries(shown.split('\0').map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
    const { options } = withEnvironment(variables, () => postgres({ max: 0 }));
    const { place } = each;
    expect(options.path as unknown, each.title).toBe(`${place.host}/.s.PGSQL.${place.port || 5432}`);
    expect(options.database).toBe(place.dbname);
    expect(options.user).toBe(place.user);
    expect(options.pass as unknown).toBe(place.password);
  }
});

/** postgres.js looks into the environment of the process, and nowhere else. */
function withEnvironment<T>(variables: Readonly<Record<string, string>>, body: () => T): T {
  const names = ['PGHOST', 'PGPORT', 'PGDATABASE', 'PGUSER', 'PGUSERNAME', 'PGPASSWORD'];
  const before = names.map((name) => [name, process.env[name]] as const);
  try {
    for (const name of names) {
      if (variables[name] === undefined) delete process.env[name];
      else process.env[name] = variables[name];
    }
    return body();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** A program in another language: URLs on standard input, a line each; places as JSON on standard output, a line each. */
function placesBy(command: readonly string[], library: Library): readonly Partial<Place>[] {
  const urls = SITUATIONS.map((each) => urlOf(each, library)).join('\n');
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { stdin: Buffer.from(urls) });
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: '' });
  const lines = stdout.toString().trim().split('\n');
  return lines.map((line) => {
    const { host, port, dbname, user, password } = JSON.parse(line) as Record<string, unknown>;
    return { host, port: portOf(port), dbname, user, password } as Partial<Place>;
  });
}

function expectPlaces(places: readonly Partial<Place>[]): void {
  expect(places.length).toBe(SITUATIONS.length);
  for (const [index, { title, place }] of SITUATIONS.entries()) expect(places[index], title).toEqual(place);
}

function python(body: string): readonly string[] {
  const script = `
import json, sys
for line in sys.stdin.read().split('\\n'):
${body
  .trim()
  .split('\n')
  .map((each) => `    ${each}`)
  .join('\n')}
`;
  return [PYTHON, '-W', 'ignore', '-c', script];
}

/** For testNeeding: what is missing of a Python module. */
function missingModule(name: string, debian: string): string | undefined {
  const isThere =
    Bun.which(PYTHON) !== null && Bun.spawnSync([PYTHON, '-c', `import ${name}`]).exitCode === 0;
  return isThere ? undefined : `${debian} not installed: scripts/setup --debian`;
}

testNeeding(missingModule('psycopg2', 'python3-psycopg2'))('libpq reads the URL --for libpq', async () => {
  const body = `
from psycopg2.extensions import parse_dsn
print(json.dumps(parse_dsn(line)))`;
  expectPlaces(placesBy(python(body), 'libpq'));
});

testNeeding(missingModule('sqlalchemy', 'python3-sqlalchemy'))(
  'SQLAlchemy reads the URL --for sqlalchemy',
  async () => {
    const body = `
from sqlalchemy.engine import make_url
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
args, words = PGDialect_psycopg2().create_connect_args(make_url(line))
words['dbname'] = words.pop('dbname', None) or words.pop('database', None)
print(json.dumps(words))`;
    expectPlaces(placesBy(python(body), 'sqlalchemy'));
  },
);

/** What Django makes of a DATABASES entry: OPTIONS first, then NAME, USER, PASSWORD, HOST and PORT where they are set. */
const DJANGO = `
words = {'dbname': config['NAME'], **config.get('OPTIONS', {})}
for key in ('USER', 'PASSWORD', 'HOST', 'PORT'):
    if config[key]: words[key.lower()] = config[key]
print(json.dumps(words))`;

testNeeding(missingModule('dj_database_url', 'python3-dj-database-url'))(
  'dj-database-url reads the URL --for django',
  async () => {
    expectPlaces(
      placesBy(python(`import dj_database_url\nconfig = dj_database_url.parse(line)${DJANGO}`), 'django'),
    );
  },
);

testNeeding(missingModule('environ', 'python3-django-environ'))(
  'django-environ reads the URL --for django',
  async () => {
    expectPlaces(
      placesBy(python(`import environ\nconfig = environ.Env.db_url_config(line)${DJANGO}`), 'django'),
    );
  },
);

const ACTIVE_RECORD = `
require 'json'
require 'logger'
require 'active_support'
require 'active_support/core_ext'
require 'active_record/database_configurations/connection_url_resolver'
`;
const RAILS = `${ACTIVE_RECORD}
STDIN.read.split("\\n").each do |line|
  config = ActiveRecord::DatabaseConfigurations::ConnectionUrlResolver.new(line).to_hash
  config[:dbname] = config.delete(:database)
  config[:user] = config.delete(:username)
  puts config.to_json
end`;

testNeeding(missingActiveRecord())('Rails reads the URL --for rails', async () => {
  expectPlaces(placesBy(['ruby', '-W0', '-e', RAILS], 'rails'));
});

function missingActiveRecord(): string | undefined {
  const isThere = Bun.which('ruby') !== null && Bun.spawnSync(['ruby', '-e', ACTIVE_RECORD]).exitCode === 0;
  return isThere ? undefined : 'ruby-activerecord not installed: scripts/setup --debian';
}
