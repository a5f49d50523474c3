// `pgsidecar check`: everything that run does short of listening, and a summary of what it would serve.

import { problem } from '../base/errors.ts';
import { type LoadResult, load } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { ConnectReport } from './check_connect.ts';
import { checkPage, tookOnly } from './check_page.ts';
import { type Call, flagIsSet, type Host } from './command.ts';
import { loadInputOf, printProblems } from './loading.ts';
import { paint } from './paint.ts';
import { ignoredBySockets, serviceSockets } from './service_sockets.ts';

const OTHERS_READ = 0o004;

export async function check(call: Call, host: Host): Promise<number> {
  const loaded = withReaders(withGroup(await load(loadInputOf(call), host.io), host), host);
  const sockets = serviceSockets(loaded.config, host);
  const result = { ...loaded, problems: [...loaded.problems, ...ignoredBySockets(loaded, sockets)] };
  const { settings, problems } = result;
  const json = flagIsSet(call, 'json');
  const reports =
    settings !== undefined && flagIsSet(call, 'connect') ? await connect(settings, host) : undefined;
  if (json) {
    const { checkJson } = await import('./check_json.ts');
    host.out(`${JSON.stringify(checkJson(result, reports, sockets))}\n`);
    return exitCode(settings, reports);
  }
  if (settings !== undefined) host.out(checkPage(settings, { ...result, sockets }, reports, host.outColours));
  else host.out(tookOnly(result));
  printProblems(problems, host);
  for (const report of reports ?? []) printReport(report, host);
  host.out(`${verdict(problems, settings, reports, host)}\n`);
  return exitCode(settings, reports);
}

/** The machine is looked at here, because whoever renders files for another machine need not have that one's groups. */
function withGroup(result: LoadResult, host: Host): LoadResult {
  const { unix_socket_group: value = '', unix_socket_dir: directory = '' } = result.settings ?? {};
  if (value === '' || directory === '' || host.hasGroup(value)) return result;
  const { origin = 'default' } = result.explanation.unix_socket_group ?? {};
  const unknown = problem('error', 'socket_group_unknown', { value, origin });
  return { ...result, settings: undefined, problems: [...result.problems, unknown] };
}

/** Of its own file only: who may read the application's is the application's to say. */
function withReaders(result: LoadResult, host: Host): LoadResult {
  const { path } = result.config ?? {};
  const owner = path === undefined ? undefined : host.io.ownerOf?.(path);
  if (path === undefined || owner === undefined || (owner.mode & OTHERS_READ) === 0) return result;
  const said = Object.entries(result.explanation);
  const placesOf = (names: RegExp) =>
    said.flatMap(([name, { origin }]) => (names.test(name) ? [origin] : []));
  // A user's password is said to be where the file or the command is said that it comes from.
  const elsewhere = new Set(placesOf(/\.(password_file|password_command|secret_id)(_next)?$/));
  const isSecretThere = placesOf(/\.password(_next)?$/).some(
    (origin) => !elsewhere.has(origin) && origin.replace(/:\d+$/, '') === path,
  );
  if (!isSecretThere) return result;
  const mode = owner.mode.toString(8).padStart(4, '0');
  const open = problem('warning', 'config_open', { path, mode }, { place: path });
  return { ...result, problems: [...result.problems, open] };
}

async function connect(settings: Settings, host: Host): Promise<readonly ConnectReport[]> {
  const { connectReports } = await import('./check_connect.ts');
  return await connectReports(settings, host.probe, host.clock.wall());
}

/** In the words and on the stream of every other problem. */
function printReport({ database, server, error, warnings }: ConnectReport, host: Host): void {
  const about = `database "${database}" on ${server}`;
  if (error !== undefined)
    host.err(`${paint(host.errColours, 'red', 'error:')} ${about}: ${error.message}\n`);
  for (const warning of warnings)
    host.err(`${paint(host.errColours, 'yellow', 'warning:')} ${about}: ${warning}\n`);
}

function verdict(
  problems: readonly { readonly severity: string }[],
  settings: Settings | undefined,
  reports: readonly ConnectReport[] | undefined,
  host: Host,
): string {
  const errors = problems.filter((each) => each.severity === 'error').length;
  const failed = (reports ?? []).filter((each) => each.error !== undefined).length;
  const warnings =
    problems.length - errors + (reports ?? []).reduce((sum, each) => sum + each.warnings.length, 0);
  const counts = `${count(errors + failed, 'error')}, ${count(warnings, 'warning')}`;
  const mark = (colour: 'green' | 'red', word: string) => paint(host.outColours, colour, word);
  if (settings === undefined) return `${mark('red', 'unusable')}: ${counts}`;
  if (failed > 0) return `${mark('red', 'usable, but not every server is')}: ${counts}`;
  return `${mark('green', 'ok')}: ${counts}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function exitCode(settings: Settings | undefined, reports: readonly ConnectReport[] | undefined): number {
  if (settings === undefined) return 78;
  return reports?.find((each) => each.error !== undefined)?.error?.row.exit ?? 0;
}
