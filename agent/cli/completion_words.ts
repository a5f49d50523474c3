// What every shell offers: for each command its words, for each flag what may follow it.

import { SETTING_NAMES } from '../config/table.ts';
import { flagsOf } from './arguments.ts';
import type { Command, Completion, Flag } from './command.ts';
import { firstSentence } from './setting_flags.ts';

/** What may stand behind a flag, or for an argument. */
export type Offer =
  | { readonly words: readonly string[] }
  | { readonly files: 'file' | 'directory' }
  | 'anything';

export interface OfferedFlag {
  /** With dashes: `--log-connections`, and `--no-log-connections` as one of its own. */
  readonly name: string;
  readonly takesValue: boolean;
  readonly offer: Offer;
  /** One sentence, no quotes of any shell in it. */
  readonly summary: string;
}

export function flagsOffered(command: Command): readonly OfferedFlag[] {
  return flagsOf(command).flatMap((flag) => {
    const offered = {
      name: `--${flag.name}`,
      takesValue: flag.value !== undefined,
      offer: offerOf(flag),
      summary: plain(flag.summary),
    };
    return flag.negatable === true ? [offered, { ...offered, name: `--no-${flag.name}` }] : [offered];
  });
}

/** For the command's first argument, which is the only one that any command has. */
export function argumentOffered(command: Command, commands: readonly Command[]): Offer | undefined {
  const [argument] = command.arguments;
  return argument === undefined ? undefined : offerOf(argument, commands);
}

function offerOf(of: Pick<Flag, 'values' | 'completes'>, commands: readonly Command[] = []): Offer {
  if (of.values !== undefined) return { words: of.values };
  return COMPLETIONS[of.completes ?? 'nothing'](commands);
}

const COMPLETIONS: Readonly<Record<Completion | 'nothing', (commands: readonly Command[]) => Offer>> = {
  file: () => ({ files: 'file' }),
  directory: () => ({ files: 'directory' }),
  setting: () => ({ words: SETTING_NAMES }),
  command: (commands) => ({ words: commands.map((command) => command.name) }),
  nothing: () => 'anything',
};

/** The first sentence, without what a shell might take for its own. */
export function plain(text: string): string {
  return firstSentence(text)
    .replaceAll("'", '’')
    .replace(/["`$\\[\]]/g, '');
}
