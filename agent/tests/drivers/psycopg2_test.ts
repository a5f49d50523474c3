// psycopg2 through the socket: 8 clients on 3 servers, with everything that the driver can ask for.

import { missingModule, pythonChecks } from './python_checks.ts';
import { onEachPostgres } from './stage.ts';

const CLIENTS = 8;
const ZONES = ['UTC', 'Asia/Tokyo', 'America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Kathmandu'];

onEachPostgres('psycopg2', { missing: missingModule('psycopg2', 'python3-psycopg2') }, (stage) => {
  pythonChecks(stage, 'psycopg2_checks.py', {
    parameters: [7, 'it\'s \\ "quoted"', null, true, [0, 1, 254, 255], [1, null, 3], { deep: [1] }],
    transactions_of_many_clients: new Array(CLIENTS).fill(20),
    savepoints_and_errors: { codes: ['23505', '22012', '42P01', '42601', '25P02'], rows: [1, 2] },
    server_side_cursors: Array.from({ length: CLIENTS }, (_, who) => {
      const count = Math.floor(1000 / (who + 1));
      return [((who + 1) * count * (count + 1)) / 2, 51, 42];
    }),
    copy_in_and_out: { same: true, code: '22P02', count: 50_000 },
    large_results: { rows: 200_000, good: true, length: 10_000_000 },
    batches: [5000, 500],
    cancel: { code: '57014', other: 42, after: 1 },
    notices: ['NOTICE:  one', 'WARNING:  two'],
    settings_follow_the_client: Array.from({ length: CLIENTS }, (_, who) => [
      [
        `worker ${who}`,
        `path_${who}`,
        ZONES[who % ZONES.length],
        who % 2 === 1 ? 'SQL, DMY' : 'ISO, YMD',
        who % 3 === 0 ? 'LATIN1' : 'UTF8',
        1,
      ],
    ]),
    session_defaults: { inside: ['serializable', 'on'], others: ['read committed', 'off'] },
  });
});
