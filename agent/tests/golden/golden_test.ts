// Runs every .case file beneath this folder; `UPDATE=1 bun test agent/tests/golden` rewrites what they expect.

import { expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCase } from './case_file.ts';
import { reportOf } from './report.ts';

const folder = import.meta.dir;
const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.case'))
  .sort();

test('golden cases are found', () => {
  expect(names.length).toBeGreaterThan(60);
});

for (const name of names) {
  test(`golden ${name.replace(/\.case$/, '')}`, async () => {
    const path = join(folder, name);
    const written = readFileSync(path, 'utf8');
    const secrets = new Map<string, string>();
    const { head, sections, expected } = parseCase(written);
    const report = hide(
      await reportOf(sections.map((each) => ({ ...each, body: fill(each.body, secrets) }))),
      secrets,
    );
    expect(report.trim(), 'a case that comes to nothing tests nothing').not.toBe('');
    if (process.env.UPDATE === '1' && report !== expected) writeFileSync(path, `${head}\n${report}`);
    else expect(report).toBe(expected);
  });
}

/** `{{password}}` becomes a secret made up for this run, so that no case holds one. */
function fill(text: string, secrets: Map<string, string>): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const secret = secrets.get(name) ?? crypto.randomUUID();
    secrets.set(name, secret);
    return secret;
  });
}

/** The way back: a secret that reached the report shows there as `{{password}}`, a masked one as `***`. */
function hide(text: string, secrets: ReadonlyMap<string, string>): string {
  let hidden = text;
  for (const [name, secret] of secrets) hidden = hidden.replaceAll(secret, `{{${name}}}`);
  return hidden;
}
