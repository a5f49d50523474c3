// What a release writes into the files, and when there is none.

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { whyNot, withHeading, withVersion } from './release.ts';

test('whyNot() wants a version that is not older, and nothing left to commit', () => {
  expect(whyNot('0.1.0', '0.1.0', '')).toBeUndefined();
  expect(whyNot('0.2.0', '0.1.9', '')).toBeUndefined();
  expect(whyNot('1.0.0', '0.9.9', '')).toBeUndefined();
  expect(whyNot('0.1.9', '0.2.0', '')).toBe('0.1.9 is older than 0.2.0');
  expect(whyNot('v1', '0.1.0', '')).toBe('v1 is no version: three numbers, as 1.2.3');
  expect(whyNot('1.0.0', '0.1.0', ' M README.md\n')).toBe(
    'there is something that is not committed:\n M README.md',
  );
});

test.each(['package.json', 'package-lock.json'])('withVersion() changes nothing else in %s', (path) => {
  const text = readFileSync(path, 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  expect(withVersion(text, version)).toBe(text);
  const changed = withVersion(text, '9.8.7').split('\n');
  const different = changed.filter((line, i) => line !== text.split('\n')[i]);
  expect(new Set(different.map((line) => line.trim()))).toEqual(new Set(['"version": "9.8.7",']));
});

test('withHeading() gives what was unreleased its version, and leaves a place for what comes next', () => {
  expect(withHeading('# C\n\n## Unreleased\n\n- new\n\n## 0.1.0 (2026-01-01)\n', '0.2.0', '2026-02-01')).toBe(
    '# C\n\n## Unreleased\n\n## 0.2.0 (2026-02-01)\n\n- new\n\n## 0.1.0 (2026-01-01)\n',
  );
  expect(() => withHeading('# C\n', '1.0.0', '2026-02-01')).toThrow('## Unreleased');
});
