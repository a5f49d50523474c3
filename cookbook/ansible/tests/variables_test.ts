// The variables say the same in all places: the argument specs, the defaults, the README's tables, and the tasks that use them.

import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Glob } from 'bun';
import { parse } from 'yaml';
import { SOURCE } from './collection.ts';

interface Option {
  readonly type: string;
  readonly elements?: string;
  readonly choices?: readonly string[];
  readonly required?: boolean;
  readonly default?: unknown;
  readonly description: string;
  readonly options?: Readonly<Record<string, Option>>;
}

const ROLE = join(SOURCE, 'roles/pgsidecar');
const README = read('README.md');
const DEFAULTS = parse(read('defaults/main.yml')) as Record<string, unknown>;
const SPECS = parse(read('meta/argument_specs.yml')) as {
  argument_specs: { main: { options: Record<string, Option> } };
};
const OPTIONS = SPECS.argument_specs.main.options;
const INSTANCE = OPTIONS.pgsidecar_instances!.options!;
/** Every task, template, handler and shared variable. */
const CODE = [...new Glob('{tasks,templates,handlers,vars}/*').scanSync(ROLE)].map(read).join('\n');

describe('the variables of the role', () => {
  test('defaults/main.yml sets each to the default that the argument specs name, and no other', () => {
    const specified = Object.entries(OPTIONS).map(([name, option]) => [name, option.default]);
    expect(Object.keys(OPTIONS).length).toBeGreaterThan(10);
    expect(DEFAULTS).toEqual(Object.fromEntries(specified));
  });

  test('the README lists each, in the same order, with its type, default and meaning', () => {
    expect(tableOf('Variables')).toEqual(rowsOf(OPTIONS));
  });

  test('the README lists the keys of an instance likewise', () => {
    expect(tableOf('An instance')).toEqual(rowsOf(INSTANCE));
  });

  test('what the README, molecule and the tasks set or read is a variable', () => {
    const texts = [
      README,
      read('../../README.md'),
      CODE,
      read('molecule/default/converge.yml'),
      read('molecule/default/molecule.yml'),
    ];
    const given = ['pgsidecar_database_urls', ...tags()];
    const named = new Set(texts.flatMap((text) => text.match(/\bpgsidecar_[a-z]\w*/g) ?? []));
    expect([...named].filter((name) => !(name in OPTIONS) && !given.includes(name)).sort()).toEqual([]);
  });

  test('each is used by a task', () => {
    expect(Object.keys(OPTIONS).filter((name) => !new RegExp(`\\b${name}\\b`).test(CODE))).toEqual([]);
  });

  test('each key of an instance is one that the default instance has too', () => {
    const { pgsidecar__default_definition: definition } = parse(read('vars/main.yml')) as {
      pgsidecar__default_definition: Record<string, unknown>;
    };
    expect(Object.keys(definition).sort()).toEqual(Object.keys(INSTANCE).sort());
  });

  test('what belongs to the role alone has two underscores, and is set in vars or by a task', () => {
    const used = new Set(CODE.match(/\bpgsidecar__\w+/g));
    const set = new Set(
      [...CODE.matchAll(/(?:^ *|register: |index_var: )(pgsidecar__\w+)(?=:|$)/gm)].map(([, name]) => name!),
    );
    expect(used.size).toBeGreaterThan(10);
    expect([...used].filter((name) => !set.has(name))).toEqual([]);
  });
});

describe('the tasks', () => {
  test('use no module that is not in ansible.builtin', () => {
    const modules = [...CODE.matchAll(/^ +([a-z_]+(?:\.[a-z_]+){2}):/gm)].map(([, name]) => name!);
    expect(modules.length).toBeGreaterThan(20);
    expect(modules.filter((name) => !name.startsWith('ansible.builtin.'))).toEqual([]);
  });

  test('have the tags that the README lists', () => {
    const listed = [...sectionOf('Tags').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!);
    expect(listed.sort()).toEqual(tags());
  });
});

function read(path: string): string {
  return readFileSync(join(ROLE, path), 'utf8');
}

function tags(): string[] {
  const lists = [...read('tasks/main.yml').matchAll(/tags: \[(.*)\]/g)].map(([, list]) => list!.split(', '));
  return [...new Set(lists.flat())].sort();
}

function sectionOf(heading: string): string {
  return README.split(/^## /m).find((section) => section.startsWith(`${heading}\n`)) ?? '';
}

function tableOf(heading: string): string[] {
  return sectionOf(heading)
    .split('\n')
    .filter((line) => line.startsWith('| `'));
}

function rowsOf(options: Readonly<Record<string, Option>>): string[] {
  return Object.entries(options).map(
    ([name, option]) => `| \`${name}\` | ${typeOf(option)} | ${defaultOf(option)} | ${option.description} |`,
  );
}

function typeOf({ type, elements, choices }: Option): string {
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(', ');
  return elements === undefined ? type : `${type} of ${elements}`;
}

function defaultOf(option: Option): string {
  if (option.required === true) return 'required';
  if (option.default === '') return 'empty';
  return `\`${option.type === 'str' ? option.default : JSON.stringify(option.default)}\``;
}
