// `pgsidecar eject [NAME]`: the way back to the server itself, printed, or written into the application's own file.

import { join } from 'node:path';
import { AgentError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import { directUrl } from '../render/direct_url.ts';
import { type Ejection, ejectText } from '../render/ejection.ts';
import type { Library } from '../render/libraries.ts';
import type { FileThere } from '../render/plan.ts';
import { type Call, flagIsSet, flagValue, type Host } from './command.ts';
import { loadSettings } from './loading.ts';
import { paint } from './paint.ts';
import { systemCaFile, wanted } from './url.ts';

/** The file as it was, for whoever wants to go through the agent again. */
const KEPT = '.through-pgsidecar';

export async function eject(call: Call, host: Host): Promise<number> {
  const files = call.flags.get('write') ?? [];
  const [name] = call.arguments;
  if (files.length > 0 && name !== undefined) {
    const hint = 'with --write each line says by itself which database it is for';
    throw new AgentError('argument_unexpected', { command: 'eject', argument: name, hint });
  }
  const loaded = await loadSettings(call, host);
  if (loaded === undefined) return 78;
  const { settings } = loaded;
  const library = flagValue(call, 'for') as Library | undefined;
  const showSecrets = flagIsSet(call, 'show-secrets');
  if (files.length > 0) return write(files, settings, library, host);
  const database = wanted(settings, name, 'eject');
  const wishes = { library: library ?? 'libpq', showSecrets, systemCaFile: systemCaFile(host) };
  host.out(`${directUrl(database, wishes)}\n`);
  return 0;
}

interface Planned {
  /** As the operator wrote it. */
  readonly shown: string;
  readonly path: string;
  readonly before: FileThere;
  readonly ejection: Ejection;
}

/** All files are understood before the first of them is touched. */
function write(
  files: readonly string[],
  settings: Settings,
  library: Library | undefined,
  host: Host,
): number {
  const plans = [...new Set(files)].map((file) => plan(file, settings, library, host));
  for (const each of plans) {
    if (each.ejection.changes.length > 0) put(each, host);
    else host.out(`${each.shown} leads to the server already\n`);
  }
  if (plans.some(({ ejection }) => ejection.changes.length > 0)) {
    host.err('Restart the application. The agent goes on serving until `pgsidecar drain`.\n');
  }
  return 0;
}

function plan(shown: string, settings: Settings, library: Library | undefined, host: Host): Planned {
  const path = shown.startsWith('/') ? shown : join(host.io.cwd, shown);
  const file = lookAt(shown, path, host);
  if (file === undefined) throw refused(shown, 'there is no such file');
  // A byte that is no UTF-8 would be written back as something else.
  if (file.text.includes('\uFFFD')) throw refused(shown, 'it is not UTF-8');
  const ejection = ejectText(file.text, settings, {
    path: shown,
    systemCaFile: systemCaFile(host),
    ...(library === undefined ? {} : { library }),
  });
  return { shown, path, before: file, ejection };
}

function lookAt(shown: string, path: string, host: Host) {
  try {
    return host.files.look(path);
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'file_symlink') throw error;
    throw refused(shown, 'it is a symbolic link; name the file that it leads to');
  }
}

function put({ shown, path, before, ejection }: Planned, host: Host): void {
  const { text, mode, place } = before;
  host.files.replace(`${path}${KEPT}`, text, mode, place);
  host.files.replace(path, ejection.text, mode, place);
  for (const { line, what, from, to } of ejection.changes) {
    host.out(`${shown}:${line} ${what}: ${from} → ${to}\n`);
  }
  host.out(`${shown} as it was: ${shown}${KEPT}\n`);
  for (const warning of ejection.warnings) {
    host.err(`${paint(host.errColours, 'yellow', 'warning:')} ${shown}:${warning}\n`);
  }
}

function refused(path: string, reason: string): AgentError {
  return new AgentError('eject_refused', { path, reason });
}
