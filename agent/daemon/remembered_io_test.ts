// What SET is loaded with: the files and the answers of commands as they were, and nothing that has changed since.

import { describe, expect, test } from 'bun:test';
import type { SourceIo } from '../config/source.ts';
import { RememberedIo } from './remembered_io.ts';

describe('RememberedIo', () => {
  test('gives again what the load in force has read, and reads what that has not', async () => {
    const files: Record<string, string> = { a: 'one', b: 'other' };
    let runs = 0;
    const outside: SourceIo = {
      env: {},
      cwd: '/',
      read: (path) => files[path],
      run: (command, args) => Promise.resolve(`${command} ${args.join()} ${++runs}`),
    };
    const remembered = new RememberedIo(outside);
    const now = remembered.fresh();
    expect([now.read('a'), now.read('nothing'), await now.run('ask', ['x'], 1)]).toEqual([
      ...['one', undefined, 'ask x 1'],
    ]);
    remembered.keep();
    files.a = 'two';
    files.nothing = 'something';
    // A reload that is refused.
    expect(remembered.fresh().read('a')).toBe('two');
    const again = remembered.remembered();
    expect([again.read('a'), again.read('nothing'), again.read('b')]).toEqual(['one', undefined, 'other']);
    expect([await again.run('ask', ['x'], 1), await again.run('ask', ['y'], 1)]).toEqual([
      'ask x 1',
      'ask y 2',
    ]);
  });
});
