// The way from a command line to an exit code.

import { AgentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { readArguments } from './arguments.ts';
import { COMMANDS } from './cli.ts';
import type { Command, Host } from './command.ts';
import { commandHelp, overview } from './help.ts';
import { paint } from './paint.ts';
import { asService } from './service.ts';
import { versionLine } from './version.ts';

/** `words` begin after the program's name. Never throws: what goes wrong is printed, and is the exit code. */
export async function runCli(words: readonly string[], host: Host): Promise<number> {
  try {
    return await dispatch(words, host);
  } catch (error) {
    return complain(error, host);
  }
}

async function dispatch(words: readonly string[], host: Host): Promise<number> {
  const [first, ...rest] = words;
  if (first === undefined) {
    host.err(overview(COMMANDS));
    return 64;
  }
  if (first === '--help' || first === '-h') return printed(host, overview(COMMANDS));
  if (first === '--version' || first === '-V') return printed(host, versionLine(host));
  if (first === 'help') return help(rest, host);
  const command = commandOf(first);
  const call = readArguments(command, rest);
  if (call.flags.has('help')) return printed(host, commandHelp(command));
  if (call.flags.has('version')) return printed(host, versionLine(host));
  const isOfService = command.configured === 'settings' && command.name !== 'run';
  const seen = isOfService ? asService(call, host, command.name === 'check') : host;
  return await (await command.load())(call, seen);
}

function help(words: readonly string[], host: Host): number {
  const [name] = words;
  return printed(host, name === undefined ? overview(COMMANDS) : commandHelp(commandOf(name)));
}

function commandOf(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name);
  if (command !== undefined) return command;
  if (name.startsWith('-')) {
    throw new AgentError('flag_unknown', {
      flag: name,
      hint: 'a command comes first, as in `pgsidecar run --help`',
    });
  }
  const meant = nearest(
    name,
    COMMANDS.map((each) => each.name),
  );
  const hint =
    meant === undefined ? '`pgsidecar --help` lists those that there are' : `did you mean ${meant}?`;
  throw new AgentError('command_unknown', { command: name, hint });
}

function printed(host: Host, text: string): number {
  host.out(text);
  return 0;
}

/** An operating error is one line; anything else is our own mistake, and its trace is what we want to be sent. */
function complain(error: unknown, host: Host): number {
  const mark = paint(host.errColours, 'red', 'error:');
  if (error instanceof AgentError) {
    host.err(`${mark} ${error.message}\n`);
    return error.row.exit;
  }
  host.err(
    `${mark} A bug in pgsidecar, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return 70;
}
