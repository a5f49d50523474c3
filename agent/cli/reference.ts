// The page docs/reference/command_line.md, made from the command table; scripts/generate.ts writes it.

import { COMMON_FLAGS, CONFIGURATION_FLAGS } from './arguments.ts';
import { COMMANDS } from './cli.ts';
import { type Command, EXIT_CODES, type Flag } from './command.ts';
import { spelling, usage } from './help.ts';

export function commandLinePage(): string {
  return `${[
    '# The command line',
    '',
    '<!-- Generated from agent/cli/cli.ts by scripts/generate.ts: change it there. -->',
    '',
    ...COMMANDS.map((command) => `- [\`${usage(command)}\`](#${command.name}): ${sentence(command.summary)}`),
    '',
    'Flags are written `--flag VALUE` or `--flag=VALUE`, with `-` or `_` between the words; of a flag that is given twice the last one',
    'counts, except where it says that all do. A yes or no is `--flag` or `--no-flag`. What a command prints goes to standard output;',
    'errors and warnings go to standard error, one a line, and begin with `error:` or `warning:`. Colours are for terminals, and not when',
    '`NO_COLOR` is set.',
    '',
    ...COMMANDS.flatMap(commandLines),
    '## Flags of every command that reads the configuration',
    '',
    ...flagLines(CONFIGURATION_FLAGS),
    '- every setting: `default_pool_size` is `--default-pool-size 5`. See [settings](settings.md).',
    '',
    '`status`, `reload`, `wait` and `drain` read it only to find the control socket, and do not mind when it is broken.',
    '`--control-socket PATH` names the socket outright.',
    '',
    '## Flags of every command',
    '',
    ...flagLines(COMMON_FLAGS),
    '',
    '## Exit codes',
    '',
    'Those of sysexits.h where it has one.',
    '',
    '| code | what it means |',
    '|---|---|',
    ...Object.entries(EXIT_CODES).map(([code, means]) => `| ${code} | ${means} |`),
  ].join('\n')}\n`;
}

function commandLines(command: Command): string[] {
  return [
    `## ${command.name}`,
    '',
    `    ${usage(command)}`,
    '',
    sentence(command.summary),
    '',
    ...command.about.flatMap((paragraph) => [paragraph.replaceAll('***', '`***`'), '']),
    ...command.arguments.map((argument) => `- \`${argument.name}\`: ${sentence(argument.summary)}`),
    ...flagLines(command.flags),
    ...(command.arguments.length + command.flags.length === 0 ? [] : ['']),
    ...exampleLines(command),
    `Exit codes: ${command.exits.map(({ code, means }) => `${code}, ${means}`).join('; ')}.`,
    '',
  ];
}

function flagLines(flags: readonly Flag[]): string[] {
  return flags.map((flag) => {
    const words =
      flag.values === undefined ? '' : ` One of ${flag.values.map((word) => `\`${word}\``).join(', ')}.`;
    return `- \`${spelling(flag)}\`: ${sentence(flag.summary).replaceAll('***', '`***`')}${words}`;
  });
}

function exampleLines({ examples }: Command): string[] {
  if (examples.length === 0) return [];
  return ['```sh', ...examples.flatMap(({ line, does }) => [`# ${does}`, line]), '```', ''];
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}
