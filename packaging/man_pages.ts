// The manual pages, from the tables that the program itself goes by: pgsidecar(1), pgsidecar.yml(5).

import { COMMON_FLAGS, CONFIGURATION_FLAGS } from '../agent/cli/arguments.ts';
import { COMMANDS } from '../agent/cli/cli.ts';
import { type Command, EXIT_CODES, type Flag } from '../agent/cli/command.ts';
import { spelling, usage } from '../agent/cli/help.ts';
import { printValue } from '../agent/config/read_value.ts';
import { DATABASE_KEYS, USER_KEYS } from '../agent/config/table/keys.ts';
import { rowOf, SETTING_NAMES, type SettingName } from '../agent/config/table.ts';
import { SIGNALS } from '../agent/daemon/signals.ts';

/** @param version as `pgsidecar version` says it; @param date of the release, ISO 8601. */
export function pgsidecar1(version: string, date: string): string {
  return page('PGSIDECAR', 1, version, date, [
    ...section('NAME', ['pgsidecar \\- PostgreSQL connection pooler that lives beside the application']),
    ...section(
      'SYNOPSIS',
      COMMANDS.flatMap((command) => [bold(usage(command)), '.br']),
    ),
    ...section('DESCRIPTION', [
      text(
        'One agent on every application instance reads the application’s own application.yml, database.yml or .env, offers the application one UNIX socket with authentication required, keeps a few verified TLS connections to the server, and changes with its files without dropping a client. What the application’s file cannot say stands in pgsidecar.yml(5).',
      ),
    ]),
    ...section('COMMANDS', COMMANDS.flatMap(commandLines)),
    ...section('OPTIONS', [
      text('Of every command:'),
      ...flagLines(COMMON_FLAGS),
      '.PP',
      text('Of every command that reads the configuration:'),
      ...flagLines(CONFIGURATION_FLAGS),
      '.PP',
      text(
        'Every setting of pgsidecar.yml(5) is an option too: `default_pool_size` is `--default-pool-size 5`.',
      ),
    ]),
    ...section(
      'EXIT STATUS',
      Object.entries(EXIT_CODES).flatMap(([code, means]) => term(code, [sentence(means)])),
    ),
    ...section(
      'SIGNALS',
      Object.entries(SIGNALS).flatMap(([name, { doc }]) => term(name, [doc])),
    ),
    ...section('ENVIRONMENT', [
      ...term('PGSIDECAR_CONFIG', ['As --config FILE.']),
      ...term('PGSIDECAR_SETTING', [
        'Any setting, its name in capitals: `PGSIDECAR_DEFAULT_POOL_SIZE=5`. A flag wins over it, and it wins over the file.',
      ]),
      ...term('DATABASE_URL', ['The database, where no file names one.']),
      ...term('NO_COLOR', ['No colours, whatever the terminal.']),
    ]),
    ...section('FILES', [
      ...term('/etc/pgsidecar/pgsidecar.yml', ['The configuration of the packaged service.']),
      ...term('/etc/pgsidecar/NAME.yml', ['That of the instance `pgsidecar@NAME.service`.']),
      ...term('/etc/pgsidecar/environment', [
        'Variables for the packaged service, as systemd.exec(5) reads them.',
      ]),
      ...term('/run/pgsidecar/.s.PGSQL.5432', ['Where applications connect: `host=/run/pgsidecar`.']),
      ...term('/run/pgsidecar/pgsidecar.control', [
        'Where `status`, `reload`, `wait` and `drain` reach the agent; only its user and root may.',
      ]),
    ]),
    ...section('SEE ALSO', [text('pgsidecar.yml(5), systemd.socket(5), psql(1)')]),
  ]);
}

/** As above, of the settings. */
export function pgsidecarYml5(version: string, date: string): string {
  const keys = (table: typeof DATABASE_KEYS | typeof USER_KEYS) =>
    Object.entries(table).flatMap(([name, { doc }]) => term(name, [doc]));
  return page('PGSIDECAR.YML', 5, version, date, [
    ...section('NAME', ['pgsidecar.yml \\- configuration of the PostgreSQL connection pooler pgsidecar']),
    ...section('DESCRIPTION', [
      text(
        'A YAML mapping of settings, all of which have a default. Databases and users need not be written: they come from the application’s own file. `pgsidecar check` judges it, `pgsidecar explain NAME` says where a value is from, and an edit takes effect when the file is saved.',
      ),
    ]),
    ...section('SETTINGS', SETTING_NAMES.flatMap(settingLines)),
    ...section('DATABASES', [
      text('Under `databases:`, a name and beneath it any of these:'),
      ...keys(DATABASE_KEYS),
    ]),
    ...section('USERS', [text('Under `users:`, a name and beneath it any of these:'), ...keys(USER_KEYS)]),
    ...section('SEE ALSO', [text('pgsidecar(1)')]),
  ]);
}

function settingLines(name: SettingName): string[] {
  const row = rowOf(name);
  const value = printValue(row, row.default as never);
  return term(name, [row.doc, `Default: ${value === '' ? 'empty' : value}.`]);
}

function commandLines(command: Command): string[] {
  return [
    '.SS',
    bold(usage(command)),
    ...[sentence(command.summary), ...command.about].flatMap((paragraph) => [text(paragraph), '.PP']),
    ...command.arguments.flatMap(({ name, summary }) => term(name, [sentence(summary)])),
    ...flagLines(command.flags),
  ];
}

function flagLines(flags: readonly Flag[]): string[] {
  return flags.flatMap((flag) => {
    const words = flag.values === undefined ? '' : ` One of ${flag.values.join(', ')}.`;
    return term(spelling(flag), [sentence(flag.summary) + words]);
  });
}

function page(
  name: string,
  chapter: number,
  version: string,
  date: string,
  lines: readonly string[],
): string {
  const day = date.slice(0, 10);
  return `.\\" Made from the program's own tables.\n.TH ${name} ${chapter} ${day} "pgsidecar ${version}" "pgsidecar"\n${lines.join('\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return [`.SH ${title}`, ...lines];
}

function term(name: string, paragraphs: readonly string[]): string[] {
  return ['.TP', bold(name), ...paragraphs.flatMap((each, i) => [...(i === 0 ? [] : ['.IP']), text(each)])];
}

function bold(words: string): string {
  return `\\fB${roffOf(words)}\\fR`;
}

/** A paragraph of our documentation's Markdown: `words` in quotes become bold, links keep their words. */
function text(markdown: string): string {
  const plain = markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/\*\*([^*]+)\*\*/g, '$1');
  return plain
    .split('`')
    .map((part, i) => (i % 2 === 1 ? bold(part) : roffOf(part)))
    .join('')
    .replace(/^(?=[.'])/, '\\&');
}

function roffOf(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/\s*\n\s*/g, ' ');
}

function sentence(words: string): string {
  return `${words[0]?.toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? '' : '.'}`;
}
