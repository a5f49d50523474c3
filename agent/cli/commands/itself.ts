// About the command itself.

import type { Command } from '../command.ts';
import { DONE, WRONG_LINE } from './exits.ts';

export const COMPLETION: Command = {
  name: 'completion',
  summary: 'Print the completion script of a shell',
  about: ['Completes commands, flags, the names of settings and the words that they take.'],
  arguments: [
    {
      name: 'SHELL',
      required: true,
      values: ['bash', 'zsh', 'fish'],
      summary: 'the shell: bash, zsh or fish',
    },
  ],
  flags: [],
  configured: false,
  exits: [DONE, WRONG_LINE],
  examples: [
    { line: 'source <(pgsidecar completion bash)', does: 'In ~/.bashrc' },
    { line: 'pgsidecar completion zsh > ~/.zfunc/_pgsidecar', does: 'Once, with ~/.zfunc in your $fpath' },
    { line: 'pgsidecar completion fish > ~/.config/fish/completions/pgsidecar.fish', does: 'Once' },
  ],
  load: async () => (await import('../completion.ts')).completion,
};

export const VERSION: Command = {
  name: 'version',
  summary: 'Print the version',
  about: ['The version of pgsidecar, of its runtime, and the machine that it was built for.'],
  arguments: [],
  flags: [],
  configured: false,
  exits: [DONE, WRONG_LINE],
  examples: [],
  load: async () => (await import('../version.ts')).version,
};
