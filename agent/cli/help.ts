// The help pages, made from the command table: pure text, a hundred columns wide at most.

import { rowOf } from '../config/table.ts';
import { COMMON_FLAGS, CONFIGURATION_FLAGS } from './arguments.ts';
import type { Command, Flag } from './command.ts';
import { defaultOf, firstSentence, SETTING_FLAGS, settingOf } from './setting_flags.ts';

const COLUMNS = 100;

/** `pgsidecar --help`. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map((command) => [command.name, command.summary] as const);
  return page([
    ['pgsidecar: the PostgreSQL connection pooler that lives beside the application'],
    ['Usage: pgsidecar COMMAND [ARGUMENT] [FLAG…]'],
    ['Commands:', ...columns(rows)],
    [
      "Start in the application's folder, where its application.yml, database.yml or .env is:",
      ...columns([
        ['pgsidecar check', 'what would be served, and what is wrong'],
        ['pgsidecar run', 'serve it'],
        ['pgsidecar url', 'what the application should have as DATABASE_URL'],
      ]),
    ],
    ['`pgsidecar COMMAND --help` tells its flags, exit codes and examples.'],
  ]);
}

/** `pgsidecar COMMAND --help`. */
export function commandHelp(command: Command): string {
  return page([
    [`${command.summary}.`],
    [`Usage: ${usage(command)}`],
    ...command.about.map((paragraph) => wrap(paragraph, COLUMNS)),
    exampleLines(command),
    section(
      'Arguments:',
      command.arguments.map((argument) => [argument.name, argument.summary] as const),
    ),
    section('Flags:', command.flags.map(flagRow)),
    section(
      'Exit codes:',
      command.exits.map((exit) => [String(exit.code), exit.means] as const),
    ),
    ...configurationHelp(command),
    section('Other flags:', COMMON_FLAGS.map(flagRow)),
  ]);
}

/** `pgsidecar url [NAME] [FLAG…]`. */
export function usage(command: Command): string {
  const words = command.arguments.map((argument) =>
    argument.required ? argument.name : `[${argument.name}]`,
  );
  const flags = command.flags.length > 0 || command.configured !== false ? ['[FLAG…]'] : [];
  return ['pgsidecar', command.name, ...words, ...flags].join(' ');
}

/** `--out DIR`, `--[no-]log-connections`. */
export function spelling(flag: Flag): string {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  if (flag.value !== undefined) return `${short}--${flag.name} ${flag.value}`;
  return flag.negatable === true ? `--[no-]${flag.name}` : `${short}--${flag.name}`;
}

function flagRow(flag: Flag): readonly [string, string] {
  const words = flag.values === undefined ? '' : ` (${flag.values.join(', ')})`;
  return [spelling(flag), `${flag.summary}${words}`];
}

/** As one would copy them, each beneath what it is for. */
function exampleLines({ examples }: Command): readonly string[] {
  if (examples.length === 0) return [];
  return ['Examples:', ...examples.flatMap(({ line, does }) => [`  # ${does}`, `  ${line}`])];
}

function configurationHelp(command: Command): (readonly string[])[] {
  const rows = CONFIGURATION_FLAGS.map(flagRow);
  if (command.configured === false) return [];
  if (command.configured === 'control socket') {
    const socket = [
      '--control-socket PATH',
      'Its control socket; when not given, what run would open with these:',
    ] as const;
    return [section('Which agent:', [socket, ...rows])];
  }
  const loading = section('What to load:', rows);
  if (command.name !== 'run') {
    return [
      loading,
      ['Every setting is a flag as well, such as --default-pool-size 5: `pgsidecar run --help` lists them.'],
    ];
  }
  const note = wrap(
    'Every setting is a key of pgsidecar.yml, a flag, and an environment variable: default_pool_size, --default-pool-size 5, PGSIDECAR_DEFAULT_POOL_SIZE=5. A flag wins over the environment, and that over the file.',
    COLUMNS,
  );
  return [loading, note, ...settingSections()];
}

function settingSections(): (readonly string[])[] {
  const sections = new Map<string, (readonly [string, string])[]>();
  for (const flag of SETTING_FLAGS) {
    const row = rowOf(settingOf(flag)!);
    const rows = sections.get(row.section) ?? [];
    sections.set(row.section, [...rows, [spelling(flag), settingText(flag)]]);
  }
  return [...sections].map(([name, rows]) => section(`${capitalised(name)}:`, rows));
}

function settingText(flag: Flag): string {
  const row = rowOf(settingOf(flag)!);
  const words = row.values === undefined ? [] : [row.values.join(', ')];
  const fallback = defaultOf(row);
  const notes = [...words, ...(fallback === '' ? [] : [`default ${fallback}`])];
  return `${firstSentence(row.doc)}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}

function capitalised(name: string): string {
  return `${name[0]?.toUpperCase()}${name.slice(1)}`;
}

function section(title: string, rows: readonly (readonly [string, string])[]): readonly string[] {
  return rows.length === 0 ? [] : [title, ...columns(rows)];
}

function page(blocks: readonly (readonly string[])[]): string {
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

/** Two columns; a left side that is too long has a line of its own. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const leftMax = 34;
  const width = Math.max(...rows.map(([left]) => left.length).filter((length) => length <= leftMax), 8);
  const indent = ' '.repeat(width + 4);
  return rows.flatMap(([left, right]) => {
    const [first = '', ...rest] = wrap(right, COLUMNS - indent.length);
    const tail = rest.map((line) => `${indent}${line}`);
    if (left.length > width) return [`  ${left}`, `${indent}${first}`, ...tail];
    return [`  ${left.padEnd(width)}  ${first}`, ...tail];
  });
}

/** Words into lines of at most `width` columns; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
