// From flags, environment and files to Settings, all of it or none: the road that check, run, render and reload take alike.

import { resolve } from 'node:path/posix';
import { AgentError, type Problem, problem } from '../base/errors.ts';
import { isLostCredential } from './absolute_path.ts';
import { type Applications, readApplications } from './applications.ts';
import { type ConfigFormat, configFormatOf } from './config_format.ts';
import { configWords } from './config_words.ts';
import { PLAIN_CONFIG } from './environment_file.ts';
import type { Explanation } from './explain.ts';
import { readInstance } from './instance.ts';
import { type ChosenSettings, mergeSettings } from './merge.ts';
import { mergeDatabases } from './merge_databases.ts';
import {
  type DifferingDefault,
  differingDefaults,
  explainDiffering,
  pgbouncerDefaults,
} from './pgbouncer_defaults.ts';
import { resolveSettings } from './resolve.ts';
import type { Settings } from './settings.ts';
import type { SourceIo, SourceReading } from './source.ts';
import { type ConsoleSettings, readConsoleSettings } from './sources/console_set.ts';
import { CONFIG_VARIABLE, readEnvironment, readFrameworkEnvironment } from './sources/environment.ts';
import { type Flags, readFlags } from './sources/flags.ts';
import { readPgbouncerIni } from './sources/pgbouncer_ini.ts';
import { readPgsidecarYml } from './sources/pgsidecar_yml.ts';
import { whyUntrusted } from './trust.ts';
import { unsafeSeverity } from './unsafe.ts';

/** What the command line says. */
export interface LoadInput {
  /** `--source FILE`, in the order given. */
  readonly sources?: readonly string[];
  /** `--environment NAME`. */
  readonly environment?: string | undefined;
  /** Whose defaults hold where nobody says anything; our own when not given. */
  readonly defaults?: 'pgbouncer';
  /** `--config FILE`. */
  readonly configFile?: string | undefined;
  /** Every other setting: name → value or values. */
  readonly flags?: Flags;
  /** What SET said at the console. */
  readonly console?: ConsoleSettings;
}

export interface LoadResult {
  /** Undefined when there is an error among the problems. */
  readonly settings: Settings | undefined;
  /** All of them at once, each once, in the order of the files and their lines. */
  readonly problems: readonly Problem[];
  /** For explain, whether or not there are settings. */
  readonly explanation: Explanation;
  /** To watch: absolute, everything that was read and everything whose appearance would change the result. */
  readonly files: readonly string[];
  /** What was found and taken, a sentence each. */
  readonly took: readonly string[];
  /** What was taken and means nothing here, or something else than where it was written for; a sentence each. */
  readonly notes: readonly string[];
  /** Settings that an ini does not say, and that have another default in PgBouncer; none without an ini. */
  readonly differing: readonly DifferingDefault[];
  /** The pgsidecar.yml or pgbouncer.ini that was taken; undefined where there is none. */
  readonly config:
    | {
        readonly path: string;
        readonly absolute: string;
        readonly isEmpty: boolean;
        readonly format: ConfigFormat;
      }
    | undefined;
}

const NO_CREDENTIALS =
  'CREDENTIALS_DIRECTORY is not set; systemd sets it for a service with LoadCredential=, and for a check by hand so do you';
const CONFIG_HERE = 'pgsidecar.yml';
const CONFIG_FILES = [CONFIG_HERE, '/etc/pgsidecar/pgsidecar.yml'] as const;

export async function load(input: LoadInput, io: SourceIo): Promise<LoadResult> {
  const careful = carefulIo(io);
  const flags = flagsOf(input);
  const console = readConsoleSettings(input.console ?? {});
  const environment = readEnvironment(io.env);
  const config = readConfig(input, careful.io);
  const strong = [console, flags, environment, config.reading];
  const weak = [
    readFrameworkEnvironment(io.env),
    readInstance(config.named),
    ...pgbouncerDefaults(input, config.reading.format === 'pgbouncer.ini'),
  ];
  const early = mergeSettings([...strong, ...weak]).settings;
  const complete = config.reading.databases.some(({ fields }) => fields.host !== undefined);
  // Whoever has an ini has said in it what is served: no file of the application is looked for.
  const applications =
    config.reading.format === 'pgbouncer.ini' && (early.sources.value as readonly string[]).length === 0
      ? NO_APPLICATIONS
      : readApplications(early, complete, io, careful.io);
  const readings = [...strong, ...applications.readings, ...weak];
  const { settings: merged, problems: settingProblems } = mergeSettings(readings);
  const { databases, problems: databaseProblems } = mergeDatabases(
    config.reading.databases,
    applications.readings.map((each) => each.databases),
  );
  const resolution = await resolveSettings(merged, databases, config.reading, careful.io);
  const problems = inOrder([
    ...readings.flatMap((each) => each.problems),
    ...settingProblems,
    ...databaseProblems,
    ...resolution.problems,
    ...careful.problems,
  ]);
  if (databases.length === 0 && !problems.some(isError))
    problems.push(nothingToServe(merged, applications, config));
  const differing = config.found?.format === 'pgbouncer.ini' ? differingDefaults(merged) : [];
  const files = [
    ...config.files,
    ...readings.flatMap((each) => each.files),
    ...applications.files,
    ...resolution.files,
  ];
  return {
    settings: problems.some(isError) ? undefined : resolution.settings,
    problems,
    explanation: explainDiffering(resolution.explanation, differing),
    files: [...new Set(files)],
    took: tookOf(config, applications, early),
    notes: config.reading.notes ?? [],
    differing,
    config: config.found,
  };
}

function flagsOf({ flags, sources, environment }: LoadInput): SourceReading {
  return readFlags({
    ...flags,
    ...(sources === undefined || sources.length === 0 ? {} : { sources }),
    ...(environment === undefined ? {} : { environment }),
  });
}

const READERS: Readonly<Record<ConfigFormat, typeof readPgsidecarYml>> = {
  'pgsidecar.yml': readPgsidecarYml,
  'pgbouncer.ini': readPgbouncerIni,
};
const NO_APPLICATIONS: Applications = { readings: [], files: [], took: [], looked: [] };

function nothingRead(
  path: string,
  format: ConfigFormat,
  problems: readonly Problem[],
  io: SourceIo,
): SourceReading {
  return { format, databases: [], settings: {}, problems, files: [resolve(io.cwd, path)] };
}

interface Config {
  /** By --config or its variable, and not found. */
  readonly named: string | undefined;
  readonly found: LoadResult['config'];
  readonly reading: SourceReading;
  readonly files: readonly string[];
  readonly took: readonly string[];
}

function readConfig(input: LoadInput, io: SourceIo): Config {
  const named = input.configFile ?? (io.env[CONFIG_VARIABLE] || undefined);
  const path = named ?? CONFIG_FILES.find((each) => io.read(each) !== undefined);
  // Those before the one that was taken would be taken in its place, should they appear.
  const looked =
    named === undefined
      ? CONFIG_FILES.slice(0, path === undefined ? undefined : CONFIG_FILES.indexOf(path as never))
      : [];
  const files = looked.map((each) => resolve(io.cwd, each));
  if (path !== undefined) {
    const text = io.read(path);
    const stranger = named === undefined ? strangersConfig(path, io) : undefined;
    if (stranger !== undefined) {
      const reading = nothingRead(path, 'pgsidecar.yml', [stranger], io);
      return { named, reading, files, took: [], found: undefined };
    }
    const { format, problems } = configFormatOf(path, text);
    const unread = text === undefined ? missing(path, input, io) : problems;
    const isRead = text !== undefined && unread.length === 0;
    const reading = isRead ? READERS[format](path, text, io) : nothingRead(path, format, unread, io);
    const found =
      text === undefined
        ? undefined
        : { path, absolute: resolve(io.cwd, path), isEmpty: isBlank(text), format };
    return { named, reading, files, took: text === undefined ? [] : [path], found };
  }
  const reading = { format: 'pgsidecar.yml', databases: [], settings: {}, problems: [], files: [] } as const;
  return { named, reading, files, took: [], found: undefined };
}

/** One that is there and cannot be read is complained about by whoever tried. */
function missing(path: string, { configFile }: LoadInput, io: SourceIo): readonly Problem[] {
  if (io.isUnreadable?.(path)) return [];
  const advice = `${configFile === undefined ? CONFIG_VARIABLE : 'the command line'} names it`;
  return [problem('error', 'config_missing', { path, advice }, { place: path })];
}

/** In the directory of an application anybody may have put one, and it can name commands to run and a control socket to ask. */
function strangersConfig(path: string, io: SourceIo): Problem | undefined {
  const reason = path === CONFIG_HERE ? whyUntrusted(io.ownerOf?.(path), io.caller) : undefined;
  if (reason === undefined) return undefined;
  return problem('error', 'config_untrusted', { path, directory: io.cwd, reason }, { place: path });
}

/** Nothing but white space and comments: what a file is while somebody writes it. `{}` says that nothing is meant. */
function isBlank(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(?:[#;].*|---\s*)?$/.test(line));
}

function tookOf(config: Config, applications: Applications, settings: ChosenSettings): readonly string[] {
  // Only files of the application have sections for environments.
  const isAlone = applications === NO_APPLICATIONS;
  return [...config.took, ...applications.took, ...(isAlone ? [] : [tookEnvironment(settings)])];
}

function tookEnvironment({ environment: { value, origin } }: ChosenSettings): string {
  const from = origin.place === 'default' ? 'nothing says another' : (origin.key ?? origin.place);
  return `environment ${value} (${from})`;
}

function nothingToServe(
  settings: ChosenSettings,
  applications: Applications,
  { found: config, reading }: Config,
): Problem {
  const { environment } = settings;
  const words = configWords(reading.format);
  const write = words.writeDatabases(config?.path ?? '');
  // Nobody looked for a file of an application.
  if (applications === NO_APPLICATIONS)
    return problem(unsafeSeverity(settings), 'config_empty', { advice: write });
  const { looked } = applications;
  if (config?.absolute === PLAIN_CONFIG && settings.sources.origin.place === 'default') {
    const advice = `write where the application's file is into ${PLAIN_CONFIG}: "sources: [/srv/app/config/application.yml]"`;
    return problem(unsafeSeverity(settings), 'config_empty', { advice });
  }
  const advice =
    looked.length > 0
      ? `none of ${looked.join(', ')} names one for the environment ${environment.value}; say --source FILE or --environment NAME, or ${write}`
      : `the sources name none for the environment ${environment.value}; say --environment NAME, or ${write}`;
  return problem(unsafeSeverity(settings), 'config_empty', { advice });
}

/** A file that is there and cannot be read is one problem among the others, and is nowhere taken for one that is not there. */
function carefulIo(io: SourceIo): { readonly io: SourceIo; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const unreadable = new Set<string>();
  // Each is read once: what was looked at is what is taken, also where somebody exchanges the file meanwhile.
  const texts = new Map<string, string | undefined>();
  const read = (path: string): string | undefined => {
    if (!texts.has(path)) texts.set(path, readOnce(path));
    return texts.get(path);
  };
  const readOnce = (path: string): string | undefined => {
    try {
      if (isLostCredential(path))
        throw new AgentError('config_unreadable', { reason: NO_CREDENTIALS }, { place: path.slice(1) });
      return io.read(path);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      problems.push({ severity: 'error', code: error.code, sentence: error.message, origin: error.origin });
      unreadable.add(path);
      return undefined;
    }
  };
  const isUnreadable = (path: string) => unreadable.has(path);
  return {
    io: {
      cwd: io.cwd,
      env: io.env,
      run: (...args) => io.run(...args),
      read,
      isUnreadable,
      caller: io.caller,
      ...(io.ownerOf === undefined ? {} : { ownerOf: io.ownerOf }),
      ...(io.pemFault === undefined ? {} : { pemFault: io.pemFault }),
    },
    problems,
  };
}

function isError(each: Problem): boolean {
  return each.severity === 'error';
}

/** File by file in the order in which they were read, from the top of each to its end; the same sentence once. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const distinct = [...new Map(problems.map((each) => [`${each.severity} ${each.sentence}`, each])).values()];
  const places = [...new Set(distinct.map(({ origin }) => origin?.place))];
  return distinct.toSorted(({ origin: a }, { origin: b }) => {
    return places.indexOf(a?.place) - places.indexOf(b?.place) || (a?.line ?? 0) - (b?.line ?? 0);
  });
}
