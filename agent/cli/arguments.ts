// Reads a command line by the table: the words in, a Call out, or an error that says what was probably meant.

import { parseArgs } from 'node:util';
import { AgentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Call, Command, Flag } from './command.ts';
import { isSettingFlag, SETTING_FLAGS, settingOf } from './setting_flags.ts';

/** Flags that every command has. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'help', short: 'h', summary: 'Show this page' },
  { name: 'version', short: 'V', summary: 'Show the version' },
];

/** What to load, for the commands that load the configuration. */
export const CONFIGURATION_FLAGS: readonly Flag[] = [
  {
    name: 'config',
    value: 'FILE',
    completes: 'file',
    summary:
      'Settings of pgsidecar itself, or a pgbouncer.ini, in place of ./pgsidecar.yml and /etc/pgsidecar/pgsidecar.yml',
  },
  {
    name: 'instance',
    value: 'NAME',
    summary:
      'That of pgsidecar@NAME.service: --config /etc/pgsidecar/NAME.yml --unix-socket-dir /run/pgsidecar-NAME',
  },
  {
    name: 'source',
    value: 'FILE',
    repeatable: true,
    completes: 'file',
    summary:
      "The application's own file: application.yml, database.yml or .env; repeatable, the first one wins",
  },
  {
    name: 'environment',
    value: 'NAME',
    summary: "The section of the application's files that counts, such as production",
  },
  {
    name: 'defaults',
    value: 'WHOSE',
    values: ['pgbouncer'],
    summary:
      'What holds where nothing is said: pgbouncer, as with `pgsidecar pgbouncer`; our own when not given',
  },
];

/** Every flag that the command takes: its own first, then what to load, then every setting. */
export function flagsOf(command: Command): readonly Flag[] {
  const configuration = command.configured !== false ? [...CONFIGURATION_FLAGS, ...SETTING_FLAGS] : [];
  return [...command.flags, ...configuration, ...COMMON_FLAGS];
}

/** Throws AgentError with exit code 64; `words` begin after the command's name. */
export function readArguments(command: Command, words: readonly string[]): Call {
  const flags = new Map(flagsOf(command).map((flag) => [flag.name, flag]));
  const given = { flags: new Map<string, string[]>(), settings: new Map<string, string[]>() };
  const positionals: string[] = [];
  for (const token of tokensOf(flags, words)) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { flag, value } = flagAndValue(flags, token);
    const setting = settingOf(flag);
    const [map, name] = setting === undefined ? [given.flags, flag.name] : [given.settings, setting];
    map.set(name, [...(map.get(name) ?? []), value]);
  }
  if (!given.flags.has('help') && !given.flags.has('version')) checkPositionals(command, positionals);
  return { arguments: positionals, ...given };
}

type Token = ReturnType<typeof tokensOf>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

/** node:util splits the words; what they mean is decided here, because its own errors know no nearest name. */
function tokensOf(flags: ReadonlyMap<string, Flag>, words: readonly string[]) {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {};
  for (const flag of flags.values()) {
    const type = flag.value === undefined ? 'boolean' : 'string';
    options[flag.name] = flag.short === undefined ? { type } : { type, short: flag.short };
  }
  const args = words.map(withDashes);
  return parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

/** `--default_pool_size`, copied from the settings page, is meant as well. */
function withDashes(word: string): string {
  return word.replace(/^--[\w-]+/, (name) => name.replaceAll('_', '-'));
}

function flagAndValue(flags: ReadonlyMap<string, Flag>, token: OptionToken): { flag: Flag; value: string } {
  const flag = flags.get(token.name);
  const positive = token.name.startsWith('no-') ? flags.get(token.name.slice(3)) : undefined;
  if (flag === undefined && positive?.negatable === true) {
    if (token.value !== undefined) {
      throw new AgentError('flag_value_unwanted', { flag: token.rawName, value: token.value });
    }
    return { flag: positive, value: 'false' };
  }
  if (flag === undefined) throw unknownFlag(flags, token);
  return { flag, value: valueFor(flag, token) };
}

function valueFor(flag: Flag, token: OptionToken): string {
  const name = `--${flag.name}`;
  const { value, inlineValue } = token;
  if (flag.value === undefined) {
    if (value === undefined) return 'true';
    if (flag.negatable === true) return value;
    throw new AgentError('flag_value_unwanted', { flag: name, value });
  }
  // `--source --help` is a forgotten value, while `--source=--help` is a strange one.
  if (value === undefined || (!inlineValue && value.startsWith('--'))) {
    throw new AgentError('flag_value_missing', { flag: name, value: flag.value });
  }
  if (flag.values !== undefined && !isSettingFlag(flag) && !flag.values.includes(value)) {
    throw new AgentError('flag_value_invalid', { flag: name, value, expected: oneOf(flag.values) });
  }
  return value;
}

function unknownFlag(flags: ReadonlyMap<string, Flag>, token: OptionToken): AgentError {
  const known = [...flags.values()].flatMap((flag) =>
    flag.negatable === true ? [flag.name, `no-${flag.name}`] : [flag.name],
  );
  const meant = token.rawName.startsWith('--') ? nearest(token.name, known) : undefined;
  const hint = meant === undefined ? '--help lists those that there are' : `did you mean --${meant}?`;
  return new AgentError('flag_unknown', { flag: token.rawName, hint });
}

function checkPositionals(command: Command, positionals: readonly string[]): void {
  const missing = command.arguments.find(
    (argument, place) => argument.required && positionals[place] === undefined,
  );
  if (missing !== undefined) {
    const hint = missing.values === undefined ? missing.summary : oneOf(missing.values);
    throw new AgentError('argument_missing', { command: command.name, argument: missing.name, hint });
  }
  for (const [place, value] of positionals.entries()) {
    const argument = command.arguments[place];
    const hint =
      argument === undefined
        ? takes(command)
        : argument.values !== undefined && !argument.values.includes(value)
          ? `${argument.name} is ${oneOf(argument.values)}`
          : undefined;
    if (hint !== undefined) {
      throw new AgentError('argument_unexpected', { command: command.name, argument: value, hint });
    }
  }
}

function takes(command: Command): string {
  if (command.arguments.length === 0) return 'it takes flags only';
  return `it takes ${command.arguments.map((argument) => argument.name).join(' ')} and flags`;
}

/** `bash, zsh or fish`. */
export function oneOf(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
