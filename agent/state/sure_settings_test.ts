// What a server may refuse of a switch between two clients' settings.

import { describe, expect, test } from 'bun:test';
import { Parameters } from './parameters.ts';
import { isSure } from './sure_settings.ts';

function parameters(
  reported: Readonly<Record<string, string>>,
  unreported: Readonly<Record<string, string>> = {},
): Parameters {
  return new Parameters(new Map(Object.entries(reported)), new Map(Object.entries(unreported)));
}

describe('isSure()', () => {
  const sure = (has: Readonly<Record<string, string>>, wants: Readonly<Record<string, string>>): boolean =>
    isSure(parameters({}, has), parameters({}, wants));

  test('is said of what PostgreSQL takes from anybody', () => {
    expect(sure({ work_mem: '4MB' }, { search_path: 'a', lock_timeout: '5s' })).toBe(true);
  });

  test('is not of what a library, a catalog, a right or an encoding decides', () => {
    expect(sure({ 'plpgsql.foo': 'x' }, {})).toBe(false);
    expect(sure({}, { 'app.tenant': '7' })).toBe(false);
    expect(sure({}, { role: 'r1' })).toBe(false);
    expect(sure({}, { default_tablespace: 'fast' })).toBe(false);
    expect(sure({}, { search_path: 'é' })).toBe(false);
    expect(isSure(parameters({ application_name: '' }), parameters({ application_name: 'é' }))).toBe(false);
    expect(sure({ 'app.tenant': '7' }, { 'app.tenant': '7', work_mem: '4MB' })).toBe(true);
  });

  test('is not where the client before has left too little time', () => {
    for (const value of ['1', '999', '999ms', '900000us', 'soon', '1e0'])
      expect(sure({ statement_timeout: value }, {})).toBe(false);
    for (const value of ['0', '1000', '5s', '1 min', '2h'])
      expect(sure({ statement_timeout: value }, {})).toBe(true);
  });
});
