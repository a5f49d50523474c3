// NotificationResponse, read and given another process id; and the commands that say what is listened to.

import { endOfString, int32At, putInt32, text } from './bytes.ts';
import { ProtocolError } from './protocol_error.ts';

/** Type byte and length. */
const HEADER_BYTES = 5;
const PID_BYTES = 4;

export interface Notification {
  /** Of the server that has notified. */
  readonly pid: number;
  readonly channel: string;
}

/** The message that lies from `start` to `end`, its header included; throws ProtocolError when it does not hold what it should. */
export function readNotification(bytes: Uint8Array, start: number, end: number): Notification {
  const at = start + HEADER_BYTES + PID_BYTES;
  if (at > end) throw new ProtocolError('a notification is too short');
  const nul = endOfString(bytes, at, end);
  if (nul < 0) throw new ProtocolError('the channel of a notification does not end');
  return { pid: int32At(bytes, start + HEADER_BYTES), channel: text(bytes.subarray(at, nul)) };
}

/** @param message a whole one, which is written to. */
export function putNotificationPid(message: Uint8Array, pid: number): void {
  putInt32(message, HEADER_BYTES, pid);
}

/** PostgreSQL would cut it, and notify under the shorter name; an empty one it refuses. */
export function isChannel(channel: string): boolean {
  return channel !== '' && !channel.includes('\0') && Buffer.byteLength(channel) <= CHANNEL_BYTES_MAX;
}

/** NAMEDATALEN, without the NUL. */
const CHANNEL_BYTES_MAX = 63;

export function listenSql(channel: string): string {
  return `LISTEN ${quoted(channel)}`;
}

export function unlistenSql(channel: string): string {
  return `UNLISTEN ${quoted(channel)}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
