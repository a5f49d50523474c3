// The completion script for zsh: pure text, in the words of its _arguments.

import type { Command } from './command.ts';
import { argumentOffered, flagsOffered, type Offer, type OfferedFlag, plain } from './completion_words.ts';

export function zshCompletion(commands: readonly Command[]): string {
  const described = commands.map((command) => `    '${command.name}:${field(command.summary)}'`);
  return `#compdef pgsidecar
# zsh completion of pgsidecar, made by \`pgsidecar completion zsh\`.

_pgsidecar() {
  local -a commands
  commands=(
${described.join('\n')}
    'help:Show the page of a command'
  )
  if ((CURRENT == 2)); then
    _describe -t commands command commands
    _arguments '(- *)'{-h,--help}'[Show the commands]' '(- *)'{-V,--version}'[Show the version]'
    return
  fi
  local name=$words[2]
  shift words
  ((CURRENT--))
  case $name in
${commands.map((command) => commandCase(command, commands)).join('\n')}
    help) _describe -t commands command commands ;;
  esac
}

# Sourced, it registers itself; from a directory of $fpath it is called.
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _pgsidecar "$@"
else
  compdef _pgsidecar pgsidecar
fi
`;
}

function commandCase(command: Command, commands: readonly Command[]): string {
  const [argument] = command.arguments;
  const offer = argumentOffered(command, commands);
  const own = offer === undefined ? [] : [`'1:${argument?.name.toLowerCase()}:${action(offer)}'`];
  const specs = [...own, ...flagsOffered(command).map(flagSpec)];
  return `    ${command.name})\n      _arguments \\\n        ${specs.join(' \\\n        ')}\n      ;;`;
}

/** \`'--out=[Write into this directory]:dir:_files -/'\`; the sign allows both \`--out x\` and \`--out=x\`. */
function flagSpec(flag: OfferedFlag): string {
  const value = flag.takesValue ? `:value:${action(flag.offer)}` : '';
  return `'*${flag.name}${flag.takesValue ? '=' : ''}[${field(flag.summary)}]${value}'`;
}

function action(offer: Offer): string {
  if (offer === 'anything') return ' ';
  if ('words' in offer) return `(${offer.words.join(' ')})`;
  return offer.files === 'directory' ? '_files -/' : '_files';
}

/** A bare colon would end the field. */
function field(text: string): string {
  return plain(text).replaceAll(':', '\\:');
}
