// A line of a conversation (`Parse "s1" "SELECT $1" int4`) as the bytes that a client would send for it.

import {
  copyDone,
  copyFail,
  flush,
  join,
  message,
  packet,
  sync,
  terminate,
} from '../harness/client_words.ts';

/** What a line is made of: `"text"`, `hex:00ff`, a bare word, and how often it is meant (`"1" x3`). */
interface Token {
  readonly kind: 'text' | 'bytes' | 'word';
  readonly bytes: Buffer;
  readonly word: string;
}

const TYPES: Readonly<Record<string, number>> = {
  unknown: 0,
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  float8: 701,
  varchar: 1043,
  numeric: 1700,
};

const BARE: Readonly<Record<string, Uint8Array>> = {
  Sync: sync,
  Flush: flush,
  CopyDone: copyDone,
  Terminate: terminate,
};

const WRITERS: Readonly<Record<string, (tokens: readonly Token[]) => Uint8Array>> = {
  Query: ([sql]) => message('Q', zero(sql)),
  Parse: ([name, sql, ...types]) =>
    message('P', join(zero(name), zero(sql), int16(types.length), ...types.map(oid))),
  Bind: bind,
  Describe: ([kind, name]) => message('D', join(Buffer.from(kind?.word ?? ''), zero(name))),
  Close: ([kind, name]) => message('C', join(Buffer.from(kind?.word ?? ''), zero(name))),
  Execute: ([portal, max]) => message('E', join(zero(portal), int32(Number(max?.word ?? 0)))),
  CopyData: ([data]) => message('d', bytesOf(data)),
  CopyFail: ([reason]) => copyFail(bytesOf(reason).toString()),
  FunctionCall: functionCall,
  /** Any type byte with any body. */
  Raw: ([type, body]) => message(bytesOf(type).toString('latin1'), body === undefined ? '' : body.bytes),
  /** What has no type byte, as before the login: a code and a body. */
  Packet: ([code, body]) => packet(Number(code?.word), body?.bytes),
  /** Not a message at all. */
  Bytes: ([bytes]) => bytesOf(bytes),
};

/** Throws when the line is no message: a runner that skips what it cannot read would pass on nothing. */
export function encodeLine(line: string): Uint8Array {
  const [name = '', rest = ''] = splitOnce(line);
  const bare = BARE[name];
  if (bare !== undefined && rest === '') return bare;
  const write = WRITERS[name];
  if (write === undefined) throw new Error(`not a message: ${line}`);
  return write(tokensOf(rest, line));
}

/** Values, then `in` and their formats, then `out` and the formats of the result. */
function bind([portal, statement, ...rest]: readonly Token[]): Uint8Array {
  const { values, inFormats, outFormats } = arguments_(rest);
  return message(
    'B',
    join(
      ...[zero(portal), zero(statement), formats(inFormats)],
      ...[int16(values.length), ...values.map(value), formats(outFormats)],
    ),
  );
}

/** The function's OID; then as `bind()`, with one format for the result. */
function functionCall([oidOf, ...rest]: readonly Token[]): Uint8Array {
  const { values, inFormats, outFormats } = arguments_(rest);
  return message(
    'F',
    join(
      ...[int32(Number(oidOf?.word)), formats(inFormats), int16(values.length)],
      ...[...values.map(value), int16(outFormats[0] ?? 0)],
    ),
  );
}

function arguments_(tokens: readonly Token[]) {
  const parts: { values: Token[]; in: Token[]; out: Token[] } = { values: [], in: [], out: [] };
  let part: keyof typeof parts = 'values';
  for (const token of tokens) {
    if (token.word === 'in' || token.word === 'out') part = token.word;
    else parts[part].push(token);
  }
  const numbers = (list: readonly Token[]) => list.map((token) => Number(token.word));
  return { values: parts.values, inFormats: numbers(parts.in), outFormats: numbers(parts.out) };
}

function formats(list: readonly number[]): Uint8Array {
  return join(int16(list.length), ...list.map(int16));
}

function value(token: Token): Uint8Array {
  if (token.word === 'null') return int32(-1);
  if (token.kind === 'word') throw new Error(`a value is "text", hex: or null, not ${token.word}`);
  return join(int32(token.bytes.length), token.bytes);
}

function oid(token: Token): Uint8Array {
  const number = TYPES[token.word] ?? Number(token.word);
  if (!Number.isInteger(number)) throw new Error(`no such type: ${token.word}`);
  return int32(number);
}

function bytesOf(token: Token | undefined): Buffer {
  if (token === undefined || token.kind === 'word') throw new Error('here must be "text" or hex:');
  return token.bytes;
}

function zero(token: Token | undefined): Uint8Array {
  return join(bytesOf(token), Buffer.from([0]));
}

function int16(number: number): Uint8Array {
  return Buffer.from([(number >> 8) & 255, number & 255]);
}

function int32(number: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(number | 0);
  return bytes;
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf(' ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1).trim()];
}

/** A text, how often it stands in a row (`"ab"~3` is ababab); bytes; a word. */
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")(?:~(\d+))?|hex:([0-9a-f]*)|([^\s"]+))/y;

function tokensOf(text: string, line: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const found = TOKEN.exec(text);
    if (found === null) throw new Error(`cannot read ${line}`);
    const [, quoted, times, hex, word = ''] = found;
    const last = tokens.at(-1);
    const repeated = /^x(\d+)$/.exec(word);
    if (repeated !== null && last !== undefined) {
      for (let i = 1; i < Number(repeated[1]); i++) tokens.push(last);
    } else if (quoted !== undefined) {
      const all = expand(JSON.parse(quoted) as string).repeat(Number(times ?? 1));
      tokens.push({ kind: 'text', bytes: Buffer.from(all), word: '' });
    } else if (hex !== undefined) {
      tokens.push({ kind: 'bytes', bytes: Buffer.from(hex, 'hex'), word: '' });
    } else {
      tokens.push({ kind: 'word', bytes: Buffer.alloc(0), word });
    }
  }
  return tokens;
}

/** `{$1..$4}` is `$1, $2, $3, $4`. */
function expand(text: string): string {
  return text.replace(/\{\$1\.\.\$(\d+)\}/g, (_, last: string) =>
    Array.from({ length: Number(last) }, (_, i) => `$${i + 1}`).join(','),
  );
}
