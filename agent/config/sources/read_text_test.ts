// readText() makes a problem of a file that cannot be read.

import { describe, expect, test } from 'bun:test';
import type { Problem } from '../../base/errors.ts';
import { memoryIo, UNREADABLE } from '../../tests/harness/memory_io.ts';
import { absolutePath, readText } from './read_text.ts';

describe('readText()', () => {
  test('gives the text, nothing for a file that is not there, a problem for one that cannot be read', () => {
    const problems: Problem[] = [];
    const io = memoryIo({ there: 'text', locked: UNREADABLE });
    expect(readText('there', io, problems)).toBe('text');
    expect(readText('missing', io, problems)).toBeUndefined();
    expect(problems).toEqual([]);
    expect(readText('locked', io, problems)).toBeUndefined();
    expect(problems.map((each) => each.sentence)).toEqual(['Cannot read locked: permission denied']);
  });

  test('passes a mistake in the program on', () => {
    const io = {
      ...memoryIo({}),
      read(): string {
        throw new TypeError('a bug');
      },
    };
    expect(() => readText('x', io, [])).toThrow(TypeError);
  });
});

test('absolutePath() is what the watcher watches', () => {
  expect(absolutePath('config/../x.yml', memoryIo({}))).toBe('/app/x.yml');
  expect(absolutePath('/etc/x.yml', memoryIo({}))).toBe('/etc/x.yml');
});
