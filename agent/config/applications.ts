// Reads the application's own files: those that are named, or those that are there.

import { relative, resolve } from 'node:path/posix';
import { absolutePath } from './absolute_path.ts';
import { type ApplicationFormat, formatOf } from './format.ts';
import type { ChosenSettings } from './merge.ts';
import type { SourceIo, SourceReading } from './source.ts';
import { readApplicationYml } from './sources/application_yml.ts';
import { readDatabaseYml } from './sources/database_yml.ts';
import { readDotenv } from './sources/dotenv.ts';
import { databasesOf, environmentVariables } from './sources/variables.ts';

export interface Applications {
  /** The strongest first. */
  readonly readings: readonly SourceReading[];
  /** Absolute; beyond those of the readings, where a file would be found if it appeared. */
  readonly files: readonly string[];
  readonly took: readonly string[];
  /** Where it was looked when no source was named. */
  readonly looked: readonly string[];
}

/** In the order in which they are looked for; the first that names a database is taken. */
const CANDIDATES: readonly string[] = [
  'config/application.yml',
  'application.yml',
  'config/database.yml',
  '.env',
];
/** As a source: DATABASE_URL and its kin in the environment of the process, and no file. */
const ENVIRONMENT = 'environment';

const READERS: Readonly<Record<ApplicationFormat, typeof readDotenv>> = {
  'application.yml': readApplicationYml,
  'database.yml': readDatabaseYml,
  '.env': readDotenv,
};

/**
 * `io` throws for a file that cannot be read, which the readers tell; `careful` does not, for those who only look.
 * `complete`: pgsidecar.yml names databases by itself, so that the process environment is not searched for one.
 */
export function readApplications(
  { sources, environment }: ChosenSettings,
  complete: boolean,
  io: SourceIo,
  careful: SourceIo,
): Applications {
  const named = sources.value as readonly string[];
  const name = String(environment.value);
  if (named.length === 0) return discover(name, complete, io, careful);
  const paths = named.map((path) =>
    sources.origin.line === undefined || path === ENVIRONMENT ? path : shortPath(path, sources.origin, io),
  );
  const readings = paths.map((path) => readSource(path, name, io, careful));
  return {
    readings,
    files: [],
    took: readings.map((each, index) => describe(paths[index]!, each)),
    looked: [],
  };
}

/** The first that names a database. The watcher's list ends with it, for what comes later could not win. */
function discover(environment: string, complete: boolean, io: SourceIo, careful: SourceIo): Applications {
  const candidates = complete ? CANDIDATES : [...CANDIDATES, ENVIRONMENT];
  const files: string[] = [];
  const took: string[] = [];
  for (const [index, path] of candidates.entries()) {
    files.push(...variantsOf(path, environment).map((each) => resolve(io.cwd, each)));
    if (!isThere(path, environment, careful)) continue;
    const reading = readSource(path, environment, io, careful);
    files.push(...reading.files);
    if (reading.databases.length === 0 && !reading.problems.some((each) => each.severity === 'error')) {
      if (path !== ENVIRONMENT) took.push(`${path} is passed over: it names no database`);
      continue;
    }
    took.push(describe(path, reading));
    for (const left of CANDIDATES.slice(index + 1)) {
      if (isThere(left, environment, careful)) took.push(`${left} is passed over: ${path} comes first`);
    }
    return { readings: [reading], files, took, looked: CANDIDATES };
  }
  return { readings: [], files, took, looked: CANDIDATES };
}

function isThere(path: string, environment: string, io: SourceIo): boolean {
  return path === ENVIRONMENT || variantsOf(path, environment).some((each) => io.read(each) !== undefined);
}

/** The files that the reader of this one reads: any of them may be the only one that is there. */
function variantsOf(path: string, environment: string): readonly string[] {
  if (path === ENVIRONMENT) return [];
  if (path.endsWith('database.yml')) return [path];
  if (path !== '.env') return [path, `${path}.default`];
  return ['', '.local', `.${environment}`, `.${environment}.local`].map((ending) => path + ending);
}

function readSource(path: string, environment: string, io: SourceIo, careful: SourceIo): SourceReading {
  if (path !== ENVIRONMENT) return READERS[formatOf(path, careful.read(path))](path, environment, io);
  return {
    format: 'environment',
    settings: {},
    ...databasesOf(environmentVariables(io.env), environment, io),
  };
}

function describe(path: string, { format, databases }: SourceReading): string {
  const keys = databases.map((each) => each.key).join(', ') || 'no database';
  return path === ENVIRONMENT ? `the process environment: ${keys}` : `${path} (as ${format}): ${keys}`;
}

/** As an operator in the agent's folder would type it. */
function shortPath(path: string, origin: Parameters<typeof absolutePath>[1], io: SourceIo): string {
  const absolute = absolutePath(path, origin, io);
  const short = relative(io.cwd, absolute);
  // A service's folder is the root directory, where nobody types paths without a slash.
  return io.cwd === '/' || short.startsWith('..') ? absolute : short;
}
