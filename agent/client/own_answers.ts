// What a client is answered without a server.

import { ERRORS, sentenceOf } from '../base/errors.ts';
import type { Connection } from '../net/connection.ts';
import { encodeError, encodeReadyForQuery } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';

const READY_IDLE = encodeReadyForQuery(type.IDLE);

/** Of a Sync that came while nothing was open. @param bufferMax client_write_buffer. */
export function answerSync(connection: Connection, bufferMax: number): void {
  // Whoever asks and never reads is not listened to until he has read.
  if (!connection.write(READY_IDLE) && connection.buffered >= bufferMax) connection.pause();
}

/** In the words of PostgreSQL (ProcessInterrupts, postgres.c). */
export function answerCanceled(connection: Connection): void {
  const { sqlstate } = ERRORS.query_canceled;
  connection.write(encodeError({ severity: 'ERROR', sqlstate, message: sentenceOf('query_canceled') }));
}
