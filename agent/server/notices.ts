// Which notices of a server its client hears.

import type { Expected } from '../state/expected.ts';
import type { Framer } from '../wire/frame.ts';
import { readError } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';

/** name_too_long: a NOTICE of an identifier that is cut. */
const NAME_CUT = '42622';

/** Is a notice, or a notification, the client's? Of what the server does for the agent it hears only what was asked for its sake. */
export function isHeard(
  { mention, isInjected }: Expected,
  { type: kind, chunk, start, end, whole }: Framer,
): boolean {
  if (mention === undefined || kind !== type.NOTICE_RESPONSE || !whole) return !isInjected;
  const { hears, statement } = mention;
  if (hears === 'all' && statement === undefined) return !isInjected;
  const { sqlstate } = readError(chunk.subarray(start + 5, end));
  if (statement !== undefined && sqlstate === NAME_CUT) statement.isCut = true;
  return hears === 'all' ? !isInjected : (sqlstate === NAME_CUT) === (hears === 'cuts');
}
