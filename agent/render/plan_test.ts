// What a plan says it would do: create, change, keep, refuse; and what it shows of it.

import { expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { type FileThere, MARK, maskedText, planFiles, type WantedFile } from './plan.ts';

const QUIET = { directory: 'out', force: false, showSecrets: false };

function file(lines: readonly string[], more: Partial<WantedFile> = {}): WantedFile {
  const text = `# ${MARK}\n${lines.join('\n')}\n`;
  const mask = (line: string) =>
    line.startsWith('password') ? 'password: ***' : /^[a-z]+: |^# /.test(line) ? line : undefined;
  return { name: 'x.yml', text, secret: false, mask, ...more };
}

function there(text: string, mode = 0o644): ReadonlyMap<string, FileThere> {
  return new Map([['x.yml', { text, mode, place: { uid: 0, gid: 0, directory: '0:0' } }]]);
}

test('planFiles() creates what is not there, for its owner only when there is a secret', () => {
  const [open] = planFiles([file(['a: 1'])], new Map(), QUIET);
  expect(open).toMatchObject({ action: 'create', mode: 0o644, modeBefore: undefined });
  expect(open?.diff).toEqual(['@@ -0,0 +1,2 @@', `+# ${MARK}`, '+a: 1']);
  const [secret] = planFiles([file(['password: x'], { secret: true })], new Map(), QUIET);
  expect(secret).toMatchObject({ action: 'create', mode: 0o600 });
});

test('planFiles() keeps what is as it should be, a stricter mode included', () => {
  const wanted = file(['a: 1']);
  expect(planFiles([wanted], there(wanted.text), QUIET)[0]).toMatchObject({ action: 'keep', diff: [] });
  expect(planFiles([wanted], there(wanted.text, 0o600), QUIET)[0]).toMatchObject({
    action: 'keep',
    mode: 0o600,
  });
});

test('planFiles() changes a file with secrets that others can read', () => {
  const wanted = file(['password: x'], { secret: true });
  const [plan] = planFiles([wanted], there(wanted.text, 0o644), QUIET);
  expect(plan).toMatchObject({ action: 'change', mode: 0o600, modeBefore: 0o644, diff: [] });
});

test('planFiles() shows that a secret changes, and neither of the two', () => {
  const [before, after] = [crypto.randomUUID(), crypto.randomUUID()];
  const old = file(['a: 1', `password: ${before}`]).text;
  const [plan] = planFiles([file(['a: 1', `password: ${after}`])], there(old), QUIET);
  expect(plan?.diff).toEqual(['@@ -1,3 +1,3 @@', ` # ${MARK}`, ' a: 1', '-password: ***', '+password: ***']);
  const [shown] = planFiles([file(['a: 1', `password: ${after}`])], there(old), {
    ...QUIET,
    showSecrets: true,
  });
  expect(shown?.diff.at(-1)).toBe(`+password: ${after}`);
});

test('planFiles() hides a line that nobody knows', () => {
  const secret = crypto.randomUUID();
  const [plan] = planFiles([file(['a: 1'])], there(`${file(['a: 1']).text}TOKEN=${secret}\n`), QUIET);
  expect(plan?.diff.at(-1)).toBe('-*** (a line that pgsidecar did not write)');
});

test('planFiles() does not replace what pgsidecar did not write, unless it is forced to', () => {
  const foreign = there('a: 1\n');
  expect(() => planFiles([file(['a: 2'])], foreign, QUIET)).toThrow(AgentError);
  expect(() => planFiles([file(['a: 2'])], foreign, QUIET)).toThrow(
    'Cannot replace out/x.yml: pgsidecar did not',
  );
  expect(planFiles([file(['a: 2'])], foreign, { ...QUIET, force: true })[0]?.action).toBe('change');
  expect(() => planFiles([file(['a: 2'])], there(''), QUIET)).toThrow('pgsidecar did not');
});

test('planFiles() gives no secret to whoever may have put a file there to be given it, forced or not', () => {
  const text = file(['password: x']).text;
  const planted = (before: string) => {
    const found = there(before, 0o600).get('x.yml')!;
    return new Map([['x.yml', { ...found, stranger: 1001 }]]);
  };
  const secret = file(['password: y'], { secret: true });
  for (const wishes of [QUIET, { ...QUIET, force: true }]) {
    expect(() => planFiles([secret], planted(text), wishes)).toThrow(
      'Cannot write secrets to out/x.yml: user 1001 owns it, and others may write into its directory',
    );
  }
  expect(planFiles([file(['a: 1'])], planted(text), QUIET)[0]?.action).toBe('change');
  expect(planFiles([secret], planted(secret.text), QUIET)[0]?.action).toBe('keep');
});

test('maskedText() masks line by line', () => {
  expect(maskedText(file(['password: x', '', 'odd']))).toBe(
    `# ${MARK}\npassword: ***\n\n*** (a line that pgsidecar did not write)\n`,
  );
});
