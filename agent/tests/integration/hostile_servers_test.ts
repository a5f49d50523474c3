// Servers that send what PostgreSQL never does, at every stage: their clients are told why, and nobody else notices.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { createServer, type Socket, type Server as TcpServer } from 'node:net';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { message } from '../harness/client_words.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { Neighbour } from '../harness/raw_client.ts';
import * as say from '../harness/server_words.ts';

setDefaultTimeout(60_000);

/** What the agent may have in memory, whatever its servers send. */
const RSS_BYTES_MAX = 250_000_000;

/** One connection of the agent: what is done with each chunk of it. */
interface Script {
  readonly said: (socket: Socket, chunk: Buffer) => void;
}

const authority = createCertificateAuthority();
let postgres: Postgres;
let agent: Agent;
let neighbour: Neighbour;
let server: TcpServer;
/** By the database that is asked for; each case has one of its own, so that none begins with what another left. */
const scripts = new Map<string, Script>();
/** For those who ask for TLS, before anybody says which database is meant. */
let tlsScript: Script | undefined;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { app: '' },
    databases: { shop: 'app' },
  });
  server = createServer((socket) => {
    let mine: Script | undefined;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      const database = /database\0([^\0]*)/.exec(chunk.toString('latin1'))?.[1];
      mine ??= database === undefined ? tlsScript : scripts.get(database);
      mine?.said(socket, chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const evil = { host: '127.0.0.1', port, user: 'app', password: postgres.passwordOf('app') };
  agent = await serve({
    postgres,
    authority,
    settings: {
      server_connect_timeout: '1s',
      query_wait_timeout: '5s',
      server_login_retry: '100ms',
      databases: {
        ...Object.fromEntries(
          ALL.map((each) => [
            each,
            { ...evil, dbname: each, sslmode: each.startsWith('tls_') ? 'require' : 'disable' },
          ]),
        ),
      },
    },
  });
  neighbour = await Neighbour.join(agent.url('app', postgres.passwordOf('app'), 'shop'));
}, 60_000);
afterAll(async () => {
  await neighbour?.[Symbol.asyncDispose]();
  await agent?.stop();
  await postgres?.stop();
  server?.close();
});

const GREETING = [
  say.authentication(0),
  ...Object.entries({
    server_version: '18.1',
    client_encoding: 'UTF8',
    TimeZone: 'UTC',
    DateStyle: 'ISO',
  }).map(([name, value]) => say.parameterStatus(name, value)),
  say.backendKey(7, new Uint8Array([1, 2, 3, 4])),
  say.ready(),
];
const ANSWER = [say.rowDescription('x'), say.dataRow('1'), say.complete('SELECT 1'), say.ready()];

function send(socket: Socket, ...pieces: readonly (Uint8Array | string)[]): void {
  socket.write(Buffer.concat(pieces.map((each) => Buffer.from(each as Uint8Array))));
}

/** Lets everybody in, and answers every query; `first` is said to the first query instead. */
function honest(first: readonly Uint8Array[] = ANSWER, behind: (socket: Socket) => void = () => {}): Script {
  let isFirst = true;
  return {
    said(socket, chunk) {
      // A startup packet begins with its length.
      if (chunk[0] === 0) return send(socket, ...GREETING);
      if (chunk[0] === 0x58) return void socket.end();
      if (!chunk.includes(0x51)) return;
      send(socket, ...(isFirst ? first : ANSWER));
      if (isFirst) behind(socket);
      isFirst = false;
    },
  };
}

/** What a login gets, piece by piece: one after each message of the agent. */
function loginOf(...answers: readonly (readonly Uint8Array[])[]): Script {
  const left = new Map<Socket, (readonly Uint8Array[])[]>();
  return {
    said(socket) {
      const mine = left.get(socket) ?? [...answers];
      left.set(socket, mine);
      const next = mine.shift();
      if (next !== undefined) send(socket, ...next);
    },
  };
}

/** The header alone of a message that says how long it is. */
function header(letter: string, length: number): Uint8Array {
  const bytes = Buffer.from(`${letter}\0\0\0\0`);
  bytes.writeInt32BE(length, 1);
  return bytes;
}

/** What a client is told that logs in and asks `SELECT 1`: the row, or SQLSTATE and words. */
async function told(database: string): Promise<string> {
  const client = new pg.Client(agent.url('app', postgres.passwordOf('app'), database));
  // What comes when the question is answered already is nobody's business here.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query('SELECT 1');
    return String(rows[0]?.x);
  } catch (error) {
    const { code, message: words } = error as { code?: string; message: string };
    return `${code ?? 'no SQLSTATE'} ${words}`;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Once the server is honest again, everything goes on; and nobody else was disturbed. */
async function allIsWell(database: string): Promise<void> {
  await neighbour.works();
  expect(agent.rssBytes()).toBeLessThan(RSS_BYTES_MAX);
  scripts.set(database, honest());
  let said = '';
  // A login that failed is tried again after a moment (server_login_retry).
  for (let tries = 0; tries < 200 && said !== '1'; tries++) {
    said = await told(database);
    if (said !== '1') await Bun.sleep(20);
  }
  expect(said).toBe('1');
}

const TLS_ANSWERS: Readonly<Record<string, readonly [string | Uint8Array, RegExp]>> = {
  'a letter that is none': ['X', /08P01 .*the answer to SSLRequest is "X"/],
  'an error': [say.errorResponse('no', 'FATAL', '08P01'), /08P01 .*the answer to SSLRequest is an error/],
  'yes and something behind it': ['SX', /08P01 .*bytes followed the answer to SSLRequest before TLS was up/],
  'yes and nonsense': ['S', /08001 TLS with the server .* failed: the TLS handshake failed/],
  'no, where TLS is required': ['N', /08001 .*does not offer TLS, and sslmode is require/],
};

describe('A server that answers the request for TLS with', () => {
  for (const [what, [bytes, words]] of Object.entries(TLS_ANSWERS)) {
    test(what, async () => {
      tlsScript = {
        said(socket, chunk) {
          if (chunk.length === 8) send(socket, bytes);
          else send(socket, 'nonsense'.repeat(100));
        },
      };
      expect(await told(databaseOf('tls', what))).toMatch(words);
      await neighbour.works();
      expect(agent.rssBytes()).toBeLessThan(RSS_BYTES_MAX);
    });
  }
});

const SCRAM = [say.authentication(10, 'SCRAM-SHA-256\0\0')];

/** A server-first that goes on with the agent's nonce. */
function scramWith(rest: (nonce: string) => string): Script {
  return {
    said(socket, chunk) {
      if (chunk[0] === 0) return send(socket, ...SCRAM);
      const nonce = /r=([^,]+)/.exec(chunk.toString('latin1'))?.[1];
      if (nonce !== undefined) send(socket, say.authentication(11, rest(nonce)));
    },
  };
}

const SALT = Buffer.alloc(16, 7).toString('base64');

const LOGINS: Readonly<Record<string, readonly [Script, RegExp]>> = {
  nonsense: [
    loginOf([Buffer.from('nonsense and more of it')]),
    /message of type 'n' says that it is 1869509477 bytes long/,
  ],
  HTTP: [
    loginOf([Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]),
    /message of type 'H' says that it is \d+ bytes long/,
  ],
  'a message of 2 GB': [
    loginOf([header('R', 0x7fffffff)]),
    /message of type 'R' says that it is 2147483647 bytes long/,
  ],
  'a message of negative length': [
    loginOf([header('R', -4)]),
    /message of type 'R' says that it is -4 bytes long/,
  ],
  'a message of 3 bytes': [loginOf([header('R', 3)]), /message of type 'R' says that it is 3 bytes long/],
  'an error without SQLSTATE': [
    loginOf([message('E', 'SFATAL\0Mno SQLSTATE here\0\0')]),
    /08P01 .*: no SQLSTATE here/,
  ],
  'an error of nothing': [loginOf([message('E', '\0')]), /08P01 .*an error without a message/],
  'an error that does not end': [loginOf([message('E', 'SFATAL')]), /an error message does not end/],
  'ready before it is over': [loginOf([say.ready()]), /ReadyForQuery before AuthenticationOk/],
  rows: [loginOf([say.dataRow('1')]), /a message "dataRow" during the login/],
  'endless parameters': [
    loginOf(Array.from({ length: 40_000 }, (_, n) => say.parameterStatus(`p${n}`, 'x'.repeat(64)))),
    /more than 1048576 bytes before ReadyForQuery/,
  ],
  'an unknown way to prove oneself': [loginOf([say.authentication(99)]), /message type 99/],
  'SASL that goes on and has not begun': [
    loginOf([say.authentication(11, 'r=x')]),
    /SASL goes on that has not begun/,
  ],
  'in without a proof of its own': [
    loginOf(SCRAM, [say.authentication(0), say.ready()]),
    /let us in without proving that it knows the password/,
  ],
  'an endless nonce': [
    scramWith((nonce) => `r=${nonce}${'x'.repeat(5_000)},s=${SALT},i=4096`),
    /SCRAM message of 5060 bytes is over the limit of 4096/,
  ],
  'a nonce of 900 kB': [
    scramWith((nonce) => `r=${nonce}${'x'.repeat(900_000)},s=${SALT},i=4096`),
    /SCRAM message of 900060 bytes is over the limit/,
  ],
  'a long nonce': [
    scramWith((nonce) => `r=${nonce}${'x'.repeat(600)},s=${SALT},i=4096`),
    /SCRAM nonce of 624 bytes is over the limit of 512/,
  ],
  'another nonce': [scramWith(() => `r=another,s=${SALT},i=4096`), /does not continue our nonce/],
  'two billion iterations': [
    scramWith((nonce) => `r=${nonce}x,s=${SALT},i=2147483647`),
    /iteration count 2147483647 is over the limit of 1000000/,
  ],
  'an empty salt': [scramWith((nonce) => `r=${nonce}x,s=,i=4096`), /SCRAM salt is not base64/],
  'the end, without a word': [
    { said: (socket) => void socket.end() },
    /it closed the connection during the login/,
  ],
  silence: [{ said: () => {} }, /did not finish the login within server_connect_timeout/],
};

describe('A server whose login is', () => {
  for (const [what, [how, words]] of Object.entries(LOGINS)) {
    test(what, async () => {
      const database = databaseOf('login', what);
      scripts.set(database, how);
      const said = await told(database);
      expect(said).toMatch(words);
      await allIsWell(database);
    });
  }
});

const GONE = /08006 server conn crashed\? The connection to the server was lost/;

const ANSWERS: Readonly<Record<string, readonly [readonly Uint8Array[], RegExp]>> = {
  nonsense: [[Buffer.from('zzzzzzzzzz and more of it')], GONE],
  'a length under 4': [[header('C', 2)], /08006 .*message of type 'C' says that it is 2 bytes long/],
  'a negative length': [[header('D', -1)], /08006 .*message of type 'D' says that it is -1 bytes long/],
  'an answer of 2 GB where a short one is due': [[header('C', 0x7fffffff)], GONE],
  'an error of 2 GB': [[header('E', 0x7fffffff)], GONE],
  'a message without a body that has one of 1.8 GB': [[header('n', 0x6f6e7365)], GONE],
  'an error without SQLSTATE': [
    [message('E', 'SERROR\0Mno SQLSTATE here\0\0'), say.ready()],
    /no SQLSTATE no SQLSTATE here/,
  ],
  'an error of nothing': [[message('E', '\0'), say.ready()], /no SQLSTATE/],
  // What came before it is an answer like any other; the connection is not used again.
  'ready once more than is due': [[...ANSWER, say.ready()], /^1$/],
  'a reply of the extended protocol': [[say.parseComplete, ...ANSWER], /08006 .*message '1' out of turn/],
  'a message of the login': [[say.authentication(0), ...ANSWER], /08006 .*a message of type 0x52/],
  'a byte that is no type': [[message('\x07'), ...ANSWER], /08006 .*a message of type 0x7/],
};

describe('A server that answers a query with', () => {
  for (const [what, [answer, words]] of Object.entries(ANSWERS)) {
    test(what, async () => {
      const database = databaseOf('answer', what);
      scripts.set(database, honest(answer));
      const said = await told(database);
      expect(said).toMatch(words);
      await allIsWell(database);
    });
  }
});

const UNASKED: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
  'ready, unasked': [say.ready(), /Z although nothing was asked/],
  'a row': [say.dataRow('1'), /message 'D' out of turn|although/],
  nonsense: [Buffer.from('nonsense and more of it'), /message 'n' has a wrong length/],
  'a negative length': [header('N', -1), /is -1 bytes long/],
  'a notice of 2 GB': [header('N', 0x7fffffff), /2147483648 bytes/],
  'a parameter of 2 GB': [header('S', 0x7fffffff), /2147483648 bytes/],
  'an error without SQLSTATE': [message('E', 'SFATAL\0Mbye\0\0'), /bye/],
};

describe('A server that rests in the pool and sends', () => {
  for (const [what, [bytes, words]] of Object.entries(UNASKED)) {
    test(`${what}, is closed, and another one is there for the next client`, async () => {
      let closed: () => void = () => {};
      const isClosed = new Promise<void>((resolve) => {
        closed = resolve;
      });
      const database = databaseOf('rest', what);
      const rests = honest(ANSWER, (socket) => {
        socket.on('close', closed);
        setTimeout(() => send(socket, bytes), 20);
      });
      scripts.set(database, rests);
      const from = agent.logLines().length;
      expect(await told(database)).toBe('1');
      await isClosed;
      const line = await agent.waitForLog('server connection lost', from);
      expect(String(line.reason)).toMatch(words);
      await allIsWell(database);
    });
  }
});

function databaseOf(stage: string, what: string): string {
  return `${stage}_${what.replace(/\W+/g, '_')}`;
}

const ALL = Object.entries({ tls: TLS_ANSWERS, login: LOGINS, answer: ANSWERS, rest: UNASKED }).flatMap(
  ([stage, table]) => Object.keys(table).map((what) => databaseOf(stage, what)),
);
