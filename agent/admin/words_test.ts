// The words of the console, as they are typed.

import { describe, expect, test } from 'bun:test';
import { readCommands, type Typed } from './words.ts';

function words(name: string, argument: string, text: string): Typed {
  return { kind: 'words', name, argument, text };
}

describe('readCommands()', () => {
  test('takes a word, and one more, in any case and with blanks around them', () => {
    expect(readCommands('\n SHOW\t Pools  ; ')).toEqual([words('show', 'Pools', 'SHOW\t Pools')]);
    expect(readCommands('reload')).toEqual([words('reload', '', 'reload')]);
    expect(readCommands('PAUSE "a ""b"""')).toEqual([words('pause', 'a "b"', 'PAUSE "a ""b"""')]);
  });

  test('passes over comments, also those inside of others and those without an end', () => {
    const text = '-- one\nSHOW /* two /* three */ */ POOLS -- four';
    expect(readCommands(text)).toEqual([words('show', 'POOLS', 'SHOW /* two /* three */ */ POOLS')]);
    expect(readCommands('/* nothing')).toEqual([]);
    expect(readCommands('/* nothing */ -- at all')).toEqual([]);
  });

  test('takes several commands, and none where nothing is said', () => {
    expect(readCommands('SHOW STATE;;show "version";')).toEqual([
      words('show', 'STATE', 'SHOW STATE'),
      words('show', 'version', 'show "version"'),
    ]);
    expect(readCommands('')).toEqual([]);
    expect(readCommands(' ;\n; ')).toEqual([]);
  });

  test('takes SET in each of its ways', () => {
    const set = (text: string): unknown => {
      const [command] = readCommands(text);
      return command?.kind === 'set' ? [command.key, command.value] : command?.kind;
    };
    expect(set('SET Pool_Mode = session')).toEqual(['pool_mode', 'session']);
    expect(set('set pool_mode to session;')).toEqual(['pool_mode', 'session']);
    expect(set('SET pool_mode=session')).toEqual(['pool_mode', 'session']);
    expect(set("SET server_check_query='select ''1'' -- x'")).toEqual([
      'server_check_query',
      "select '1' -- x",
    ]);
    expect(set('SET "verbose" = "2"')).toEqual(['verbose', '2']);
    expect(set('SET server_lifetime = 0.5')).toEqual(['server_lifetime', '0.5']);
    expect(set('SET admin_users = a, b ; ')).toEqual(['admin_users', 'a, b']);
    expect(set("SET admin_users = ''")).toEqual(['admin_users', '']);
    for (const broken of ['SET', 'SET x', 'SET x =', 'SET = 1', "SET x = 'a' b", "SET x = 'a", 'SET x 1'])
      expect([broken, set(broken)]).toEqual([broken, broken === "SET x = 'a" ? ['x', "'a"] : 'unknown']);
  });

  test('leaves to its caller what is no command', () => {
    for (const text of ['SELECT 1, 2', "SHOW 'POOLS'", 'a b c', '=', '"', "SHOW pools'"])
      expect(readCommands(text)).toEqual([{ kind: 'unknown', text }]);
  });
});
