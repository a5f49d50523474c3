// Which agent a command means, and whether it is that one that answers: two instances may share a machine.

import { resolve } from 'node:path/posix';
import { AgentError } from '../base/errors.ts';
import { instanceFile, instanceFolder, instanceOf, isInstanceName } from '../config/instance.ts';
import { CONFIG_VARIABLE } from '../config/sources/environment.ts';
import type { Snapshot } from '../observe/snapshot.ts';
import { type Call, flagValue, type Host } from './command.ts';

const ANSWER_TIMEOUT_MS = 10_000;

/** `--instance NAME` in the words of the unit: the file, and the folder of the sockets where no flag says another. */
export function instanceFlags(call: Call): { configFile: string | undefined; folder: string | undefined } {
  const configFile = flagValue(call, 'config');
  const name = flagValue(call, 'instance');
  if (name === undefined) return { configFile, folder: undefined };
  if (!isInstanceName(name) || configFile !== undefined) {
    const expected =
      configFile === undefined
        ? 'a NAME as in pgsidecar@NAME.service; the agent of pgsidecar.service is meant without --instance'
        : 'either --instance or --config';
    throw new AgentError('flag_value_invalid', { flag: '--instance', value: name, expected });
  }
  return { configFile: instanceFile(name), folder: instanceFolder(name) };
}

/**
 * The file that the command was given is to be the one that the agent was started with. Whoever names the control socket
 * has said himself which agent it is.
 *
 * @throws AgentError control_other
 */
export function refuseOther(snapshot: Snapshot, call: Call, host: Host, path: string): void {
  const config = meantConfig(call, host);
  if (config === undefined || !('config' in snapshot) || snapshot.config === config) return;
  const name = instanceOf(config);
  throw new AgentError('control_other', {
    path,
    other: snapshot.config ?? 'no such file',
    config,
    hint: name === undefined ? '' : ` (--instance ${name}, where it is a service of its own)`,
  });
}

/** The same for a command that does not ask for the snapshot anyway. */
export async function refuseOtherAgent(call: Call, host: Host, path: string): Promise<void> {
  if (meantConfig(call, host) === undefined) return;
  const { body } = await host.control(path, { method: 'GET', path: '/status', timeoutMs: ANSWER_TIMEOUT_MS });
  refuseOther(body as unknown as Snapshot, call, host, path);
}

function meantConfig(call: Call, host: Host): string | undefined {
  const given = instanceFlags(call).configFile ?? (host.io.env[CONFIG_VARIABLE] || undefined);
  if (given === undefined || call.settings.has('control_socket')) return undefined;
  return resolve(host.io.cwd, given);
}
