// `pgsidecar render`: files and URLs from what was loaded, shown, compared or written.

import { join, resolve } from 'node:path';
import { AgentError } from '../base/errors.ts';
import { type Format, renderFiles } from '../render/format.ts';
import type { Library } from '../render/libraries.ts';
import { type FileThere, maskedText, type PlannedFile, planFiles, type WantedFile } from '../render/plan.ts';
import { writePlanned } from '../render/write.ts';
import { type Call, flagIsSet, flagValue, type Host } from './command.ts';
import { loadSettings } from './loading.ts';
import { type Colour, paint } from './paint.ts';
import { systemCaFile } from './url.ts';

export async function render(call: Call, host: Host): Promise<number> {
  const out = flagValue(call, 'out');
  const diff = flagIsSet(call, 'diff');
  if (diff && out === undefined) {
    const hint = '--diff compares with the files that are there';
    throw new AgentError('argument_missing', { command: 'render', argument: '--out DIR', hint });
  }
  const loaded = await loadSettings(call, host);
  if (loaded === undefined) return 78;
  const directory = out === undefined ? '' : resolve(host.io.cwd, out);
  const format = (flagValue(call, 'format') ?? 'native') as Format;
  const library = (flagValue(call, 'for') ?? 'libpq') as Library;
  const fromIni = loaded.config?.format === 'pgbouncer.ini';
  const files = renderFiles(format, loaded.settings, {
    library,
    directory,
    systemCaFile: systemCaFile(host),
    newer: (flagValue(call, 'newer') ?? String(fromIni)) === 'true',
    fromIni,
  });
  const showSecrets = flagIsSet(call, 'show-secrets');
  if (out === undefined) return show(files, showSecrets, host);
  const there = filesThere(files, directory, host);
  const plan = planFiles(files, there, { directory: out, force: flagIsSet(call, 'force'), showSecrets });
  return diff ? showDiff(plan, out, host) : write(plan, out, directory, host);
}

function show(files: readonly WantedFile[], showSecrets: boolean, host: Host): number {
  for (const file of files) {
    // A single file can be piped as it is; of several one wants to know where each begins.
    if (files.length > 1) host.out(`==> ${file.name} <==\n`);
    host.out(showSecrets ? file.text : maskedText(file));
    if (files.length > 1 && file !== files.at(-1)) host.out('\n');
  }
  return 0;
}

function filesThere(
  files: readonly WantedFile[],
  directory: string,
  host: Host,
): ReadonlyMap<string, FileThere> {
  const there = new Map<string, FileThere>();
  for (const { name } of files) {
    const file = host.files.look(join(directory, name));
    if (file !== undefined) there.set(name, file);
  }
  return there;
}

function write(plan: readonly PlannedFile[], out: string, directory: string, host: Host): number {
  writePlanned(host.files, directory, plan);
  for (const file of plan)
    host.out(`${DONE[file.action]} ${join(out, file.name)} (mode ${octal(file.mode)})\n`);
  return 0;
}

const DONE = { create: 'created', change: 'changed', keep: 'kept' } as const;

function showDiff(plan: readonly PlannedFile[], out: string, host: Host): number {
  const changes = plan.filter((file) => file.action !== 'keep');
  for (const file of changes) {
    const path = join(out, file.name);
    host.out(`--- ${file.action === 'create' ? '/dev/null' : path}\n+++ ${path}\n`);
    if (file.modeBefore !== undefined && file.modeBefore !== file.mode) {
      host.out(`mode ${octal(file.modeBefore)} → ${octal(file.mode)}\n`);
    }
    for (const line of file.diff) host.out(`${coloured(line, host)}\n`);
  }
  if (changes.length === 0) host.out('nothing would change\n');
  return changes.length === 0 ? 0 : 1;
}

function coloured(line: string, host: Host): string {
  const colours: Readonly<Record<string, Colour>> = { '+': 'green', '-': 'red', '@': 'dim' };
  const colour = colours[line[0] ?? ''];
  return colour === undefined ? line : paint(host.outColours, colour, line);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
