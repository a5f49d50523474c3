// How a server gets from one client's settings to another's: what it is told, and what it answers to that byte for byte.

import { describe, expect, test } from 'bun:test';
import { Parameters } from '../state/parameters.ts';
import { Switch } from './switch.ts';

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const unreported = (all: Readonly<Record<string, string>>): Parameters =>
  new Parameters(new Map([['TimeZone', 'UTC']]), new Map(Object.entries(all)));
const complete = (tag: string): string => `C\0\0\0${String.fromCharCode(5 + tag.length)}${tag}\0`;

describe('Switch', () => {
  test('knows the answer to each of its statements', () => {
    const next = new Switch(unreported({ lock_timeout: '5s' }), unreported({ work_mem: '4MB' }));
    expect(text(next.query).slice(5)).toBe(`SET "work_mem" TO '4MB';RESET "lock_timeout";\0`);
    expect(text(next.answer)).toBe(complete('SET') + complete('RESET'));
  });

  test('takes its time where the client before has left little, and is not sure', () => {
    const next = new Switch(unreported({ statement_timeout: '5' }), unreported({}));
    expect(text(next.query).slice(5)).toBe('SET LOCAL statement_timeout TO 0;RESET "statement_timeout";\0');
    expect(text(next.answer)).toBe(complete('SET') + complete('RESET'));
    expect([next.isSure, new Switch(unreported({}), unreported({ work_mem: '4MB' })).isSure]).toEqual([
      false,
      true,
    ]);
  });

  test('does not know a row', () => {
    expect(new Switch(unreported({}), unreported({ search_path: 'a,b' })).answer).toBeUndefined();
  });

  test('says nothing to a server that has it all', () => {
    expect(new Switch(unreported({ work_mem: '1' }), unreported({ work_mem: '1' })).query).toBeUndefined();
  });

  test('leads to what the client has, and where the server has to say what that is, to what it does not report', () => {
    const wants = unreported({ work_mem: '4MB' });
    expect(new Switch(unreported({}), wants).reached).toBe(wants);
    const asOther = unreported({ role: 'r1' });
    const next = new Switch(unreported({}), asOther);
    expect(next.reached).not.toBe(asOther);
    expect(next.reached.unreported).toEqual(asOther.unreported);
  });

  test('is kept while it is short', () => {
    expect(new Switch(unreported({}), unreported({ work_mem: '4MB' })).isShort).toBe(true);
    expect(new Switch(unreported({}), unreported({ 'app.note': 'x'.repeat(9_000) })).isShort).toBe(false);
  });
});
