// `pgsidecar import`: a pgbouncer.ini as a commented pgsidecar.yml, shown or written.

import { basename, dirname, resolve } from 'node:path';
import { load } from '../config/load.ts';
import { renderImport } from '../render/import.ts';
import { maskedText, planFiles } from '../render/plan.ts';
import { writePlanned } from '../render/write.ts';
import { type Call, flagIsSet, flagValue, type Host } from './command.ts';
import { printProblems } from './loading.ts';

export async function importIni(call: Call, host: Host): Promise<number> {
  const [path = ''] = call.arguments;
  // Of the file alone: what this shell has in its environment is not what the ini says.
  const result = await load(
    { configFile: path, ...(flagIsSet(call, 'keep-defaults') ? { defaults: 'pgbouncer' as const } : {}) },
    { ...host.io, env: {} },
  );
  const { settings } = result;
  printProblems(result.problems, host);
  if (settings === undefined) return 78;
  const wanted = renderImport(path, { ...result, settings });
  const showSecrets = flagIsSet(call, 'show-secrets');
  const out = flagValue(call, 'out');
  if (out === undefined) {
    host.out(showSecrets ? wanted.text : maskedText(wanted));
    return 0;
  }
  const target = resolve(host.io.cwd, out);
  const file = { ...wanted, name: basename(target) };
  const there = host.files.look(target);
  const plan = planFiles([file], new Map(there === undefined ? [] : [[file.name, there]]), {
    directory: dirname(out),
    force: flagIsSet(call, 'force'),
    showSecrets,
  });
  writePlanned(host.files, dirname(target), plan);
  for (const { action, mode } of plan) {
    host.out(
      `${action === 'keep' ? 'kept' : `${action}d`} ${out} (mode ${mode.toString(8).padStart(4, '0')})\n`,
    );
  }
  return 0;
}
