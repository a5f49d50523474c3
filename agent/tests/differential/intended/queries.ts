// Between the first query and the last: servers, cancels and prepared statements.

import { ENDED, error, type IntendedDifference, ourError } from './words.ts';

const LIKE_POSTGRES =
  'as PostgreSQL itself: an error, and the connection goes on; a name whose Parse failed is free again';

export const QUERIES: readonly IntendedDifference[] = [
  {
    name: 'a cancelled waiter',
    reason: 'leaves the queue and hears of it at once; there it waits on, and hears nothing',
    theirs: ['b -- nothing came'],
    ours: [
      'b < ErrorResponse S "ERROR" V "ERROR" C "57014" M "canceling statement due to user request"',
      'b < ReadyForQuery I',
    ],
    where: 'cancel: a client that waits',
  },
  {
    name: 'the last words of a server',
    reason: 'PostgreSQL’s own are the last ones: drivers would show the second error and hide the first',
    theirs: [error('08P01', 'server conn crashed?')],
    ours: [],
    where: 'servers that go away',
  },
  {
    name: 'a server that is not there',
    reason: 'a client is told at once, and told why; there it waits for query_wait_timeout',
    theirs: [error('08P01', 'query_wait_timeout')],
    ours: [ourError('08001', 'cannot connect to the server: connection refused by *')],
    where: 'servers that go away',
  },
  {
    name: 'a statement that nobody has prepared',
    reason: LIKE_POSTGRES,
    theirs: [error('08P01', 'prepared statement did not exist'), ENDED],
    ours: [
      '* < ErrorResponse S "ERROR" V "ERROR" C "26000" M "prepared statement "*" does not exist"*',
      '**',
    ],
    where: 'prepared statements',
  },
  {
    name: 'a name that is taken',
    reason: LIKE_POSTGRES,
    theirs: [error('08P01', 'prepared statement name is already in use'), ENDED],
    ours: [
      '* < ErrorResponse S "ERROR" V "ERROR" C "42P05" M "prepared statement "*" already exists"*',
      '**',
    ],
    where: 'prepared statements',
  },
  {
    name: 'a name whose Parse failed',
    reason: LIKE_POSTGRES,
    theirs: [error('08P01', 'prepared statement name is already in use'), ENDED],
    ours: ['* < ParseComplete', '* < ReadyForQuery I', '**'],
    where: 'prepared statements',
  },
];
