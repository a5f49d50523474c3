// Writes what is derived from the settings table: the reference, the JSON Schema and its compiled form; `--check` fails when they are out of date.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { consolePage } from '../agent/admin/reference.ts';
import { commandLinePage } from '../agent/cli/reference.ts';
import { printValue } from '../agent/config/read_value.ts';
import { type JsonSchema, schemaOf } from '../agent/config/schema.ts';
import { DATABASE_KEYS, PEER_KEYS, USER_KEYS } from '../agent/config/table/keys.ts';
import {
  DURATION_MAX,
  type KeyRow,
  type SettingRow,
  type SettingSection,
} from '../agent/config/table/row.ts';
import { rowOf, SETTING_NAMES, type SettingName } from '../agent/config/table.ts';
import { differencesPage } from '../agent/tests/differential/differences_page.ts';
import { pgbouncerIniPage } from './pgbouncer_ini_page.ts';

const root = join(import.meta.dir, '..');

const GENERATED: Readonly<Record<string, () => string>> = {
  'docs/reference/command_line.md': commandLinePage,
  'docs/reference/console.md': consolePage,
  'docs/reference/settings.md': settingsPage,
  'docs/reference/pgbouncer_differences.md': differencesPage,
  'docs/reference/pgbouncer_ini.md': pgbouncerIniPage,
  'docs/reference/pgsidecar.schema.json': () => `${JSON.stringify(schemaOf('publish'), undefined, 2)}\n`,
  'agent/config/schema_check.js': compiledSchema,
};

/** Compiling at each start would take the agent 60 ms; what ajv writes here takes 5, and needs no code made at run time. */
function compiledSchema(): string {
  const code = { source: true, esm: true, lines: true } as const;
  const ajv = new Ajv({ allErrors: true, strict: false, inlineRefs: false, messages: false, code });
  const written = standaloneCode(ajv, ajv.compile(shareShapes(schemaOf('check'))));
  return `// What pgsidecar.yml may be: compiled by ajv from the settings table, written by scripts/generate.ts.\n${written}\n`;
}

/** Sixty settings have two dozen shapes: each is compiled once, and referred to. */
function shareShapes(schema: JsonSchema): JsonSchema {
  const names = new Map<string, string>();
  const definitions: Record<string, unknown> = {};
  const share = (properties: object) =>
    Object.fromEntries(
      Object.entries(properties).map(([key, shape]) => {
        const text = JSON.stringify(shape);
        const name = names.get(text) ?? `shape${names.size}`;
        names.set(text, name);
        definitions[name] = shape;
        return [key, { $ref: `#/definitions/${name}` }];
      }),
    );
  const { databases, users, peers, ...settings } = schema.properties as Record<string, JsonSchema>;
  const section = (each: JsonSchema) => {
    const entry = each.additionalProperties as JsonSchema;
    return { ...each, additionalProperties: { ...entry, properties: share(entry.properties as object) } };
  };
  const properties = {
    ...share(settings),
    databases: section(databases!),
    users: section(users!),
    peers: section(peers!),
  };
  return { ...schema, properties, definitions };
}

function settingsPage(): string {
  const sections = new Map<SettingSection, SettingName[]>();
  for (const name of SETTING_NAMES) {
    const { section } = rowOf(name);
    sections.set(section, [...(sections.get(section) ?? []), name]);
  }
  return `${[
    '# Settings',
    '',
    '<!-- Generated from agent/config/table.ts by scripts/generate.ts: change it there. -->',
    '',
    'Every setting is a key of `pgsidecar.yml`, a flag and an environment variable: `pool_mode`, `--pool-mode`, `PGSIDECAR_POOL_MODE`.',
    'An empty environment variable says nothing. Editors that know JSON Schema help with the file when its first line is',
    '`# yaml-language-server: $schema=` and the path of [pgsidecar.schema.json](pgsidecar.schema.json).',
    '',
    'Where two places say different things, the strongest wins: flags, then `PGSIDECAR_` variables, then `pgsidecar.yml`, then the',
    "application's own files in the order in which they are given, then the default. `pgsidecar explain NAME` says which it was, and",
    'what it won over. Every value that cannot be used is an error, also where a stronger one wins.',
    '',
    '*live*: a reload changes it for everybody; *new connections*: those that are open keep what they have; *start*: who the process is, and where',
    'its number stands, is taken up once. Nothing else needs a restart.',
    '',
    'Durations take a unit (`500ms`, `30s`, `5min`, `1h`, `1d`) and are seconds without one. Sizes take a unit (`64kB`, `16MB`, `1GB`) and',
    'are bytes without one. A relative path in a file is relative to the folder of that file, and to the one above it when that folder is',
    'named `config`; anywhere else it is relative to where the agent was started. Lists take commas.',
    ...[...sections].flatMap(([section, names]) => [
      '',
      `## ${heading(section)}`,
      ...names.flatMap(settingLines),
    ]),
    '',
    '## Databases',
    '',
    "Under `databases:` of `pgsidecar.yml`, a name and beneath it any of these. The name is one of the application's own databases, by",
    'the name that clients use or by the key that the application has for it; what is written here wins over what the application says.',
    'Any other name is a database more. Run-time parameters for the server go under `parameters:`, name and value.',
    '',
    ...keyLines(DATABASE_KEYS),
    '',
    '## Users',
    '',
    'Under `users:` of `pgsidecar.yml`, a name and beneath it any of these. The roles of the databases may log in without being named here,',
    'each with its own password and for its own databases.',
    '',
    ...keyLines(USER_KEYS),
    '',
    '## Peers',
    '',
    'Under `peers:` of `pgsidecar.yml`, the number of each other agent (or PgBouncer) that clients reach by the same address, and beneath it:',
    '',
    ...keyLines(PEER_KEYS),
  ].join('\n')}\n`;
}

function settingLines(name: SettingName): string[] {
  const row: SettingRow = rowOf(name);
  const facts = [
    `default ${row.default === '' || (Array.isArray(row.default) && row.default.length === 0) ? 'empty' : `\`${printValue(row, row.default)}\``}`,
    typeOf(row),
    row.reload.replace('_', ' '),
    row.pgbouncer === undefined
      ? "pgsidecar's own"
      : `PgBouncer's${row.pgbouncer === true ? '' : ` ${row.pgbouncer}`}${theirDefault(row)}`,
    ...(row.perDatabase === undefined ? [] : [`per database: \`${row.perDatabase}\``]),
    ...(row.perUser === undefined ? [] : [`per user: \`${row.perUser}\``]),
  ];
  return ['', `### ${name}`, '', row.doc, '', `*${facts.join(' · ')}*`];
}

function theirDefault(row: SettingRow): string {
  const { pgbouncerDefault: value } = row;
  return value === undefined ? '' : `, there \`${printValue(row, value)}\``;
}

/** `duration, 1s to 24d`; the words of an enum. */
function typeOf(row: SettingRow): string {
  if (row.type === 'enum') return (row.values ?? []).map((each) => `\`${each}\``).join(', ');
  const max = row.type === 'duration' ? Math.min(row.max ?? DURATION_MAX, DURATION_MAX) : row.max;
  if (row.min === undefined || max === undefined || row.type === 'octal') return row.type;
  return `${row.type}, ${printValue(row, row.min)} to ${printValue(row, max)}`;
}

function keyLines(keys: Readonly<Record<string, KeyRow>>): string[] {
  return [
    '| key | what it is |',
    '|---|---|',
    ...Object.entries(keys).map(([key, { doc }]) => `| \`${key}\` | ${doc.replaceAll('|', '\\|')} |`),
  ];
}

function heading(section: string): string {
  return section[0]!.toUpperCase() + section.slice(1);
}

function main(check: boolean): number {
  let stale = 0;
  for (const [path, write] of Object.entries(GENERATED)) {
    const file = join(root, path);
    const text = write();
    if (readIfThere(file) === text) continue;
    stale += 1;
    if (check) {
      console.error(`${path} is out of date: run scripts/generate.ts and commit what it writes`);
      continue;
    }
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
  return check && stale > 0 ? 1 : 0;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'));
