// The completion script for bash 4 and newer: pure text.

import type { Command } from './command.ts';
import { argumentOffered, flagsOffered, type Offer, type OfferedFlag } from './completion_words.ts';

export function bashCompletion(commands: readonly Command[]): string {
  const names = commands.map((command) => command.name).join(' ');
  return `# bash completion of pgsidecar, made by \`pgsidecar completion bash\`.

_pgsidecar() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  # bash takes --flag=value apart at the sign.
  if [[ $word == '=' ]]; then word=''; elif [[ $before == '=' ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${names} help --help --version' -- "$word"))
    return
  fi
  case $before in
${valueCases(commands)}
  esac
  case $command in
${commands.map((command) => commandCase(command, commands)).join('\n')}
    help) COMPREPLY=($(compgen -W '${names}' -- "$word")) ;;
  esac
}

complete -F _pgsidecar pgsidecar
`;
}

/** A flag means the same in every command that has it, but for its words: those are put together. */
function valueCases(commands: readonly Command[]): string {
  const offers = new Map<string, Offer>();
  for (const flag of commands.flatMap(flagsOffered)) {
    if (flag.takesValue) offers.set(flag.name, flag.offer);
  }
  return [...offers].map(([name, offer]) => `    ${name}) ${reply(offer)}; return ;;`).join('\n');
}

function commandCase(command: Command, commands: readonly Command[]): string {
  const flags = flagsOffered(command).map((flag: OfferedFlag) => flag.name);
  const offer = argumentOffered(command, commands);
  const own = offer === undefined || offer === 'anything' ? '' : ` || ${reply(offer)}`;
  const flagReply = `COMPREPLY=($(compgen -W '${flags.join(' ')}' -- "$word"))`;
  const test = own === '' ? flagReply : `{ [[ $word == -* ]] && ${flagReply}; }${own}`;
  return `    ${command.name}) ${test} ;;`;
}

function reply(offer: Offer): string {
  if (offer === 'anything') return ':';
  if ('words' in offer) return `COMPREPLY=($(compgen -W '${offer.words.join(' ')}' -- "$word"))`;
  const kind = offer.files === 'directory' ? '-d' : '-f';
  return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen ${kind} -- "$word")`;
}
