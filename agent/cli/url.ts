// `pgsidecar url [NAME]`: what the application should have as DATABASE_URL.

import { AgentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { databaseNamed } from '../config/any_database.ts';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import { databaseUrl } from '../render/database_url.ts';
import type { Library } from '../render/libraries.ts';
import { mainDatabase } from '../render/urls.ts';
import { type Call, flagIsSet, flagValue, type Host } from './command.ts';
import { loadSettings } from './loading.ts';
import { serviceSockets, withSockets } from './service_sockets.ts';

export async function url(call: Call, host: Host): Promise<number> {
  const loaded = await loadSettings(call, host);
  if (loaded === undefined) return 78;
  const [name] = call.arguments;
  const database = wanted(loaded.settings, name, 'url');
  const fallback = flagIsSet(call, 'fallback');
  const wishes = {
    library: (flagValue(call, 'for') ?? 'libpq') as Library,
    fallback,
    variables: flagIsSet(call, 'variables'),
    showSecrets: flagIsSet(call, 'show-secrets'),
    systemCaFile: fallback ? systemCaFile(host) : 'system',
  };
  const settings = withSockets(loaded.settings, serviceSockets(loaded.config, host));
  host.out(`${databaseUrl(settings, database, wishes)}\n`);
  const others = Object.keys(loaded.settings.databases).filter((each) => each !== database.name);
  // For people only: in `$(pgsidecar url)` nobody asked about the others.
  if (name === undefined && others.length > 0 && host.outIsTerminal) {
    host.err(`This is ${database.name}; there are also ${others.join(', ')}: pgsidecar url NAME\n`);
  }
  return 0;
}

/** Without a name the one that DATABASE_URL is for. */
export function wanted(settings: Settings, name: string | undefined, command: string): DatabaseSettings {
  if (name !== undefined) return named(settings, name, command);
  const main = mainDatabase(settings);
  if (main !== undefined) return main;
  throw new AgentError('config_empty', {
    advice: `none is listed by name; say which: pgsidecar ${command} NAME`,
  });
}

/** By the name that clients ask for. */
function named(settings: Settings, name: string, command: string): DatabaseSettings {
  const database = databaseNamed(settings, name);
  if (database !== undefined) return database;
  const served = Object.keys(settings.databases);
  const meant = nearest(name, served);
  const hint = meant === undefined ? `the databases are ${served.join(', ')}` : `did you mean ${meant}?`;
  throw new AgentError('argument_unexpected', { command, argument: name, hint });
}

/** libpq from version 16 on finds the machine's CAs by itself, which is what is left where we find none. */
export function systemCaFile(host: Host): string {
  try {
    return host.systemCaFile();
  } catch (error) {
    if (error instanceof AgentError) return 'system';
    throw error;
  }
}
