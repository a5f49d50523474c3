// SHOW HELP: what the console knows, from its tables.

import { COMMANDS } from './commands.ts';
import { SHOWS } from './shows.ts';

/** Words of SHOW on one line of it. */
const WORDS_MAX = 6;

export const HELP = Object.freeze({ message: 'Console usage', detail: detail() });

function detail(): string {
  const words = ['HELP', ...SHOWS.map(({ name }) => name.toUpperCase())];
  const lines: string[] = [];
  for (let at = 0; at < words.length; at += WORDS_MAX)
    lines.push(`SHOW ${words.slice(at, at + WORDS_MAX).join('|')}`);
  lines.push('SET key = arg');
  for (const { name, usage } of COMMANDS) lines.push(`${name.toUpperCase()} ${usage}`.trimEnd());
  return lines.map((line) => `\n\t${line}`).join('');
}
