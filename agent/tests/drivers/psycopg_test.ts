// psycopg 3 through the socket: 8 clients on 3 servers, with everything that the driver can ask for.

import { missingModule, pythonChecks } from './python_checks.ts';
import { onEachPostgres, POOL_SIZE } from './stage.ts';

const CLIENTS = 8;
const ZONES = ['UTC', 'Asia/Tokyo', 'America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Kathmandu'];
const ROW = [7, 'it\'s \\ "quoted"', null, true, [0, 1, 254, 255], [1, null, 3], { deep: [1] }, 0.1];

function everyClient<T>(of: (who: number) => T): T[] {
  return Array.from({ length: CLIENTS }, (_, who) => of(who));
}

onEachPostgres('psycopg 3', { missing: missingModule('psycopg', 'python3-psycopg') }, (stage) => {
  pythonChecks(stage, 'psycopg_checks.py', {
    parameters: [ROW, ROW],
    prepared_statements_of_many_clients: everyClient((who) => who),
    a_prepared_statement_wanders: POOL_SIZE,
    transactions_of_many_clients: everyClient((who) => [who, 15, 1]),
    errors_and_recovery: ['42601', '42P01', '22P02', '22012'].flatMap((code) => [
      code,
      '25P02',
      code,
      '25P02',
    ]),
    pipelines: {
      numbers: true,
      outcome: '22012',
      again: 4,
      total: [500, 124_750],
      plain: 5,
    },
    pipelines_of_many_clients: everyClient(() => 300),
    cursors: everyClient((who) => {
      const count = Math.floor(1000 / (who + 1));
      return [((who + 1) * count * (count + 1)) / 2, 51, 500_500];
    }),
    copy_in_and_out: { same: true, same_binary: true, codes: ['22P02', '57014'], count: 30_000 },
    large_results: { rows: 200_000, good: true, same: true },
    cancel: { code: '57014', other: 42, after: 1 },
    notices: [
      ['NOTICE', 'one'],
      ['WARNING', 'two'],
    ],
    settings_follow_the_client: everyClient((who) => [
      [
        [
          `worker ${who}`,
          `path_${who}`,
          ZONES[who % ZONES.length],
          who % 2 === 1 ? 'SQL, DMY' : 'ISO, YMD',
          who % 3 === 0 ? 'LATIN1' : 'UTF8',
          1,
        ],
      ],
      true,
    ]),
    asynchronous: everyClient((who) => who * 30 + 435),
  });
});
