// Reads databases from application.yml, in the dialect of login.gov or of figaro, whichever its content is in.

import { type Problem, problem } from '../../base/errors.ts';
import type { SourceIo, SourceReading } from '../source.ts';
import type { YamlNode } from '../yaml_text.ts';
import { LOGIN_GOV_KEYS, listWord, loginGovDatabases } from './login_gov.ts';
import { absolutePath } from './read_text.ts';
import type { Variable, Variables } from './variable_words.ts';
import { databasesOf, environmentVariables } from './variables.ts';
import { isNothing, type RefusedIn, rubyText, YamlFile } from './yaml_file.ts';

type Entries = ReadonlyMap<string, YamlNode>;

/** The names under which a mapping on the top level is known to be the section of an environment. */
const SECTIONS = ['development', 'production', 'staging', 'test'];

/**
 * `application.yml.default` beside the file is merged under it, the environment's section over the top level; `~` takes
 * away what a weaker place says.
 */
export function readApplicationYml(path: string, environment: string, io: SourceIo): SourceReading {
  const override = new YamlFile(path, io);
  const fallback = new YamlFile(`${path}.default`, io);
  const problems: Problem[] = [...fallback.problems, ...override.problems];
  if (override.missing && fallback.missing) {
    problems.push(
      problem('error', 'config_unreadable', { reason: 'there is no such file' }, { place: path }),
    );
  }
  const entries = deepMerge(fallback.root?.entries ?? new Map(), override.root?.entries ?? new Map());
  const values = valuesFor(environment, entries, path, problems);
  const refusedIn: RefusedIn = ({ origin, text }) =>
    (origin.place === path ? override : fallback).refusedIn(text);
  const read = isLoginGov(values)
    ? loginGovDatabases(values, refusedIn, io)
    : databasesOf(figaroVariables(values, refusedIn, io), environment, io);
  return {
    format: 'application.yml',
    databases: read.databases,
    settings: {},
    problems: [...problems, ...read.problems],
    files: [absolutePath(path, io), absolutePath(`${path}.default`, io), ...read.files],
  };
}

/** As ActiveSupport's deep_merge, save that a section left empty does not take the weaker file's section away. */
function deepMerge(weaker: Entries, stronger: Entries): Entries {
  const merged = new Map(weaker);
  for (const [key, node] of stronger) {
    const there = merged.get(key);
    if (there?.kind !== 'map') merged.set(key, node);
    else if (node.kind === 'map')
      merged.set(key, { ...node, entries: deepMerge(there.entries, node.entries) });
    else if (!isNothing(node)) merged.set(key, node);
  }
  return merged;
}

/** The top level with the environment's section merged over it. */
function valuesFor(environment: string, entries: Entries, path: string, problems: Problem[]): Entries {
  const values = new Map(entries);
  const section = entries.get(environment);
  if (section?.kind === 'map') for (const [key, node] of section.entries) values.set(key, node);
  const sections = SECTIONS.filter((name) => entries.get(name)?.kind === 'map');
  if (section === undefined && sections.length > 0) {
    const details = { environment, sections: sections.join(', ') };
    problems.push(problem('warning', 'environment_missing', details, { place: path }));
  }
  return values;
}

/** figaro's values are flat texts under names of environment variables. */
function isLoginGov(values: Entries): boolean {
  if (LOGIN_GOV_KEYS.some((key) => values.has(key))) return true;
  return [...values.values()].some((node) => {
    const word = node.kind === 'list' ? listWord(node, 0) : undefined;
    return word === 'env' || word === 'secrets_manager';
  });
}

/** figaro puts its values into the environment of the process, where that has none of the name yet. */
function figaroVariables(values: Entries, refusedIn: RefusedIn, io: SourceIo): Variables {
  const variables = new Map(environmentVariables(io.env));
  for (const [key, node] of values) {
    if (isNothing(node)) continue;
    variables.set(key, [...(variables.get(key) ?? []), figaroVariable(key, node, refusedIn)]);
  }
  return variables;
}

function figaroVariable(key: string, node: YamlNode, refusedIn: RefusedIn): Variable {
  const { origin } = node;
  if (node.kind !== 'scalar') {
    const details = {
      setting: key,
      value: `a ${node.kind === 'list' ? 'list' : 'mapping'}`,
      expected: 'a text',
    };
    return { value: '', origin, problems: [problem('error', 'setting_invalid', details, origin)] };
  }
  const refused = refusedIn(node);
  if (refused.length > 0) return { value: '', origin, problems: refused };
  const problems: Problem[] = [];
  const meant = /PASS|URL/.test(key) ? 'secret' : /PORT|TIMEOUT/.test(key) ? 'number' : 'text';
  const { value } = rubyText(node, key, meant, problems);
  return { value, origin, problems };
}
