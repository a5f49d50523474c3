// The completion script for fish: pure text, a line for each thing that can be offered.

import type { Command } from './command.ts';
import { argumentOffered, flagsOffered, type Offer, type OfferedFlag, plain } from './completion_words.ts';

export function fishCompletion(commands: readonly Command[]): string {
  const names = commands.map((command) => command.name);
  const lines = [
    '# fish completion of pgsidecar, made by `pgsidecar completion fish`.',
    'complete -c pgsidecar -f',
    ...commands.map(
      (command) =>
        `complete -c pgsidecar -n __fish_use_subcommand -a ${command.name} -d '${plain(command.summary)}'`,
    ),
    "complete -c pgsidecar -n __fish_use_subcommand -l help -s h -d 'Show the commands'",
    "complete -c pgsidecar -n __fish_use_subcommand -l version -s V -d 'Show the version'",
    `complete -c pgsidecar -n __fish_use_subcommand -a help -d 'Show the page of a command'`,
    `complete -c pgsidecar -n '__fish_seen_subcommand_from help' -a '${names.join(' ')}'`,
    ...commands.flatMap((command) => commandLines(command, commands)),
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines(command: Command, commands: readonly Command[]): string[] {
  const start = `complete -c pgsidecar -n '__fish_seen_subcommand_from ${command.name}'`;
  const offer = argumentOffered(command, commands);
  const own = typeof offer === 'object' && 'words' in offer ? [`${start} -a '${offer.words.join(' ')}'`] : [];
  return [...own, ...flagsOffered(command).map((flag) => flagLine(start, flag))];
}

function flagLine(start: string, flag: OfferedFlag): string {
  const value = flag.takesValue ? valueOffer(flag.offer) : '';
  return `${start} -l ${flag.name.slice(2)}${value} -d '${flag.summary}'`;
}

/** -x: a value must follow, and no file is meant by it; -r -F: a file is. */
function valueOffer(offer: Offer): string {
  if (offer === 'anything') return ' -x';
  if ('words' in offer) return ` -x -a '${offer.words.join(' ')}'`;
  return offer.files === 'directory' ? " -x -a '(__fish_complete_directories)'" : ' -r -F';
}
