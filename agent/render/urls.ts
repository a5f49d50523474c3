// The URLs of all databases, as a .env or a plain list.

import envTemplate from '../../templates/env/.env.mustache' with { type: 'text' };
import urlTemplate from '../../templates/url/urls.txt.mustache' with { type: 'text' };
import { AgentError } from '../base/errors.ts';
import { namedDatabases } from '../config/any_database.ts';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import { databaseUrl, shellWord } from './database_url.ts';
import type { Library } from './libraries.ts';
import type { WantedFile } from './plan.ts';
import { fill, Quoted } from './template.ts';

const ENV = '.env';

export function renderEnv(settings: Settings, library: Library): readonly WantedFile[] {
  const names = new Set<string>();
  const urls = namedDatabases(settings).map((database) => {
    const variable = variableOf(settings, database);
    if (names.has(variable)) {
      const reason = `another database has the variable ${variable}`;
      throw new AgentError('value_unrenderable', { what: 'the URL', name: database.name, file: ENV, reason });
    }
    names.add(variable);
    return { variable: new Quoted(variable), url: new Quoted(shellWord(urlOf(settings, database, library))) };
  });
  return [wanted(ENV, fill(envTemplate, { urls }), settings)];
}

export function renderUrls(settings: Settings, library: Library): readonly WantedFile[] {
  const urls = namedDatabases(settings).map((database) => ({
    database: new Quoted(encodeURI(database.name)),
    url: new Quoted(urlOf(settings, database, library)),
  }));
  return [wanted('urls.txt', fill(urlTemplate, { urls }), settings)];
}

/** The database that DATABASE_URL is for: the first writer, or the first of all. */
export function mainDatabase(settings: Settings): DatabaseSettings | undefined {
  const databases = namedDatabases(settings);
  return databases.find((database) => database.role === 'writer') ?? databases[0];
}

/** Rails' names: DATABASE_URL for the main one, READ_REPLICA_DATABASE_URL for read_replica. */
function variableOf(settings: Settings, database: DatabaseSettings): string {
  if (database === mainDatabase(settings)) return 'DATABASE_URL';
  const prefix = database.name.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
  return `${/^[0-9]/.test(prefix) ? '_' : ''}${prefix}_DATABASE_URL`;
}

function urlOf(settings: Settings, database: DatabaseSettings, library: Library): string {
  if (library === 'postgres.js') {
    const reason =
      'it takes a socket from variables of its own; `pgsidecar url NAME --for postgres.js` prints them';
    throw new AgentError('url_impossible', { database: database.name, library, reason });
  }
  return databaseUrl(settings, database, { library, fallback: false, showSecrets: true, systemCaFile: '' });
}

function wanted(name: string, text: string, settings: Settings): WantedFile {
  const secret = Object.values(settings.databases).some((database) => database.password !== undefined);
  return { name, text, secret, mask };
}

/** A line of ours holds one URL and nothing else that could be a secret. */
function mask(line: string): string | undefined {
  if (line.startsWith('# Written by ')) return line;
  const match =
    /^([A-Z0-9_]*DATABASE_URL=|[^\s=]+ )('?)(postgresql:\/\/[^\s:@/]*)(:[^\s@/]*)?(@[^\s']*)('?)$/.exec(line);
  if (match === null) return undefined;
  const [, start, quote, user, password, rest, end] = match;
  return `${start}${quote}${user}${password === undefined ? '' : ':***'}${rest}${end}`;
}
