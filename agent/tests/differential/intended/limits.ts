// Where a limit or a time is reached.

import { error, type IntendedDifference, ourError, words } from './words.ts';

export const LIMITS: readonly IntendedDifference[] = [
  words('no more connections allowed (max_client_conn)', '53300', ': it is *'),
  {
    ...words('client connections exceeded (max_db_client_connections)', '53300', ': it is *'),
    version: '1.24',
  },
  {
    ...words('client connections exceeded (max_user_client_connections)', '53300', ': it is *'),
    version: '1.24',
  },
  words('query_wait_timeout', '08006', ': no server connection became free within 1 s: *'),
  words('query timeout', '57014', ': *'),
  words('idle transaction timeout', '25P03', ': *'),
  words('client_idle_timeout', '57P05', ': *'),
  {
    name: 'a block in statement mode',
    reason: 'what the server had said before reaches the client too; the SQLSTATE says what it was',
    theirs: [error('08P01', 'transaction blocks not allowed in statement pooling mode')],
    ours: [
      '* < CommandComplete "BEGIN"',
      ourError('0A000', 'transaction blocks not allowed in statement pooling mode'),
    ],
  },
  {
    name: 'a message that is too long',
    reason: 'says what is wrong with it',
    theirs: [error('08P01', "bad packet header: '*'")],
    ours: [ourError('08P01', "protocol violation: a message of type 'Q' says that it is * bytes long")],
  },
];
