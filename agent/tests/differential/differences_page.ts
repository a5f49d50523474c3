// The intended differences as a page of the reference, which scripts/generate.ts writes.

import type { IntendedDifference } from './intended/words.ts';
import { INTENDED } from './intended.ts';

export function differencesPage(): string {
  const [words, others] = [INTENDED.filter(isWords), INTENDED.filter((each) => !isWords(each))];
  return `${[
    '# What a client sees otherwise than with PgBouncer',
    '',
    '<!-- Generated from agent/tests/differential/intended.ts by scripts/generate.ts: change it there. -->',
    '',
    'The same scripts are played in front of PgBouncer (Debian 12’s 1.18, and 1.24) and of pgsidecar, with the same pgbouncer.ini and the same users, and what clients see is',
    'compared message by message: logins of every kind, limits, timeouts, cancel requests, COPY, pipelines, prepared statements, parameters, servers that go away, the console. Everything is',
    'the same but for what stands here. `*` is whatever stands there. How it is tested: [HACKING](../../HACKING.md#against-pgbouncer).',
    '',
    '## Errors',
    '',
    'A sentence of PgBouncer’s begins ours, so that what looks for its words finds them. The SQLSTATE says more than 08P01, which is PgBouncer’s for nearly everything.',
    '',
    '| PgBouncer | pgsidecar |',
    '|---|---|',
    ...words.map(({ theirs, ours }) => `| ${cell(theirs)} | ${cell(ours)} |`),
    '',
    '## Everything else',
    '',
    '| | PgBouncer | pgsidecar | why |',
    '|---|---|---|---|',
    ...others.map(
      (each) =>
        `| ${each.name}${versionOf(each)} | ${cell(each.theirs)} | ${cell(each.ours)} | ${each.reason} |`,
    ),
  ].join('\n')}\n`;
}

function isWords({ name }: IntendedDifference): boolean {
  return name.startsWith('words: ');
}

function versionOf({ version }: IntendedDifference): string {
  return version === undefined ? '' : ` (${version})`;
}

/** `** ` is what follows, and ErrorResponse is short for what every reader knows. */
function cell(lines: readonly string[]): string {
  if (lines.length === 0) return '–';
  return lines.map((line) => (line === '**' ? '…' : `\`${shortened(line)}\``)).join('<br>');
}

function shortened(line: string): string {
  return line
    .replace(/^[*\w]+ (?:< |-- )?/, '')
    .replace(/^ErrorResponse S "(\w+)"(?: V "\w+")? C "(\w+)" M "(.*)"\*?$/, '$1 $2 $3')
    .replaceAll('|', '\\|');
}
