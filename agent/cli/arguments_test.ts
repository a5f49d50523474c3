// How words become a Call; the sentences about wrong ones are golden cases.

import { expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { rowOf, SETTING_NAMES } from '../config/table.ts';
import { flagsOf, oneOf, readArguments } from './arguments.ts';
import { COMMANDS } from './cli.ts';
import type { Command } from './command.ts';

function command(name: string): Command {
  return COMMANDS.find((each) => each.name === name)!;
}

function read(line: string) {
  const [name = '', ...words] = line.split(' ');
  const { arguments: positionals, flags, settings } = readArguments(command(name), words);
  return { positionals, flags: Object.fromEntries(flags), settings: Object.fromEntries(settings) };
}

test('readArguments() tells settings, flags and arguments apart', () => {
  expect(read('url idp --for rails --listen-port=6432 --fallback --default-pool-size 5')).toEqual({
    positionals: ['idp'],
    flags: { for: ['rails'], fallback: ['true'] },
    settings: { listen_port: ['6432'], default_pool_size: ['5'] },
  });
});

test('readArguments() takes --source for sources, every time that it is said', () => {
  expect(read('run --source a.yml --source=b.env --environment staging').settings).toEqual({
    sources: ['a.yml', 'b.env'],
    environment: ['staging'],
  });
});

test('readArguments() reads a yes and a no', () => {
  expect(read('run --log-connections').settings).toEqual({ log_connections: ['true'] });
  expect(read('run --no-log-connections').settings).toEqual({ log_connections: ['false'] });
  expect(read('run --log-connections=off').settings).toEqual({ log_connections: ['off'] });
});

test('readArguments() takes underscores for dashes, in the name only', () => {
  expect(read('run --server_tls_ca_file=/etc/my_ca.pem').settings).toEqual({
    server_tls_ca_file: ['/etc/my_ca.pem'],
  });
});

test('readArguments() leaves the words of a setting to the loader, which knows all that is wrong at once', () => {
  expect(read('run --pool-mode sometimes --default-pool-size -1').settings).toEqual({
    pool_mode: ['sometimes'],
    default_pool_size: ['-1'],
  });
});

test('readArguments() takes what comes behind -- as it is', () => {
  expect(read('explain -- pool_mode').positionals).toEqual(['pool_mode']);
});

test('readArguments() asks for nothing more when help is wanted', () => {
  expect(read('completion --help').flags).toEqual({ help: ['true'] });
  expect(read('completion -h').flags).toEqual({ help: ['true'] });
});

test('readArguments() says what is wrong with exit code 64', () => {
  for (const line of [
    'run --nope',
    'run -x',
    'run --source',
    'check --json=1',
    'render --format x',
    'completion',
    'run x',
  ]) {
    let error: unknown;
    try {
      read(line);
    } catch (thrown) {
      error = thrown;
    }
    expect(error, line).toBeInstanceOf(AgentError);
    expect((error as AgentError).row.exit, line).toBe(64);
  }
});

test('every setting is a flag, and no command has a flag of the same name', () => {
  const names = flagsOf(command('run')).map((flag) => flag.name);
  for (const name of SETTING_NAMES) {
    const flag = name === 'sources' ? 'source' : name.replaceAll('_', '-');
    expect(names, name).toContain(flag);
  }
  for (const each of COMMANDS) {
    const all = flagsOf(each).map((flag) => flag.name);
    expect(new Set(all).size, each.name).toBe(all.length);
    // --no-x must not be somebody's name of its own.
    for (const flag of flagsOf(each)) if (flag.negatable) expect(all).not.toContain(`no-${flag.name}`);
  }
});

test('a setting that is a list can be said several times', () => {
  for (const flag of flagsOf(command('run'))) {
    const name = flag.name.replaceAll('-', '_');
    if (SETTING_NAMES.includes(name as never) && rowOf(name as never).type === 'list') {
      expect(flag.repeatable, flag.name).toBe(true);
    }
  }
});

test('oneOf() ends with "or"', () => {
  expect(oneOf(['a'])).toBe('a');
  expect(oneOf(['a', 'b'])).toBe('a or b');
  expect(oneOf(['a', 'b', 'c'])).toBe('a, b or c');
});
