// What an application sends, byte for byte as the protocol's chapter "Message Formats" says; and read back as words.

/** Independent of agent/wire on purpose: what is tested must not be measured by itself. */
export function message(type: string, body: Uint8Array | string = ''): Uint8Array {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  const all = Buffer.alloc(5 + bytes.length);
  all.write(type, 0, 'latin1');
  all.writeInt32BE(4 + bytes.length, 1);
  all.set(bytes, 5);
  return new Uint8Array(all);
}

export function join(...pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

export function query(sql: string): Uint8Array {
  return message('Q', `${sql}\0`);
}

/** No parameter types. */
export function parse(name: string, sql: string): Uint8Array {
  return message('P', `${name}\0${sql}\0\0\0`);
}

/** No parameters, unless `values` are given, in text; results in text. */
export function bind(statement: string, portal = '', values: readonly string[] = []): Uint8Array {
  const count = (n: number): Buffer => Buffer.from([n >> 8, n & 255]);
  const parameters = values.map((value) => {
    const text = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeInt32BE(text.length);
    return Buffer.concat([length, text]);
  });
  return message(
    'B',
    Buffer.concat([
      Buffer.from(`${portal}\0${statement}\0`),
      count(0),
      count(values.length),
      ...parameters,
      count(0),
    ]),
  );
}

export function describe(kind: 'S' | 'P', name = ''): Uint8Array {
  return message('D', `${kind}${name}\0`);
}

export function close(kind: 'S' | 'P', name = ''): Uint8Array {
  return message('C', `${kind}${name}\0`);
}

export function execute(portal = '', rowsMax = 0): Uint8Array {
  const max = Buffer.alloc(4);
  max.writeInt32BE(rowsMax);
  return message('E', Buffer.concat([Buffer.from(`${portal}\0`), max]));
}

export const sync: Uint8Array = message('S');
export const flush: Uint8Array = message('H');
export const terminate: Uint8Array = message('X');
export const copyDone: Uint8Array = message('c');

export function copyData(text: string): Uint8Array {
  return message('d', text);
}

export function copyFail(reason: string): Uint8Array {
  return message('f', `${reason}\0`);
}

export function functionCall(): Uint8Array {
  return message('F', Buffer.alloc(10));
}

/** StartupMessage, version 3.0 unless told. */
export function startup(parameters: Readonly<Record<string, string>>, version = 196_608): Uint8Array {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
  return packet(version, Buffer.from(`${pairs.join('')}\0`));
}

export const sslRequest: Uint8Array = packet(80_877_103);
export const gssencRequest: Uint8Array = packet(80_877_104);

export function cancelRequest(pid: number, key: Uint8Array): Uint8Array {
  const id = Buffer.alloc(4);
  id.writeInt32BE(pid);
  return packet(80_877_102, Buffer.concat([id, key]));
}

/** What has no type byte: its length, a code, a body. */
export function packet(code: number, body: Uint8Array = Buffer.alloc(0)): Uint8Array {
  const all = Buffer.alloc(8 + body.length);
  all.writeInt32BE(all.length, 0);
  all.writeInt32BE(code, 4);
  all.set(body, 8);
  return new Uint8Array(all);
}

/** Each message a client sent as one short text: `Query SELECT 1`, `Parse s1 SELECT 1`, `Bind s1`, `Sync`. */
export function clientWords(bytes: Uint8Array): string[] {
  return split(bytes).map(({ type, body }) => {
    const strings = body.toString('utf8').split('\0');
    switch (type) {
      case 'Q':
        return `Query ${strings[0]}`;
      case 'P':
        return `Parse ${strings[0] || '-'} ${strings[1]}`;
      case 'B':
        return `Bind ${strings[1] || '-'}`;
      case 'E':
        return 'Execute';
      case 'D':
        return `Describe ${strings[0]}`;
      case 'C':
        return `Close ${strings[0]}`;
      case 'd':
        return `CopyData ${body.toString('utf8')}`;
      case 'p':
        return `Password ${strings[0]}`;
      default:
        return BARE[type] ?? `unknown ${type}`;
    }
  });
}

const BARE: Readonly<Record<string, string>> = {
  S: 'Sync',
  H: 'Flush',
  X: 'Terminate',
  c: 'CopyDone',
  f: 'CopyFail',
  F: 'FunctionCall',
};

/** The messages of a stream that ends at the edge of one; anything else is a failed test. */
export function split(bytes: Uint8Array): { readonly type: string; readonly body: Buffer }[] {
  const all = Buffer.from(bytes);
  const messages = [];
  for (let at = 0; at < all.length; ) {
    if (all.length - at < 5)
      throw new Error(`the stream ends inside a header: ${all.subarray(at).toString('hex')}`);
    const end = at + 1 + all.readInt32BE(at + 1);
    if (end > all.length)
      throw new Error(`the stream ends inside a message: ${all.subarray(at).toString('hex')}`);
    messages.push({ type: all.toString('latin1', at, at + 1), body: all.subarray(at + 5, end) });
    at = end;
  }
  return messages;
}
