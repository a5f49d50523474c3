// What a case runs: `reading`, `load`, `explain`, `diff`, each turned into the lines that the case expects.

import { AgentError, type Problem } from '../../base/errors.ts';
import { printOrigin } from '../../base/origin.ts';
import { diffSettings } from '../../config/diff.ts';
import { explain } from '../../config/explain.ts';
import { formatOf } from '../../config/format.ts';
import { type LoadInput, type LoadResult, load } from '../../config/load.ts';
import { printValue } from '../../config/read_value.ts';
import type { DatabaseSettings, Settings, UserSettings } from '../../config/settings.ts';
import type { DatabaseDraft, SourceReading } from '../../config/source.ts';
import { readApplicationYml } from '../../config/sources/application_yml.ts';
import { readDatabaseYml } from '../../config/sources/database_yml.ts';
import { readDotenv } from '../../config/sources/dotenv.ts';
import { readPgsidecarYml } from '../../config/sources/pgsidecar_yml.ts';
import { DEFAULTS, rowOf, SETTING_NAMES } from '../../config/table.ts';
import type { CaseSection } from './case_file.ts';
import { commandLineReport } from './command_line.ts';
import { worldOf } from './world.ts';

/** Runs the case's `== run` line; a secret that leaks is seen, because secrets are made up anew for each run. */
export async function reportOf(sections: readonly CaseSection[]): Promise<string> {
  const line = sections.find((each) => each.kind === 'run')?.argument ?? '';
  const [verb, ...words] = line.split(/\s+/);
  const lines = await linesOf(verb ?? '', words, sections);
  return `${lines.join('\n')}\n`;
}

async function linesOf(
  verb: string,
  words: readonly string[],
  sections: readonly CaseSection[],
): Promise<readonly string[]> {
  if (verb === 'reading') return printReading(readOne(words, sections));
  if (verb === 'load') return printLoad(await load(inputOf(words), worldOf(sections)));
  if (verb === 'files') return (await load(inputOf(words), worldOf(sections))).files;
  if (verb === 'explain') {
    const [first = '', ...flags] = words;
    const named = !first.startsWith('--');
    const result = await load(inputOf(named ? flags : words), worldOf(sections));
    return [
      ...result.problems.map(printProblem),
      ...explainLines(result, named && first !== '' ? first : undefined),
    ];
  }
  if (verb === 'diff') return printDiff(words, sections);
  if (verb === 'pgsidecar') return await commandLineReport(words, sections);
  throw new Error(`no such verb: ${verb}`);
}

/** `config/application.yml [environment]`: what one source alone hands on, nothing masked. */
function readOne(words: readonly string[], sections: readonly CaseSection[]): SourceReading {
  const [path = '', environment = 'production'] = words;
  const io = worldOf(sections);
  if (path.endsWith('pgsidecar.yml')) return readPgsidecarYml(path, io.read(path) ?? '', io);
  const readers = {
    'application.yml': readApplicationYml,
    'database.yml': readDatabaseYml,
    '.env': readDotenv,
  };
  return readers[formatOf(path, io.read(path))](path, environment, io);
}

/** The command line as the agent's own reads it, in so far as cases need it: `--name value`, `--source FILE` repeated. */
function inputOf(words: readonly string[]): LoadInput {
  const flags: Record<string, string[]> = {};
  for (let at = 0; at < words.length; at += 2) {
    const [name, value] = [words[at] ?? '', words[at + 1]];
    if (!name.startsWith('--') || value === undefined) throw new Error(`expected --name value, not ${name}`);
    flags[name.slice(2)] = [...(flags[name.slice(2)] ?? []), value];
  }
  const { source, environment, config, ...others } = flags;
  return {
    sources: source ?? [],
    environment: environment?.at(-1),
    configFile: config?.at(-1),
    flags: others,
  };
}

function explainLines({ explanation }: LoadResult, subject: string | undefined): readonly string[] {
  try {
    return explain(explanation, subject);
  } catch (error) {
    if (error instanceof AgentError) return [`error: ${error.message}`];
    throw error;
  }
}

async function printDiff(
  words: readonly string[],
  sections: readonly CaseSection[],
): Promise<readonly string[]> {
  const before = await load(inputOf(words), worldOf(sections));
  const after = await load(inputOf(words), worldOf(sections, 'then'));
  if (before.settings === undefined)
    return ['cannot be used before the edit:', ...before.problems.map(printProblem)];
  if (after.settings === undefined) return ['nothing changes:', ...after.problems.map(printProblem)];
  const changes = diffSettings(before.settings, after.settings, (name) => after.explanation[name]?.origin);
  return changes.length === 0 ? ['nothing changed'] : changes.map(({ sentence }) => sentence);
}

function printLoad({ settings, problems, took, notes, differing }: LoadResult): readonly string[] {
  return [
    ...took.map((each) => `took: ${each}`),
    ...notes.map((each) => `note: ${each}`),
    ...differing.map(({ setting, here, there }) => `default: ${setting} ${here} (PgBouncer's is ${there})`),
    ...problems.map(printProblem),
    ...(settings === undefined ? ['no settings'] : printSettings(settings)),
  ];
}

/** What is not the default, then databases and users in full. */
function printSettings(settings: Settings): string[] {
  const changed = SETTING_NAMES.filter((name) => {
    const folderIsDefault =
      name === 'control_socket' && settings.unix_socket_dir === DEFAULTS.unix_socket_dir;
    return !folderIsDefault && JSON.stringify(settings[name]) !== JSON.stringify(DEFAULTS[name]);
  });
  return [
    ...changed.map((name) => `${name} = ${printValue(rowOf(name), settings[name])}`),
    ...Object.values(settings.databases).flatMap(printDatabase),
    ...Object.values(settings.users).flatMap(printUser),
    ...Object.entries(settings.peers).map(
      ([id, { host, port, poolSize }]) => `peer ${id} ${host}:${port}, poolSize ${poolSize}`,
    ),
  ];
}

function printDatabase(database: DatabaseSettings): string[] {
  const { name, origin, hosts, user, dbname, password, nextPassword, parameters, auth } = database;
  const where = hosts.map(({ host, port }) => `${host}:${port}`).join(',');
  const identity = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'role', 'forceUser'] as const;
  // What few would have is shown where somebody has it.
  const negotiation = database.sslnegotiation === 'direct' ? ['sslnegotiation direct'] : [];
  const limits = [
    'poolMode',
    'poolSize',
    'minPoolSize',
    'maxDbConnections',
    'queryWaitTimeoutMs',
    'serverLifetimeMs',
    'connectTimeoutMs',
  ] as const;
  const print = (key: keyof DatabaseSettings) => `${key} ${database[key] ?? '-'}`;
  return [
    `database ${name}  (${printOrigin(origin)})`,
    `  ${user}@${where}/${dbname} password ${password ?? '-'}${nextPassword ? `, next ${nextPassword}` : ''}`,
    `  ${[...identity.map(print), ...negotiation].join(', ')}`,
    `  ${limits.map(print).join(', ')}`,
    ...moreOf(database),
    ...(auth === undefined ? [] : [`  auth_query as ${auth.user} at ${auth.database}: ${auth.query}`]),
    ...Object.entries(parameters).map(([parameter, value]) => `  parameter ${parameter} = ${value}`),
  ];
}

/** What most databases have not. */
function moreOf({ reservePoolSize, maxDbClientConnections, connectQuery }: DatabaseSettings): string[] {
  return [
    ...(reservePoolSize === 0 ? [] : [`  reservePoolSize ${reservePoolSize}`]),
    ...(maxDbClientConnections === 0 ? [] : [`  maxDbClientConnections ${maxDbClientConnections}`]),
    ...(connectQuery === '' ? [] : [`  connectQuery ${connectQuery}`]),
  ];
}

function printUser(user: UserSettings): string[] {
  const { name, origin, secret, nextSecret, databases, databaseSecrets, poolMode } = user;
  const limits = `maxUserConnections ${user.maxUserConnections}, maxUserClientConnections ${user.maxUserClientConnections}`;
  const others = Object.keys(databaseSecrets);
  return [
    `user ${name}  (${printOrigin(origin)})`,
    `  password ${secret ?? '-'}${nextSecret ? `, next ${nextSecret}` : ''}${others.length === 0 ? '' : `, another at ${others.join(', ')}`}, databases ${databases.join(', ')}${user.validUntil ? `, valid until ${user.validUntil}` : ''}`,
    `  poolMode ${poolMode ?? '-'}, ${limits}`,
    ...ownTerms(user),
  ];
}

/** What is said of this user alone, and of most users nothing is. */
function ownTerms(user: UserSettings): string[] {
  const keys = [
    'poolSize',
    'reservePoolSize',
    'queryWaitTimeoutMs',
    'queryTimeoutMs',
    'transactionTimeoutMs',
    'idleTransactionTimeoutMs',
    'clientIdleTimeoutMs',
  ] as const;
  const said = keys.filter((key) => user[key] !== undefined).map((key) => `${key} ${user[key]}`);
  return said.length === 0 ? [] : [`  ${said.join(', ')}`];
}

function printProblem({ severity, sentence }: Problem): string {
  return `${severity}: ${sentence}`;
}

function printReading(reading: SourceReading): readonly string[] {
  const lines = [`format ${reading.format}`];
  for (const draft of reading.databases) lines.push(...printDraft(draft));
  for (const [name, { value, origin }] of Object.entries(reading.settings)) {
    lines.push(`setting ${name} = ${JSON.stringify(value)}  (${printOrigin(origin)})`);
  }
  for (const file of reading.files) lines.push(`file ${file}`);
  lines.push(...reading.problems.map(printProblem));
  return lines;
}

function printDraft(draft: DatabaseDraft): string[] {
  const lines = [`database ${draft.key}  (${printOrigin(draft.origin)})`];
  for (const [field, located] of Object.entries(draft.fields)) {
    lines.push(`  ${field} = ${JSON.stringify(located.value)}  (${printOrigin(located.origin)})`);
  }
  for (const [name, located] of Object.entries(draft.parameters)) {
    lines.push(`  parameter ${name} = ${JSON.stringify(located.value)}  (${printOrigin(located.origin)})`);
  }
  return lines;
}
