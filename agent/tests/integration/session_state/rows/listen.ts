// LISTEN, UNLISTEN and NOTIFY: who hears what, and that a transaction that is rolled back has said nothing.

import type { Random } from '../../../simulation/random.ts';
import type { Prepared, Row } from '../row.ts';

const CHANNELS = ['c1', 'c2', 'C1', '"C 1"', '"ümlaut"', '"q""q"', `long_${'x'.repeat(70)}`];

/**
 * A notification does not say of which transaction it is. Where one text (or one pipeline) notifies, commits, and listens to the
 * same channel behind that, the client hears what it would not have heard alone: the shared connection listens by then. And
 * PostgreSQL looks for notifications when no transaction is open: LISTEN behind COMMIT AND CHAIN hears of the one before.
 */
const COMMITS_BEFORE_LISTEN = /(?:\\n|\b)(?:commit|end)\b(?! \$)[\s\S]*(?:\\n|\W)listen\b|commit and chain/i;

export const listen: Row = {
  name: 'listen',
  servers: 1,
  // Everybody hears everybody.
  isShared: true,
  hears: true,
  leavesOut: COMMITS_BEFORE_LISTEN,
  statement: (random) => (random.chance(0.55) ? change(random) : notify(random)),
  look: (random) => (random.chance(0.5) ? notify(random) : 'SELECT 1'),
  prepared,
};

function change(random: Random): string {
  const channel = random.pick(CHANNELS);
  const kind = random.next();
  if (kind < 0.6) return `${random.pick(['LISTEN', 'listen'])} ${channel}`;
  if (kind < 0.8) return `UNLISTEN ${channel}`;
  return random.pick(['UNLISTEN *', 'UNLISTEN *', 'DISCARD ALL', 'LISTEN', 'LISTEN 1', "LISTEN 'c1'"]);
}

function notify(random: Random): string {
  const channel = random.pick(CHANNELS);
  const payload = random.pick(["'one'", "'one'", "''", "'it''s'", "'ü'", `'${'y'.repeat(300)}'`]);
  return random.pick([
    () => `NOTIFY ${channel}`,
    () => `NOTIFY ${channel}, ${payload}`,
    () => `notify ${channel} , ${payload}`,
    () => `SELECT pg_notify('c${random.between(1, 2)}', ${payload})`,
    () => `SELECT pg_notify('C 1', id::text) FROM generate_series(1, 3) AS id`,
    () => "DO $$ BEGIN PERFORM pg_notify('c1', 'done'); END $$",
    () => "SELECT pg_notify('', 'x')",
  ])();
}

function prepared(random: Random): Prepared {
  return random.pick<Prepared>([
    { text: 'SELECT pg_notify($1, $2)', values: [random.pick(['c1', 'c2', 'C 1']), 'by protocol'] },
    { text: change(random), values: [] },
    { text: notify(random), values: [] },
  ]);
}
