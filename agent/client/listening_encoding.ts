// In what encoding a client is listened for, and how names and notifications go between that and what it has set since.

import { putInt32 } from '../wire/bytes.ts';
import { isAscii } from '../wire/characters.ts';

const UTF8 = 'UTF8';
const LATIN1 = 'LATIN1';
const LENGTH_AT = 1;
/** Behind the type byte, the length and the process id. */
const TEXT_AT = 9;
/** PostgreSQL cuts names that are longer, in its own encoding. */
const NAME_BYTES_MAX = 63;

/** A client_encoding, and whether the server translates at all: where it is SQL_ASCII, bytes are told as they are. */
export interface Spoken {
  readonly encoding: string;
  readonly isTranslated: boolean;
}

export function spokenIn(reported: ReadonlyMap<string, string>): Spoken {
  return {
    encoding: reported.get('client_encoding') ?? '',
    isTranslated: reported.get('server_encoding') !== 'SQL_ASCII',
  };
}

/**
 * The client_encoding of the connection that listens for a client. Who has LATIN1 may change to UTF8, and hears there what
 * LATIN1 has no characters for.
 */
export function listenedIn({ encoding, isTranslated }: Spoken): string {
  return encoding === LATIN1 && isTranslated ? UTF8 : encoding;
}

/** A channel as the connection calls it. @param name of the bytes that the client has written, read as UTF-8. */
export function channelIn(name: string, home: string, now: Spoken): string {
  if (!isTold(home, now) || isAscii(name)) return name;
  let channel = Buffer.from(name).toString('latin1');
  while (Buffer.byteLength(channel) > NAME_BYTES_MAX) channel = channel.slice(0, -1);
  return channel;
}

/** A NotificationResponse as the client is to read it. The message is others' too, and stays as it is. */
export function notificationFor(message: Uint8Array, home: string, now: Spoken): Uint8Array {
  if (!isTold(home, now) || message.subarray(TEXT_AT).every((byte) => byte < 0x80)) return message;
  const text = Buffer.from(message.subarray(TEXT_AT)).toString();
  const told = Buffer.from(text.replace(/[^\0-\xff]/gu, '?'), 'latin1');
  const all = new Uint8Array(TEXT_AT + told.length);
  all.set(message.subarray(0, TEXT_AT));
  all.set(told, TEXT_AT);
  putInt32(all, LENGTH_AT, all.length - 1);
  return all;
}

/** Is the one that it hears in other than the one that the connection listens in, so that we can tell? */
function isTold(home: string, { encoding, isTranslated }: Spoken): boolean {
  return home === UTF8 && encoding === LATIN1 && isTranslated;
}
