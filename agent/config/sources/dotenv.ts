// Reads databases from .env files: the family that dotenv-rails knows, the process environment before all of them.

import { type Problem, problem } from '../../base/errors.ts';
import type { SourceIo, SourceReading } from '../source.ts';
import { DOTENV_VALUE_CHARS_MAX, type Expanded, expandDotenv, plainValue } from './dotenv_expand.ts';
import { type DotenvEntry, parseDotenv } from './dotenv_text.ts';
import { absolutePath, readText } from './read_text.ts';
import type { Variable } from './variable_words.ts';
import { databasesOf, environmentVariables } from './variables.ts';

/**
 * `.env` stands for its family, the strongest first: `.env.<environment>.local`, `.env.local` (not in test),
 * `.env.<environment>`, `.env`. A file of any other name stands for itself.
 */
export function readDotenv(path: string, environment: string, io: SourceIo): SourceReading {
  const problems: Problem[] = [];
  const family = familyOf(path, environment);
  const variables = new Map(environmentVariables(io.env));
  const known = new Map<string, Expanded>();
  let found = false;
  for (const each of family) {
    const text = readText(each, io, problems);
    if (text === undefined) continue;
    found = true;
    const { entries, problems: said } = parseDotenv(text, each);
    problems.push(...said);
    for (const entry of entries) takeEntry(entry, variables, known, io);
  }
  if (!found && problems.length === 0) {
    problems.push(
      problem('error', 'config_unreadable', { reason: 'there is no such file' }, { place: path }),
    );
  }
  const read = databasesOf(variables, environment, io);
  return {
    format: '.env',
    databases: read.databases,
    settings: {},
    problems: [...problems, ...read.problems],
    files: [...family.map((each) => absolutePath(each, io)), ...read.files],
  };
}

function familyOf(path: string, environment: string): readonly string[] {
  if (!/(^|\/)\.env$/.test(path)) return [path];
  const local = environment === 'test' ? [] : [`${path}.local`];
  return [`${path}.${environment}.local`, ...local, `${path}.${environment}`, path];
}

/** As the files are loaded one after the other, an entry sees the process, stronger files, and the lines above it. */
function takeEntry(
  entry: DotenvEntry,
  variables: Map<string, readonly Variable[]>,
  known: Map<string, Expanded>,
  io: SourceIo,
): void {
  const { key, value, origin } = entry;
  const lookup = (name: string): Expanded | undefined => {
    const own = Object.hasOwn(io.env, name) ? io.env[name] : undefined;
    return own === undefined ? known.get(name) : plainValue(own);
  };
  const expanded = entry.literal ? plainValue(value) : expandDotenv(value, lookup);
  if (!known.has(key)) known.set(key, expanded);
  const variable = { value: expanded.text, origin, problems: problemsOf(entry, expanded) };
  variables.set(key, [...(variables.get(key) ?? []), variable]);
}

/** Told when the variable is used: what an application computes for itself is its own affair. */
function problemsOf({ key, origin, cut }: DotenvEntry, expanded: Expanded): readonly Problem[] {
  const problems: Problem[] = [];
  if (cut) problems.push(problem('warning', 'dotenv_cut', { setting: key }, origin));
  if (expanded.command) problems.push(problem('error', 'dotenv_command', { setting: key }, origin));
  if (expanded.tooLong) {
    const reason = `${key} is longer than ${DOTENV_VALUE_CHARS_MAX} characters (DOTENV_VALUE_CHARS_MAX) once its variables are filled in`;
    problems.push(problem('error', 'dotenv_limit', { reason }, origin));
  }
  for (const variable of expanded.unset) {
    problems.push(problem('warning', 'dotenv_unset', { setting: key, variable }, origin));
  }
  return problems;
}
