// Prints messages as libpq's PQtrace() does with PQTRACE_SUPPRESS_TIMESTAMPS and PQTRACE_REGRESS_MODE.

/** A message as it is on the wire: a type, a length, a body. */
export interface Message {
  readonly type: string;
  readonly body: Buffer;
}

export type Side = 'F' | 'B';

export interface TraceOptions {
  /** The OIDs of what PostgreSQL brings along; those of what a test has made can never be the same twice. */
  readonly showsBuiltinOids?: boolean;
}

/** OIDs from here on are given to what users make (PostgreSQL, access/transam.h). */
const FIRST_OWN_OID = 16_384;
/** Nobody reads more of a line; the rest is told by its length and its hash. */
const LINE_CHARACTERS_MAX = 400;

/** One line, without its newline. Differs from libpq in this: control characters in texts are escaped; long lines are cut. */
export function traceLine(side: Side, message: Message, options: TraceOptions = {}): string {
  const { type, body } = message;
  const known = (side === 'F' ? FRONTEND : BACKEND)[type];
  const words = new Words(body, options.showsBuiltinOids === true);
  const isError = side === 'B' && (type === 'E' || type === 'N');
  const length = isError ? 'NN' : String(body.length + 4);
  if (known === undefined) {
    words.rest();
    return shortened(`${side}\t${length}\tUnknown message: ${hex(type.charCodeAt(0))}\t${words}`);
  }
  try {
    known.print(words);
  } catch {
    words.say(' -- cut short');
  }
  if (!words.isAtEnd) words.rest();
  const text = words.toString();
  return shortened(`${side}\t${length}\t${known.name}${text === '' ? '' : `\t${text}`}`);
}

export function messageName(side: Side, type: string): string {
  return (side === 'F' ? FRONTEND : BACKEND)[type]?.name ?? `Unknown ${type}`;
}

export function isMessageOfServer(name: string): boolean {
  return Object.values(BACKEND).some((kind) => kind.name === name);
}

interface Kind {
  readonly name: string;
  readonly print: (words: Words) => void;
}

const FRONTEND: Readonly<Record<string, Kind>> = {
  Q: { name: 'Query', print: (words) => words.string() },
  P: { name: 'Parse', print: printParse },
  B: { name: 'Bind', print: printBind },
  D: { name: 'Describe', print: printTarget },
  C: { name: 'Close', print: printTarget },
  E: { name: 'Execute', print: printExecute },
  F: { name: 'FunctionCall', print: printFunctionCall },
  d: { name: 'CopyData', print: (words) => words.bytes(words.left) },
  f: { name: 'CopyFail', print: (words) => words.string() },
  c: { name: 'CopyDone', print: () => {} },
  H: { name: 'Flush', print: () => {} },
  S: { name: 'Sync', print: () => {} },
  X: { name: 'Terminate', print: () => {} },
};

const BACKEND: Readonly<Record<string, Kind>> = {
  '1': { name: 'ParseComplete', print: () => {} },
  '2': { name: 'BindComplete', print: () => {} },
  '3': { name: 'CloseComplete', print: () => {} },
  A: { name: 'NotificationResponse', print: printNotification },
  C: { name: 'CommandComplete', print: (words) => words.string() },
  D: { name: 'DataRow', print: (words) => words.list(() => words.value()) },
  d: { name: 'CopyData', print: (words) => words.bytes(words.left) },
  c: { name: 'CopyDone', print: () => {} },
  E: { name: 'ErrorResponse', print: printFields },
  N: { name: 'NoticeResponse', print: printFields },
  G: { name: 'CopyInResponse', print: printCopyResponse },
  H: { name: 'CopyOutResponse', print: printCopyResponse },
  W: { name: 'CopyBothResponse', print: printCopyResponse },
  I: { name: 'EmptyQueryResponse', print: () => {} },
  K: { name: 'BackendKeyData', print: printKey },
  n: { name: 'NoData', print: () => {} },
  R: { name: 'AuthenticationRequest', print: (words) => words.bytes(words.left) },
  S: { name: 'ParameterStatus', print: printParameter },
  s: { name: 'PortalSuspended', print: () => {} },
  T: { name: 'RowDescription', print: (words) => words.list(() => printColumn(words)) },
  t: { name: 'ParameterDescription', print: (words) => words.list(() => words.oid()) },
  V: { name: 'FunctionCallResponse', print: (words) => words.value() },
  v: { name: 'NegotiateProtocolVersion', print: (words) => words.bytes(words.left) },
  Z: { name: 'ReadyForQuery', print: (words) => words.character() },
};

function printParse(words: Words): void {
  words.string();
  words.string();
  words.list(() => words.oid());
}

function printBind(words: Words): void {
  words.string();
  words.string();
  words.list(() => words.int16());
  words.list(() => words.value());
  words.list(() => words.int16());
}

function printTarget(words: Words): void {
  words.character();
  words.string();
}

function printExecute(words: Words): void {
  words.string();
  words.int32();
}

function printFunctionCall(words: Words): void {
  words.oid();
  words.list(() => words.int16());
  words.list(() => words.value());
  words.int16();
}

function printNotification(words: Words): void {
  words.hidden();
  words.string();
  words.string();
}

function printParameter(words: Words): void {
  words.string();
  words.string();
}

function printKey(words: Words): void {
  words.hidden();
  words.hidden();
}

function printCopyResponse(words: Words): void {
  words.character();
  words.list(() => words.int16());
}

function printColumn(words: Words): void {
  words.string();
  words.oid();
  words.int16();
  words.oid();
  words.int16();
  words.int32();
  words.int16();
}

/** Where in PostgreSQL's source it was said differs from version to version. */
function printFields(words: Words): void {
  for (let field = words.character(); field !== 0; field = words.character()) {
    words.string('FLR'.includes(String.fromCharCode(field)));
  }
}

/** Reads a body from its beginning on, and gathers what is printed of it. */
class Words {
  readonly #body: Buffer;
  readonly #showsOids: boolean;
  #at = 0;
  #text = '';

  constructor(body: Buffer, showsOids: boolean) {
    this.#body = body;
    this.#showsOids = showsOids;
  }

  get left(): number {
    return this.#body.length - this.#at;
  }

  get isAtEnd(): boolean {
    return this.left === 0;
  }

  toString(): string {
    return this.#text;
  }

  say(text: string): void {
    this.#text += text;
  }

  character(): number {
    const code = this.#body.readUInt8(this.#at++);
    this.say(isPrintable(code) ? ` ${String.fromCharCode(code)}` : ` \\x${hex(code)}`);
    return code;
  }

  /** libpq prints it without a sign: no size is 65535. */
  int16(): number {
    const number = this.#body.readUInt16BE(this.#at);
    this.#at += 2;
    this.say(` ${number}`);
    return number;
  }

  int32(): number {
    const number = this.#body.readInt32BE(this.#at);
    this.#at += 4;
    this.say(` ${number}`);
    return number;
  }

  oid(): void {
    const number = this.#body.readUInt32BE(this.#at);
    if (this.#showsOids && number < FIRST_OWN_OID) this.int32();
    else this.hidden();
  }

  /** Four bytes that are never the same twice. */
  hidden(): void {
    this.#body.readInt32BE(this.#at);
    this.#at += 4;
    this.say(' NNNN');
  }

  string(isHidden = false): void {
    const end = this.#body.indexOf(0, this.#at);
    if (end < 0) throw new Error('no end');
    const text = this.#body.toString('utf8', this.#at, end);
    this.#at = end + 1;
    this.say(` "${isHidden ? 'SSSS' : escaped(text)}"`);
  }

  bytes(length: number): void {
    if (length > this.left) throw new Error('no end');
    let text = '';
    for (const code of this.#body.subarray(this.#at, this.#at + length))
      text += isPrintable(code) ? String.fromCharCode(code) : `\\x${hex(code)}`;
    this.#at += length;
    this.say(` '${text}'`);
  }

  /** A length and as many bytes; -1 is NULL. */
  value(): void {
    const length = this.int32();
    if (length !== -1) this.bytes(length);
  }

  list(print: () => void): void {
    for (let count = this.int16(); count > 0; count--) print();
  }

  /** What should not be there. */
  rest(): void {
    this.bytes(this.left);
  }
}

function isPrintable(code: number): boolean {
  return code >= 0x20 && code < 0x7f;
}

function hex(code: number): string {
  return code.toString(16).padStart(2, '0');
}

function escaped(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, (each) => `\\x${hex(each.charCodeAt(0))}`);
}

function shortened(line: string): string {
  if (line.length <= LINE_CHARACTERS_MAX) return line;
  const hash = new Bun.CryptoHasher('sha256').update(line).digest('hex').slice(0, 16);
  return `${line.slice(0, 120)}… ${line.length} characters, SHA-256 ${hash}`;
}
