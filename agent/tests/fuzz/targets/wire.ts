// Fuzz targets of the wire room: every decoder, both directions, and the framer at every split.

import { BackendParser } from '../../../server/backend_parser.ts';
import { concat } from '../../../wire/bytes.ts';
import {
  encodeParse,
  encodeStatementTarget,
  readBind,
  readParse,
  readTarget,
  renameBind,
} from '../../../wire/client_messages.ts';
import { Framer } from '../../../wire/frame.ts';
import { ProtocolError } from '../../../wire/protocol_error.ts';
import {
  decodeParameterStatus,
  decodeReport,
  decodeTexts,
  encodeDataRow,
  encodeError,
  encodeParameterStatus,
  readError,
} from '../../../wire/server_messages.ts';
import {
  decodeStartup,
  encodeCancelRequest,
  encodeSslRequest,
  encodeStartup,
  startupLength,
} from '../../../wire/startup.ts';
import * as client from '../../harness/client_words.ts';
import * as server from '../../harness/server_words.ts';
import { cutUp, inputOf, must, mustBeSame, Pieces, PROTOCOL_ERRORS, type Target } from '../target.ts';

const LENGTH_MAX = 1_000;
const TYPES = [...'QPBDECHSFdcfpXRKZNA123tTnIsVGWv'];

/** Messages of an ordinary client, one after the other. */
const CLIENT_STREAM = client.join(
  client.query('SELECT 1'),
  client.parse('s1', 'SELECT $1::int'),
  client.bind('s1', '', ['7']),
  client.describe('P'),
  client.execute(),
  client.sync,
  client.close('S', 's1'),
  client.flush,
  client.copyData('a\tb\n'),
  client.copyDone,
  client.copyFail('no'),
  client.functionCall(),
  client.terminate,
);

export const SERVER_STREAM = client.join(
  server.authentication(0),
  server.parameterStatus('TimeZone', 'Etc/UTC'),
  server.backendKey(7, new Uint8Array([1, 2, 3, 4])),
  server.ready(),
  server.rowDescription('a', 'b'),
  server.dataRow('1', null),
  server.complete('SELECT 1'),
  server.notice('so it is'),
  server.errorResponse('no such table', 'ERROR', '42P01', 'parserOpenTable'),
  server.notification('channel', 'payload'),
  server.copyIn(),
  server.copyOut(),
  server.parseComplete,
  server.parameterDescription(),
  server.ready('T'),
);

const startup: Target = {
  name: 'startup',
  errors: PROTOCOL_ERRORS,
  share: 60,
  words: [
    'user\0',
    'database\0',
    'options\0',
    '_pq_.x\0',
    '\0\0',
    '\0',
    '-c a=b',
    new Uint8Array([0, 3, 0, 0]),
    new Uint8Array([0, 3, 0, 2]),
  ],
  seeds: [
    client.startup({ user: 'app', database: 'shop', application_name: 'x', options: '-c geqo=off' }),
    client.startup({ user: 'app', '_pq_.x': '1' }, 196_610),
    client.startup({}),
    client.sslRequest,
    client.gssencRequest,
    client.cancelRequest(77, new Uint8Array(4)),
    client.cancelRequest(77, new Uint8Array(32)),
  ],
  run(input) {
    const length = startupLength(input);
    must(length === 0 || (length >= 8 && length <= 10_000), `startupLength() says ${length}`);
    if (length === 0 || input.length < length) return 'more is wanted';
    const bytes = input.slice(0, length);
    const packet = decodeStartup(bytes);
    if (packet.kind === 'ssl') mustBeSame([...encodeSslRequest()], [...bytes], 'an SSLRequest written again');
    if (packet.kind === 'cancel') {
      mustBeSame(
        [...encodeCancelRequest(packet.pid, packet.key)],
        [...bytes],
        'a CancelRequest written again',
      );
    }
    if (packet.kind !== 'startup') return packet.kind;
    must(packet.major === 3, 'another protocol than 3 was let in');
    for (const [name, value] of packet.parameters) {
      must(!name.includes('\0') && !value.includes('\0'), 'a NUL in a name or value');
    }
    const again = encodeStartup(Object.fromEntries([...packet.parameters].map(([k, v]) => [`x${k}`, v])));
    const read = decodeStartup(again);
    must(read.kind === 'startup', 'what was written is read as something else');
    mustBeSame(
      [...read.parameters].map(([name, value]) => [name.slice(1), value]).sort(),
      [...packet.parameters].sort(),
      'the parameters, written and read again',
    );
    return `startup ${packet.minor > 0} ${packet.parameters.size} ${packet.protocolOptions.length}`;
  },
};

/** What a reader says of the message alone, and of the same one with other bytes behind it. */
function alike<T>(message: Uint8Array, read: (chunk: Uint8Array, start: number, end: number) => T): T {
  const outcome = (before: Uint8Array, after: Uint8Array): readonly [T | undefined, string] => {
    try {
      const chunk = concat([before, message, after]);
      return [read(chunk, before.length, before.length + message.length), ''];
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return [undefined, error.message];
    }
  };
  const [alone, said] = outcome(new Uint8Array(), new Uint8Array());
  const [among, saidAmong] = outcome(client.sync, client.query('x'));
  must(
    said === saidAmong && (alone === undefined) === (among === undefined),
    'its neighbours change a message',
  );
  if (said !== '') throw new ProtocolError(said);
  return alone as T;
}

const clientMessages: Target = {
  name: 'client_messages',
  errors: PROTOCOL_ERRORS,
  share: 60,
  words: [
    '\0',
    's1\0',
    'S',
    'P',
    'pgsidecar_1\0',
    new Uint8Array([0, 1]),
    new Uint8Array([255, 255, 255, 255]),
  ],
  seeds: [
    client.parse('s1', 'SELECT 1'),
    client.parse('', ''),
    client.bind('s1', 'p1', ['7', '']),
    client.describe('S', 's1'),
    client.close('P'),
  ],
  run(input) {
    const message = client.message(String.fromCharCode(input[0] ?? 0), input.subarray(5));
    const letter = String.fromCharCode(message[0]!);
    if (letter === 'P') {
      const read = alike(message, readParse);
      if (read === undefined) return 'Parse without its end';
      const { name, tail } = read;
      must(tail > 5 && tail <= message.length, `its tail begins at ${tail}`);
      const renamed = encodeParse('other', message.subarray(tail));
      const again = readParse(renamed, 0, renamed.length);
      mustBeSame(
        [again?.name, [...renamed.subarray(again?.tail)]],
        ['other', [...message.subarray(tail)]],
        'Parse',
      );
      return `Parse ${name === ''}`;
    }
    if (letter === 'B') {
      const at = alike(message, readBind);
      if (at === undefined) return 'Bind without its end';
      const head = renameBind(message, 0, message.length, at, 'another name');
      const whole = concat([head, message.subarray(at.statementEnd + 1)]);
      mustBeSame(client.clientWords(whole), ['Bind another name'], 'a Bind of another name');
      return `Bind ${at.statementAt === at.statementEnd}`;
    }
    const name = alike(message, readTarget);
    if (name === undefined || !/^[\x01-\x7f]*$/.test(name)) return 'Describe';
    mustBeSame(
      readTarget(encodeStatementTarget(0x44, name), 0, name.length + 7),
      name,
      'Describe written and read again',
    );
    return 'Describe S';
  },
};

const serverMessages: Target = {
  name: 'server_messages',
  errors: PROTOCOL_ERRORS,
  share: 60,
  words: [
    '\0',
    'SERROR\0',
    'VFATAL\0',
    'C42P01\0',
    'Mno\0',
    'Rexec\0',
    new Uint8Array([0, 1]),
    new Uint8Array(4),
    new Uint8Array([255, 255, 255, 255]),
  ],
  seeds: [
    client.split(server.errorResponse('no', 'ERROR', '42601', 'x'))[0]!.body,
    client.split(server.notice('no'))[0]!.body,
    client.split(server.parameterStatus('TimeZone', 'Etc/UTC'))[0]!.body,
    client.split(server.dataRow('on', null))[0]!.body,
  ],
  run(input) {
    const fields = decodeReport(input);
    must(fields.size <= 256, 'more letters than there are');
    const { severity, sqlstate, message } = readError(input);
    const again = encodeError({
      severity: 'ERROR',
      sqlstate: '00000',
      message,
      detail: severity,
      hint: sqlstate,
    });
    const read = decodeReport(again.subarray(5));
    mustBeSame(
      [read.get('M'), read.get('D'), read.get('H')],
      [message, severity, sqlstate],
      'an error, written again',
    );
    const first = decodeTexts(input)[0];
    if (first !== undefined) {
      must(first.length <= input.length, 'a column that is longer than its row');
      mustBeSame(decodeTexts(encodeDataRow([first]).subarray(5))[0], first, 'a row, written again');
    }
    const { name, value } = decodeParameterStatus(input);
    mustBeSame(
      decodeParameterStatus(encodeParameterStatus(name, value).subarray(5)),
      { name, value },
      'ParameterStatus, written again',
    );
    return `${fields.size} ${first === undefined}`;
  },
};

/** What is done with a message by its type, so that it is the same wherever the stream is cut. */
type Handling = 'pass' | 'hold' | 'stop';

/** The messages of a stream as a relay sees them, and all the bytes that went on, in their order. */
function walk(
  chunks: readonly Uint8Array[],
  handlingOf: (type: number) => Handling,
): readonly [string, string] {
  const framer = new Framer(LENGTH_MAX);
  const messages: string[] = [];
  const passed: Uint8Array[] = [];
  let base = 0;
  let stoppedAt = -1;
  try {
    for (const chunk of chunks) {
      let more = framer.feed(chunk);
      while (more) {
        more = false;
        while (framer.next()) {
          const { type, start, end, whole } = framer;
          must(end > start && start < framer.chunk.length, 'a message of nothing');
          if (handlingOf(type) === 'hold' && !whole) framer.hold();
          else if (handlingOf(type) === 'stop' && stoppedAt !== base + start) {
            stoppedAt = base + start;
            framer.stopBefore();
            more = true;
            break;
          } else messages.push(`${type}:${base + start}:${end - start}`);
        }
        must(framer.limit <= framer.chunk.length, 'its limit lies behind the chunk');
        passed.push(framer.chunk.slice(0, framer.limit));
        base += framer.limit;
        if (more) must(framer.again(), 'what it was stopped before is not offered again');
      }
      must(framer.heldBytes <= LENGTH_MAX + 1 + chunk.length, 'it keeps more than one message and a chunk');
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    messages.push(error.message);
  }
  return [messages.join(' '), Buffer.concat(passed).toString('latin1')];
}

const framer: Target = {
  name: 'framer',
  errors: [],
  share: 60,
  bytesMax: 1_024,
  words: [
    ...TYPES.map((letter) => client.message(letter)),
    ...TYPES,
    new Uint8Array([0, 0, 0, 4]),
    new Uint8Array([0, 0, 0, 5]),
  ],
  seeds: [...seedsOf(CLIENT_STREAM), ...seedsOf(SERVER_STREAM)],
  run(input) {
    const pieces = new Pieces(input);
    const held = pieces.choice(4);
    const cuts = pieces.piece();
    const stream = pieces.rest();
    const handlingOf = (type: number): Handling => {
      const [hold, stop] = [held & 1, held & 2].map((bit) => bit > 0);
      return hold && type % 3 === 0 ? 'hold' : stop && type % 2 === 0 ? 'stop' : 'pass';
    };
    const [whole, bytes] = walk([stream], handlingOf);
    must(Buffer.from(stream).toString('latin1').startsWith(bytes), 'other bytes went on than came');
    const compare = (chunks: readonly Uint8Array[], how: string): void => {
      const [messages] = walk(chunks, handlingOf);
      must(messages === whole, `${how}: got ${messages}, wanted ${whole}`);
    };
    compare(cutUp(stream, cuts), 'cut up');
    compare(cutUp(stream, new Uint8Array(1)), 'byte by byte');
    if (stream.length <= 24) {
      for (let at = 0; at <= stream.length; at++)
        compare([stream.slice(0, at), stream.slice(at)], `cut at ${at}`);
    }
    return whole.replace(/:\d+/g, '').slice(0, 60);
  },
};

function seedsOf(stream: Uint8Array): Uint8Array[] {
  return [0, 1, 2, 3].map((held) => Buffer.concat([inputOf(held, new Uint8Array([0, 4, 9])), stream]));
}

const backendParser: Target = {
  name: 'backend_parser',
  // pg-protocol's own are errors of no class; that it comes back at all is what the fence is for.
  errors: [Error],
  share: 30,
  bytesMax: 1_024,
  words: [
    ...TYPES.map((letter) => client.message(letter)),
    ...TYPES,
    new Uint8Array([0, 0, 0, 4]),
    new Uint8Array([0, 0, 0, 10]),
  ],
  seeds: [
    ...seedsOf(SERVER_STREAM).slice(0, 1),
    Buffer.concat([inputOf(0, new Uint8Array()), server.ready()]),
  ],
  run(input) {
    const pieces = new Pieces(input);
    pieces.choice(4);
    const cuts = pieces.piece();
    const stream = pieces.rest();
    const read = (chunks: readonly Uint8Array[]): string => {
      const parser = new BackendParser(LENGTH_MAX);
      const names: string[] = [];
      try {
        for (const chunk of chunks) parser.parse(chunk, (message) => names.push(message.name));
      } catch (error) {
        names.push((error as Error).message);
      }
      return names.join(' ');
    };
    const whole = read([stream]);
    const cut = read(cutUp(stream, cuts));
    must(cut === whole, `cut up: got ${cut}, wanted ${whole}`);
    return whole.replace(/\d+/g, '0').slice(0, 60);
  },
};

export const WIRE_TARGETS: readonly Target[] = [
  startup,
  clientMessages,
  serverMessages,
  framer,
  backendParser,
];
