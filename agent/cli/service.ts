// A command on the packaged service's own configuration sees what the service sees: its variables, and for a check its user and groups.

import { AgentError } from '../base/errors.ts';
import { environmentFileOf, PLAIN_CONFIG, parseEnvironmentFile, unitOf } from '../config/environment_file.ts';
import { CONFIG_VARIABLE } from '../config/sources/environment.ts';
import type { Call, Host } from './command.ts';
import { instanceFlags } from './which_agent.ts';

const BESIDE = 'pgsidecar.yml';

/** The host as the command is to see it. @param judges it is to say what the service could do, so it becomes its user where it can. */
export function asService(call: Call, host: Host, judges: boolean): Host {
  const config = configOf(call, host);
  const path = config === undefined ? undefined : environmentFileOf(config);
  if (config === undefined || path === undefined || host.service === undefined) return host;
  const env = { ...host.io.env, ...variablesOf(path, host) };
  // Credentials are root's to read, and systemd hands them over: whoever names their folder judges without the user.
  const unit = judges && env.CREDENTIALS_DIRECTORY === undefined ? unitOf(config) : undefined;
  const became = unit !== undefined && host.service.become(unit);
  return { ...host, io: host.service.io(env, became ? unit : undefined) };
}

/** The file that is taken, as far as it is told without reading it. */
function configOf(call: Call, host: Host): string | undefined {
  const named = instanceFlags(call).configFile ?? (host.io.env[CONFIG_VARIABLE] || undefined);
  if (named !== undefined) return named;
  return readable(BESIDE, host) === undefined ? PLAIN_CONFIG : undefined;
}

function variablesOf(path: string, host: Host): Readonly<Record<string, string>> {
  return parseEnvironmentFile(readable(path, host) ?? '');
}

/** Undefined where it is not there, or not for this user. */
function readable(path: string, host: Host): string | undefined {
  try {
    return host.io.read(path);
  } catch (error) {
    if (error instanceof AgentError) return undefined;
    throw error;
  }
}
