// A pgbouncer.ini as pgsidecar.yml, with a word on where each value came from and on what does not hold as it was written.

import type { LoadResult } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { renderNative } from './native.ts';
import { IMPORT_MARK, type WantedFile } from './plan.ts';

export function renderImport(path: string, result: LoadResult & { readonly settings: Settings }): WantedFile {
  const { settings, explanation } = result;
  const { auth_file } = settings;
  const originOf = (name: string) => explanation[name]?.origin;
  const [file] = renderNative(settings, {
    head: headOf(path, result),
    at(name) {
      if (name === 'unsafe_settings') return 'as with an ini; take it away once nothing is warned about';
      const origin =
        originOf(name) ?? printed(name.startsWith('databases.') ? settings.databases : settings.users, name);
      return origin === undefined || origin === 'default' ? '' : origin;
    },
    isInAuthFile(user) {
      if (auth_file === '') return false;
      return originOf(`users.${user}.password`)?.startsWith(`${auth_file}:`) ?? false;
    },
  });
  return file!;
}

function printed(named: Settings['databases'] | Settings['users'], path: string): string | undefined {
  const { origin } = named[path.slice(path.indexOf('.') + 1)] ?? {};
  return origin?.line === undefined ? undefined : `${origin.place}:${origin.line}`;
}

function headOf(path: string, { settings, notes, differing, problems }: LoadResult): string[] {
  const authFile = settings?.auth_file ?? '';
  const warnings = problems.map(({ sentence }) => sentence);
  return [
    `${IMPORT_MARK} from ${path}. What is not here is at pgsidecar's default.`,
    ...(authFile === '' ? [] : [`Passwords stay in ${authFile}, which is read again when it changes.`]),
    ...block('What does not hold here as it was written:', notes),
    ...block(
      'What it does not say, and PgBouncer has another default for:',
      differing.map(({ setting, here, there }) => `${setting}: ${here} (PgBouncer's is ${there})`),
    ),
    ...block('What pgsidecar warns about:', warnings),
  ];
}

function block(title: string, sentences: readonly string[]): string[] {
  return sentences.length === 0 ? [] : ['', title, ...sentences.map((each) => `  ${each}`)];
}
