// Reads the application's own files: those that are named, or those that are there.

import { relative, resolve } from 'node:path/posix';
import { absolutePath } from './absolute_path.ts';
import { type ApplicationFormat, formatOf } from './format.ts';
import type { ChosenSettings } from './merge.ts';
import type { SourceIo, SourceReading } from './source.ts';
import { readApplicationYml } from './sources/application_yml.ts';
import { readDatabaseYml } from './sources/database_yml.ts';
import { readDotenv } from './sources/dotenv.ts';

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
const CANDIDATES = ['config/application.yml', 'application.yml', 'config/database.yml', '.env'] as const;

const READERS: Readonly<Record<ApplicationFormat, typeof readDotenv>> = {
  'application.yml': readApplicationYml,
  'database.yml': readDatabaseYml,
  '.env': readDotenv,
};

/** `io` throws for a file that cannot be read, which the readers tell; `careful` does not, for those who only look. */
export function readApplications(
  { sources, environment }: ChosenSettings,
  io: SourceIo,
  careful: SourceIo,
): Applications {
  const named = sources.value as readonly string[];
  const name = String(environment.value);
  if (named.length === 0) return discover(name, io, careful);
  const paths = named.map((path) =>
    sources.origin.line === undefined ? path : shortPath(path, sources.origin, io),
  );
  const readings = paths.map((path) => readSource(path, name, io, careful));
  return {
    readings,
    files: [],
    took: readings.map((each, index) => describe(paths[index]!, each)),
    looked: [],
  };
}

function discover(environment: string, io: SourceIo, careful: SourceIo): Applications {
  const files: string[] = [];
  const took: string[] = [];
  for (const path of CANDIDATES) {
    files.push(resolve(io.cwd, path));
    // The environment alone may hold DATABASE_URL: the reader of .env looks there too.
    if (path !== '.env' && !isThere(path, careful)) continue;
    const reading = readSource(path, environment, io, careful);
    if (reading.databases.length === 0 && !reading.problems.some((each) => each.severity === 'error')) {
      if (isThere(path, careful)) took.push(`not ${path}: it names no database`);
      files.push(...reading.files);
      continue;
    }
    const left = CANDIDATES.slice(CANDIDATES.indexOf(path) + 1).filter((each) => isThere(each, careful));
    took.push(describe(path, reading), ...left.map((each) => `not ${each}: ${path} comes first`));
    return { readings: [reading], files, took, looked: CANDIDATES };
  }
  return { readings: [], files, took, looked: CANDIDATES };
}

function isThere(path: string, io: SourceIo): boolean {
  return io.read(path) !== undefined || io.read(`${path}.default`) !== undefined;
}

function readSource(path: string, environment: string, io: SourceIo, careful: SourceIo): SourceReading {
  return READERS[formatOf(path, careful.read(path))](path, environment, io);
}

function describe(path: string, { format, databases }: SourceReading): string {
  const keys = databases.map((each) => each.key).join(', ');
  return `${path} (as ${format}): ${keys === '' ? 'no database' : keys}`;
}

/** As an operator in the agent's folder would type it. */
function shortPath(path: string, origin: Parameters<typeof absolutePath>[1], io: SourceIo): string {
  const absolute = absolutePath(path, origin, io.cwd);
  const short = relative(io.cwd, absolute);
  return short.startsWith('..') ? absolute : short;
}
