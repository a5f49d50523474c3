// THE table of faults that are planted: what a pooler that loses, confuses or invents state would do; each must be found.

import { Saying, type Step } from './words.ts';

export interface Planted {
  readonly name: string;
  /** The row that has to find it. */
  readonly row: string;
  /** What our side does in place of a step. */
  alter(step: Step): Step;
}

/** Replaces what is said in a step of one simple Query; what comes in other forms, in company or in a pipeline is done right. */
function inQuery(name: string, row: string, pattern: RegExp, replacement: string): Planted {
  return {
    name,
    row,
    alter(step) {
      const sql = onlyQuery(step);
      if (sql === undefined || !pattern.test(sql)) return step;
      return new Saying().query(sql.replace(pattern, replacement)).step(step.client);
    },
  };
}

export const PLANTED: readonly Planted[] = [
  inQuery(
    'a SET lasts for the transaction only',
    'settings',
    /^SET (?!LOCAL|TRANS|CONS|SESSION)/,
    'SET LOCAL ',
  ),
  inQuery('a SET LOCAL outlives its transaction', 'settings', /^SET LOCAL /, 'SET '),
  inQuery('RESET is forgotten, and answered', 'settings', /^RESET (?!ALL)\S+$/, 'RESET geqo'),
  inQuery('a ROLLBACK TO goes back to nothing', 'settings', /^ROLLBACK TO (.*)$/, 'RELEASE $1'),
  inQuery('a ROLLBACK undoes no settings', 'settings', /^ROLLBACK$/, 'COMMIT'),
  inQuery('a name of a list is cut at its comma', 'settings', /'a, b'/, 'a, b'),
  inQuery('set_config() is taken as local', 'settings', /^(SELECT set_config\(.*), false\)$/, '$1, true)'),
  inQuery('PREPARE has another text', 'statements', /^(prepare .* AS) SELECT [12]/i, '$1 SELECT 0'),
  inQuery('DEALLOCATE ALL leaves statements', 'statements', /^DEALLOCATE ALL$/, 'DISCARD PLANS'),
  inQuery('names are folded in quotes too', 'statements', /"s1"/i, 's_1'),
  inQuery('LISTEN is lost', 'listen', /^LISTEN (\S+)$/, 'UNLISTEN $1'),
  inQuery('NOTIFY is said twice', 'listen', /^NOTIFY (\S+)$/, "NOTIFY $1; NOTIFY $1, 'again'"),
  inQuery('UNLISTEN * leaves channels', 'listen', /UNLISTEN \*/, 'UNLISTEN c1'),
  inQuery('a lock is one of the transaction', 'advisory locks', /pg_advisory_lock/, 'pg_advisory_xact_lock'),
  inQuery('unlock_all forgets some', 'advisory locks', /^DISCARD ALL$/, 'RESET ALL'),
  inQuery(
    'a temporary table is gone too soon',
    'temporary objects',
    /(TEMP\w* TABLE \S+ \(id int, word text\))(?! ON)/i,
    '$1 ON COMMIT DROP',
  ),
  inQuery('DISCARD TEMP is nothing', 'temporary objects', /^DISCARD TEMP/, 'DISCARD PLANS'),
  inQuery('WITH HOLD is not held', 'cursors', / WITH HOLD/, ''),
  inQuery('CLOSE ALL is nothing', 'cursors', /^CLOSE ALL/, 'RESET geqo'),
  inQuery('lastval() is remembered for too long', 'sequences', /DISCARD SEQUENCES/, 'DISCARD PLANS'),
  inQuery('SET ROLE is lost', 'roles', /^SET ROLE r1$/, 'SET ROLE NONE'),
];

function onlyQuery({ lines, readies }: Step): string | undefined {
  const [line = ''] = lines;
  if (readies !== 1 || lines.length !== 1 || !line.startsWith('Query ')) return undefined;
  return JSON.parse(line.slice('Query '.length)) as string;
}
