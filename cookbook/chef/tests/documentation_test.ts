// The pages of the cookbook hold what its resources hold: every action, property and attribute, as they are in the code.

import { expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { missingPrograms, testNeeding } from '../../../agent/tests/harness/needs.ts';

const CHEF = resolve(import.meta.dir, '..');
const COOKBOOK = join(CHEF, 'pgsidecar');
const PAGES = join(COOKBOOK, 'documentation');
const TIMEOUT_MS = 60_000;
const testWithRuby = testNeeding(missingPrograms('ruby'));

interface Resource {
  readonly actions: readonly { readonly name: string; readonly default: boolean; readonly text: string }[];
  readonly properties: readonly {
    readonly name: string;
    readonly kinds: string;
    readonly default: string;
    readonly text: string;
  }[];
}
interface Described {
  readonly resources: Readonly<Record<string, Resource>>;
  readonly attributes: Readonly<Record<string, unknown>>;
}

testWithRuby(
  'every resource has a page, and every page a resource',
  async () => {
    const { resources } = await describeCookbook();
    const pages = readdirSync(PAGES).map((page) => page.replace(/\.md$/, ''));
    expect(pages.sort()).toEqual(Object.keys(resources).sort());
  },
  TIMEOUT_MS,
);

testWithRuby(
  'each page has the actions and properties of its resource (UPDATE=1 writes them)',
  async () => {
    for (const [name, resource] of Object.entries((await describeCookbook()).resources)) {
      const path = join(PAGES, `${name}.md`);
      const page = readFileSync(path, 'utf8');
      const wanted = withSection(
        withSection(page, 'Actions', actionsOf(resource)),
        'Properties',
        propertiesOf(resource),
      );
      if (process.env.UPDATE === '1') writeFileSync(path, wanted);
      else expect(page).toBe(wanted);
    }
  },
  TIMEOUT_MS,
);

testWithRuby(
  'every action and property says what it is for',
  async () => {
    for (const { actions, properties } of Object.values((await describeCookbook()).resources)) {
      expect([...actions, ...properties].filter(({ text }) => !/^[A-Z].*\.$/.test(text))).toEqual([]);
    }
  },
  TIMEOUT_MS,
);

testWithRuby(
  'README.md has every attribute, and none that is not there',
  async () => {
    const { attributes } = await describeCookbook();
    const section = readFileSync(join(COOKBOOK, 'README.md'), 'utf8')
      .split('\n## ')
      .find((each) => each.startsWith('Attributes'))!;
    const rows = section.split('\n').filter((line) => /^\| `/.test(line));
    const told = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
    expect(told.sort()).toEqual(Object.keys(attributes).sort());
  },
  TIMEOUT_MS,
);

test('the examples use no action or property that is not there', () => {
  let blocks = 0;
  for (const page of readdirSync(PAGES)) {
    const text = readFileSync(join(PAGES, page), 'utf8');
    const known = new Set([...text.matchAll(/^\| `:?(\w+)`/gm)].map(([, name]) => name!));
    const own = new RegExp(`^${page.replace('.md', '')} '\\w+' do\n([\\s\\S]*?)^end$`, 'gm');
    for (const [, block] of examplesOf(text).join('\n').matchAll(own)) {
      const used = [...block!.matchAll(/^ {2}(\w+)/gm)].map(([, word]) => word!);
      expect(used.filter((word) => !known.has(word) && !['notifies', 'action'].includes(word))).toEqual([]);
      blocks += 1;
    }
  }
  expect(blocks).toBeGreaterThan(5);
});

testWithRuby(
  'Ruby parses every example',
  async () => {
    const pages = ['README.md', ...readdirSync(PAGES).map((page) => join('documentation', page))];
    const examples = pages.flatMap((page) => examplesOf(readFileSync(join(COOKBOOK, page), 'utf8')));
    const child = Bun.spawn(['ruby', '-c'], { stdin: new Blob([examples.join('\n')]), stderr: 'pipe' });
    expect(await child.stderr.text()).toBe('');
    expect(await child.exited).toBe(0);
    expect(examples.length).toBeGreaterThan(8);
  },
  TIMEOUT_MS,
);

function examplesOf(text: string): string[] {
  return [...text.matchAll(/^```ruby\n([\s\S]*?)^```/gm)].map(([, code]) => code!);
}

async function describeCookbook(): Promise<Described> {
  const child = Bun.spawn(['ruby', '-w', join(CHEF, 'double/describe'), COOKBOOK], { stderr: 'pipe' });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Described;
}

function withSection(page: string, title: string, table: string): string {
  const parts = page.split(/^(?=## )/m);
  const index = parts.findIndex((part) => part.startsWith(`## ${title}\n`));
  expect(index).toBeGreaterThan(0);
  parts[index] = `## ${title}\n\n${table}\n`;
  return parts.join('');
}

function actionsOf({ actions }: Resource): string {
  const rows = actions.map(
    (each) => `| \`:${each.name}\` | ${each.text}${each.default ? ' Done when nothing is said.' : ''} |`,
  );
  return ['| action | what it does |', '|---|---|', ...rows, ''].join('\n');
}

function propertiesOf({ properties }: Resource): string {
  const rows = properties.map(
    (each) => `| \`${each.name}\` | ${each.kinds} | ${each.default} | ${each.text} |`,
  );
  return ['| property | type | default | what it is |', '|---|---|---|---|', ...rows, ''].join('\n');
}
