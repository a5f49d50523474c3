// From a call to Settings: what the flags say, handed to the loader, and its problems printed.

import { AgentError, type Problem } from '../base/errors.ts';
import { type LoadInput, type LoadResult, load } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { SourceIo } from '../config/source.ts';
import { whyUntrusted } from '../config/trust.ts';
import { type Call, flagIsSet, type Host } from './command.ts';
import { paint } from './paint.ts';
import { instanceFlags } from './which_agent.ts';

export interface Loaded extends LoadResult {
  readonly settings: Settings;
}

/** The loader's own words for the flags of a command line. */
export function loadInputOf(call: Call): LoadInput {
  const { configFile, folder } = instanceFlags(call);
  const { sources, environment, ...given } = Object.fromEntries(call.settings);
  const flags = folder === undefined ? given : { unix_socket_dir: folder, ...given };
  return {
    configFile,
    environment: environment?.at(-1),
    ...(sources === undefined ? {} : { sources }),
    ...(flagIsSet(call, 'defaults') ? { defaults: 'pgbouncer' as const } : {}),
    flags,
  };
}

/** Prints every problem; undefined when they leave no settings, which is exit code 78. */
export async function loadSettings(call: Call, host: Host): Promise<Loaded | undefined> {
  const result = await load(loadInputOf(call), host.io);
  printProblems(result.problems, host);
  const { settings } = result;
  return settings === undefined ? undefined : { ...result, settings };
}

export function printProblems(problems: readonly Problem[], host: Host): void {
  for (const { severity, sentence } of problems) {
    const mark = paint(host.errColours, severity === 'error' ? 'red' : 'yellow', `${severity}:`);
    host.err(`${mark} ${sentence}\n`);
  }
}

/**
 * Where the running agent listens for these commands. It is asked of a configuration that may be broken just now, or whose
 * secrets cost a command each: the agent that runs has neither problem, so nothing is complained about, and nothing is run.
 */
export async function controlSocket(call: Call, host: Host): Promise<string> {
  const given = call.settings.get('control_socket')?.at(-1);
  if (given !== undefined && given !== '') return given;
  const io: SourceIo = { ...host.io, run: async () => '' };
  const { explanation, problems } = await load(loadInputOf(call), io);
  // But whom to ask is not said by a stranger.
  const { code, origin } = problems.find((each) => each.code === 'config_untrusted') ?? {};
  if (code !== undefined && origin !== undefined) {
    const reason = whyUntrusted(io.ownerOf?.(origin.place), io.caller) ?? 'it was replaced just now';
    throw new AgentError(code, { path: origin.place, directory: io.cwd, reason }, origin);
  }
  const named = explanation.control_socket?.value ?? '';
  return named === '' ? `${explanation.unix_socket_dir?.value}/${CONTROL_NAME}` : named;
}

/** As the settings table says of control_socket. */
const CONTROL_NAME = 'pgsidecar.control';
