// What PostgreSQL sends, byte for byte as the protocol's chapter "Message Formats" says; and read back as words.

import { message, split } from './client_words.ts';

export function ready(status: 'I' | 'T' | 'E' = 'I'): Uint8Array {
  return message('Z', status);
}

export function complete(tag: string): Uint8Array {
  return message('C', `${tag}\0`);
}

export function errorResponse(
  text: string,
  severity = 'ERROR',
  sqlstate = '42601',
  routine?: string,
): Uint8Array {
  const place = routine === undefined ? '' : `R${routine}\0`;
  return message('E', `S${severity}\0V${severity}\0C${sqlstate}\0M${text}\0${place}\0`);
}

export function notice(text: string, sqlstate = '00000'): Uint8Array {
  return message('N', `SNOTICE\0VNOTICE\0C${sqlstate}\0M${text}\0\0`);
}

export function notification(channel: string, payload: string): Uint8Array {
  return message('A', Buffer.concat([Buffer.alloc(4), Buffer.from(`${channel}\0${payload}\0`)]));
}

export function parameterStatus(name: string, value: string): Uint8Array {
  return message('S', `${name}\0${value}\0`);
}

export function backendKey(pid: number, key: Uint8Array): Uint8Array {
  const id = Buffer.alloc(4);
  id.writeInt32BE(pid);
  return message('K', Buffer.concat([id, key]));
}

/** AuthenticationXXX by its code. */
export function authentication(code: number, payload: Uint8Array | string = ''): Uint8Array {
  const id = Buffer.alloc(4);
  id.writeInt32BE(code);
  return message('R', Buffer.concat([id, Buffer.from(payload)]));
}

export const parseComplete: Uint8Array = message('1');
export const bindComplete: Uint8Array = message('2');
export const closeComplete: Uint8Array = message('3');
export const noData: Uint8Array = message('n');
export const portalSuspended: Uint8Array = message('s');
export const emptyQuery: Uint8Array = message('I');
export const copyDoneByServer: Uint8Array = message('c');
export const functionCallResponse: Uint8Array = message('V', Buffer.from([255, 255, 255, 255]));

/** One text column by each name. */
export function rowDescription(...names: readonly string[]): Uint8Array {
  const columns = names.map((name) =>
    Buffer.concat([
      Buffer.from(`${name}\0`),
      Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]),
    ]),
  );
  return message('T', Buffer.concat([Buffer.from([0, names.length]), ...columns]));
}

export function dataRow(...values: readonly (string | null)[]): Uint8Array {
  const columns = values.map((value) => {
    const text = Buffer.from(value ?? '');
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : text.length);
    return Buffer.concat([length, text]);
  });
  return message('D', Buffer.concat([Buffer.from([0, values.length]), ...columns]));
}

export function parameterDescription(): Uint8Array {
  return message('t', Buffer.from([0, 0]));
}

export function copyIn(): Uint8Array {
  return message('G', Buffer.from([0, 0, 0]));
}

export function copyOut(): Uint8Array {
  return message('H', Buffer.from([0, 0, 0]));
}

/** Each message that a server sent as one short text: `Row 1`, `Complete SELECT 1`, `Ready I`, `FATAL 57P01 …`. */
export function serverWords(bytes: Uint8Array): string[] {
  return split(bytes).map(({ type, body }) => {
    const strings = body.toString('utf8').split('\0');
    switch (type) {
      case 'Z':
        return `Ready ${strings[0]}`;
      case 'C':
        return `Complete ${strings[0]}`;
      case 'D':
        return `Row ${rowWords(body).join(',')}`;
      case 'E':
      case 'N':
        return reportWords(strings);
      case 'S':
        return `Parameter ${strings[0]}=${strings[1]}`;
      case 'R':
        return `Authentication ${body.readInt32BE(0)}`;
      case 'K':
        return `Key ${body.readInt32BE(0)}`;
      case 'd':
        return `CopyData ${body.toString('utf8')}`;
      default:
        return BARE[type] ?? `unknown ${type}`;
    }
  });
}

const BARE: Readonly<Record<string, string>> = {
  1: 'ParseComplete',
  2: 'BindComplete',
  3: 'CloseComplete',
  n: 'NoData',
  s: 'Suspended',
  I: 'EmptyQuery',
  T: 'RowDescription',
  t: 'ParameterDescription',
  G: 'CopyIn',
  H: 'CopyOut',
  c: 'CopyDone',
  V: 'FunctionCallResponse',
  A: 'Notification',
  v: 'NegotiateProtocolVersion',
};

function reportWords(strings: readonly string[]): string {
  const field = (letter: string): string => strings.find((each) => each.startsWith(letter))?.slice(1) ?? '';
  return `${field('V')} ${field('C')} ${field('M')}`;
}

/** Of a DataRow, in text. */
export function rowWords(body: Buffer): string[] {
  const words: string[] = [];
  for (let at = 2; at < body.length; ) {
    const length = body.readInt32BE(at);
    words.push(length < 0 ? 'NULL' : body.toString('utf8', at + 4, at + 4 + length));
    at += 4 + Math.max(length, 0);
  }
  return words;
}
