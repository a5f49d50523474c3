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
      'What may go, once it is tried: what a client leaves in its session follows it here:',
      workarounds(settings),
    ),
    ...block(
      'What it does not say, and PgBouncer has another default for:',
      differing.map(({ setting, here, there }) => `${setting}: ${here} (PgBouncer's is ${there})`),
    ),
    ...block('What pgsidecar warns about:', warnings),
  ];
}

/** What PgBouncer needs, or its users, because it loses what a session has in `transaction` and `statement` mode. */
function workarounds(settings: Settings | undefined): string[] {
  if (settings === undefined || !isShared(settings)) return [];
  const { max_prepared_statements, server_reset_query_always, ignore_startup_parameters } = settings;
  const lines: string[] = [];
  if (max_prepared_statements === 0)
    lines.push(
      'max_prepared_statements: 0 switches off that named statements follow their clients; with it each PREPARE of SQL keeps its server, too',
    );
  if (server_reset_query_always)
    lines.push(
      'server_reset_query_always: clients lose nothing by it that their texts have set, at a round trip for each transaction; keep it where functions set names of your own (app.tenant)',
    );
  if (ignore_startup_parameters.length > 0)
    lines.push(
      `ignore_startup_parameters: ${ignore_startup_parameters.join(', ')} would follow each client instead of being dropped`,
    );
  return lines;
}

/** Some servers are shared between clients: in `session` mode nothing has to follow. */
function isShared({ pool_mode, databases, users }: Settings): boolean {
  const modes = [
    pool_mode,
    ...[...Object.values(databases), ...Object.values(users)].map(({ poolMode }) => poolMode),
  ];
  return modes.some((mode) => mode === 'transaction' || mode === 'statement');
}

function block(title: string, sentences: readonly string[]): string[] {
  return sentences.length === 0 ? [] : ['', title, ...sentences.map((each) => `  ${each}`)];
}
