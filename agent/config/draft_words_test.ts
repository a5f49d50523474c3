// DraftWords keeps what the strongest place says, and tells what cannot be when all is said.

import { describe, expect, test } from 'bun:test';
import { DraftWords } from './draft_words.ts';

const STRONG = { place: 'strong', line: 1 };
const WEAK = { place: 'weak', line: 2 };

describe('DraftWords', () => {
  test('keeps the first that is said, and tells no problem of what loses', () => {
    const words = new DraftWords();
    words.take('host', 'a', STRONG);
    words.take('port', '1', STRONG);
    words.take('host', 'b', WEAK);
    words.take('port', 'none', WEAK);
    expect(words.fields).toEqual({
      host: { value: 'a', origin: STRONG },
      port: { value: '1', origin: STRONG },
    });
    expect(words.problems).toEqual([]);
  });

  test('takes an empty value for nothing said', () => {
    const words = new DraftWords();
    expect(words.take('host', '', STRONG)).toBe(true);
    expect(words.has('host')).toBe(false);
  });

  test('names the setting as it was written', () => {
    const words = new DraftWords();
    words.take('sslmode', 'x', STRONG, 'DB_SSLMODE');
    expect(words.problems.map((each) => each.sentence)).toEqual([
      'Cannot use DB_SSLMODE "x" at strong:1: expected disable, allow, prefer, require, verify-ca or verify-full',
    ]);
  });

  test('knows libpq words from others, also from those that JavaScript has on every object', () => {
    const words = new DraftWords();
    expect(words.take('keepalives', '1', STRONG)).toBe(true);
    expect(words.take('constructor', '1', STRONG)).toBe(false);
    expect(words.take('hots', '1', STRONG)).toBe(false);
  });

  test.each([
    ['host', 'h'],
    ['hostaddr', '10.0.0.1'],
    ['requiressl', '1'],
    ['target_session_attrs', 'standby'],
    ['application_name', 'web'],
    ['service', 'main'],
    ['passfile', '/x'],
  ])('has(%s) once it is said', (keyword, value) => {
    const words = new DraftWords();
    expect(words.has(keyword)).toBe(false);
    words.take(keyword, value, STRONG);
    expect(words.has(keyword)).toBe(true);
  });

  test('fillFrom() adds what is not said, problems included', () => {
    const words = new DraftWords();
    words.take('host', 'a', STRONG);
    words.takeParameter('work_mem', '1MB', STRONG);
    const weaker = new DraftWords();
    weaker.take('host', 'b', WEAK);
    weaker.take('user', 'u', WEAK);
    weaker.take('service', 's', WEAK);
    weaker.takeParameter('work_mem', '2MB', WEAK);
    weaker.takeParameter('geqo', 'off', WEAK);
    weaker.take('sslcrl', '/x', WEAK);
    words.fillFrom(weaker);
    const draft = words.draft('primary', STRONG);
    expect(draft.fields).toEqual({
      host: { value: 'a', origin: STRONG },
      user: { value: 'u', origin: WEAK },
    });
    expect(Object.entries(draft.parameters).map(([name, each]) => [name, each.value])).toEqual([
      ['work_mem', '1MB'],
      ['geqo', 'off'],
    ]);
    expect(words.asides.service?.value).toBe('s');
    expect(words.problems).toHaveLength(1);
  });

  test('isUsable() unless an error left nothing behind', () => {
    const words = new DraftWords();
    expect(words.isUsable()).toBe(true);
    words.take('sslmode', 'x', STRONG);
    expect(words.isUsable()).toBe(false);
    words.take('user', 'u', STRONG);
    expect(words.isUsable()).toBe(true);
  });

  test('draft() carries the size of the application pool as a hint, not as pool_size', () => {
    const draft = new DraftWords().draft('primary', STRONG, { value: 5, origin: WEAK });
    expect(draft.applicationPool).toEqual({ value: 5, origin: WEAK });
    expect(draft.fields).toEqual({});
    expect('applicationPool' in new DraftWords().draft('primary', STRONG)).toBe(false);
  });

  test('finish() says nothing of the agent socket once there is a host from elsewhere', () => {
    const words = new DraftWords();
    words.take('host', '/run/pgsidecar', STRONG);
    words.leaveOutAgentSockets();
    words.take('host', 'db', WEAK);
    words.finish();
    expect(words.fields.host).toEqual({ value: 'db', origin: WEAK });
    expect(words.problems).toEqual([]);
  });
});
