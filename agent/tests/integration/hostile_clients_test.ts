// Clients that send what no driver sends: each is told what was wrong with it, and nobody else notices.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import {
  bind,
  execute,
  gssencRequest,
  message,
  packet,
  parse,
  query,
  sslRequest,
  startup,
  sync,
} from '../harness/client_words.ts';
import { freePort, type Postgres, startPostgres } from '../harness/postgres.ts';
import { loggedIn, Neighbour, type Place, RawClient, socketOf } from '../harness/raw_client.ts';

setDefaultTimeout(60_000);

const authority = createCertificateAuthority();
let postgres: Postgres;
let agent: Agent;
let neighbour: Neighbour;
let port: number;

/** What the agent may have in memory, whoever comes. */
const RSS_BYTES_MAX = 200_000_000;
const PACKET_BYTES_MAX = 1_000_000;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { app: '' },
    databases: { shop: 'app' },
  });
  port = await freePort();
  const server = authority.issueServer();
  agent = await serve(
    {
      postgres,
      authority,
      settings: {
        auth_type: 'plain',
        listen_addr: '127.0.0.1',
        listen_port: port,
        client_tls_sslmode: 'require',
        client_tls_cert_file: 'agent.crt',
        client_tls_key_file: 'agent.key',
        client_login_timeout: '2s',
        max_packet_size: PACKET_BYTES_MAX,
      },
    },
    { files: { 'agent.crt': server.certificate, 'agent.key': server.key } },
  );
  neighbour = await Neighbour.join(`${agent.url('app', postgres.passwordOf('app'), 'shop')}&port=${port}`);
}, 60_000);
afterAll(async () => {
  await neighbour?.[Symbol.asyncDispose]();
  await agent?.stop();
  await postgres?.stop();
});

/** Says each of the pieces, one after each answer, and gives all that was answered until the agent closed. */
async function conversation(place: Place, ...pieces: readonly Uint8Array[]): Promise<string> {
  const client = new RawClient(place);
  let heard = 0;
  for (const [index, piece] of pieces.entries()) {
    client.say(piece);
    if (index === pieces.length - 1) break;
    await client.until(new RegExp(`^[\\s\\S]{${heard + 1}}`));
    heard = client.heard.length;
  }
  return await client.ended;
}

function length(bytes: number, more: Uint8Array = new Uint8Array()): Uint8Array {
  const all = Buffer.alloc(4 + more.length);
  all.writeInt32BE(bytes | 0);
  all.set(more, 4);
  return all;
}

async function allIsWell(): Promise<void> {
  await neighbour.works();
  const client = await loggedIn(socketOf(agent, port), postgres.passwordOf('app'));
  client.say(query('SELECT 7'));
  expect(await client.until('Z\0\0\0\x05I')).toContain('SELECT 1');
  client.close();
  expect(agent.rssBytes()).toBeLessThan(RSS_BYTES_MAX);
}

const HELLO = { user: 'app', database: 'shop' };

const REFUSED: Readonly<Record<string, readonly [readonly Uint8Array[], string]>> = {
  'a startup packet of 0 bytes': [[length(0)], 'a startup packet says that it is 0 bytes long'],
  'a startup packet of 3 bytes': [[length(3)], 'a startup packet says that it is 3 bytes long'],
  'a startup packet of -1 bytes': [[length(-1)], 'a startup packet says that it is -1 bytes long'],
  'a startup packet of the smallest length': [
    [length(0x80000000)],
    'a startup packet says that it is -2147483648 bytes long',
  ],
  'a startup packet of 2 GB': [
    [length(0x7fffffff)],
    'a startup packet says that it is 2147483647 bytes long',
  ],
  'a name of 64 kB': [[startup({ ...HELLO, user: 'u'.repeat(65_536) })], 'a startup packet says that it is'],
  'a query before anything': [[query('SELECT 1')], 'a startup packet says that it is'],
  'protocol 2': [[packet(131_072, Buffer.from('app\0'))], 'unsupported frontend protocol 2.0'],
  'a name without a value': [
    [packet(196_608, Buffer.from('user\0app\0database\0\0'))],
    'a startup packet has',
  ],
  'a NUL in the middle of a name': [
    [packet(196_608, Buffer.from('user\0a\0pp\0\0'))],
    'a startup packet has no terminator',
  ],
  'no end': [[packet(196_608, Buffer.from('user\0app'))], 'a startup packet has a name without a value'],
  'no user': [[startup({ database: 'shop' })], 'the startup packet names no user'],
  'a password before it was asked for': [
    [Buffer.concat([startup(HELLO), message('p', 'x\0')])],
    'bytes follow a startup packet before it was answered',
  ],
  'a query in place of the password': [
    [startup(HELLO), query('SELECT 1')],
    'a message other than a password during the login',
  ],
  'a second startup packet': [
    [startup(HELLO), startup(HELLO)],
    'a message other than a password during the login',
  ],
  'SSLRequest twice': [[sslRequest, sslRequest], 'a second SSLRequest'],
  'GSSENCRequest twice': [[gssencRequest, gssencRequest], 'a second GSSENCRequest'],
  'a password of 3 bytes with its length': [
    [startup(HELLO), Buffer.concat([Buffer.from('p'), length(3)])],
    "a message of type 'p' says that it is 3 bytes long",
  ],
  'a password of negative length': [
    [startup(HELLO), Buffer.concat([Buffer.from('p'), length(-5)])],
    "a message of type 'p' says that it is -5 bytes long",
  ],
  'a password of 2 GB': [
    [startup(HELLO), Buffer.concat([Buffer.from('p'), length(0x7fffffff)])],
    "a message of type 'p' says that it is 2147483647 bytes long",
  ],
  'a password of 64 kB': [[startup(HELLO), message('p', `${'x'.repeat(65_535)}\0`)], 'password'],
  'a password with a NUL in the middle': [[startup(HELLO), message('p', 'a\0b\0')], 'password message'],
};

describe('Before it is let in, a client is refused in words for', () => {
  for (const [what, [pieces, words]] of Object.entries(REFUSED)) {
    test(what, async () => {
      const said = await conversation(socketOf(agent, port), ...pieces);
      expect(said).toContain(words);
      await allIsWell();
    });
  }
});

describe('Before it is let in', () => {
  test('a client that sends a byte now and then is closed by client_login_timeout', async () => {
    const client = new RawClient(socketOf(agent, port));
    const bytes = startup({ ...HELLO, application_name: 'x'.repeat(2_000) });
    let sent = 0;
    const timer = setInterval(() => client.say(bytes.subarray(sent, ++sent)), 50);
    expect(await client.ended).toContain('client_login_timeout: the login was not finished in time');
    clearInterval(timer);
    expect(sent).toBeLessThan(bytes.length);
    await allIsWell();
  });

  test('a client may ask for both kinds of encryption in turn, and then go on without', async () => {
    const client = new RawClient(socketOf(agent, port));
    for (const [index, request] of [gssencRequest, sslRequest].entries()) {
      client.say(request);
      await client.until('N'.repeat(index + 1));
    }
    client.say(startup(HELLO));
    await client.until('R\0\0\0\x08\0\0\0\x03');
    client.say(message('p', `${postgres.passwordOf('app')}\0`));
    expect(await client.until('Z\0\0\0\x05I')).toContain('server_version');
    client.close();
  });

  test('names that are no UTF-8 are nobody, and not the same one', async () => {
    const said = await Promise.all(
      [0xff, 0xfe].map((byte) =>
        conversation(
          socketOf(agent, port),
          packet(196_608, Buffer.concat([Buffer.from('user\0ap'), Buffer.from([byte, 0, 0])])),
          message('p', `${postgres.passwordOf('app')}\0`),
        ),
      ),
    );
    for (const each of said) expect(each).toContain('password authentication failed for user "ap');
    await allIsWell();
  });

  test('what is no TLS behind an SSLRequest ends that connection, with its reason in the log', async () => {
    for (const nonsense of [
      Buffer.alloc(5_000, 0x41),
      Buffer.from([0x16, 3, 1, 255, 255, 1]),
      Buffer.from('GET / HTTP/1.0\r\n\r\n'),
    ]) {
      const from = agent.logLines().length;
      const client = new RawClient(port);
      client.say(sslRequest);
      await client.until('S');
      client.say(nonsense);
      client.socket.end();
      await client.ended;
      const line = await agent.waitForLog('TLS handshake with a client failed', from);
      expect(String(line.reason).length).toBeGreaterThan(5);
      await allIsWell();
    }
  });

  test('two hundred that stop in the middle cost little, and leave room for others when their time is up', async () => {
    const half = startup({ ...HELLO, application_name: 'x'.repeat(9_000) }).subarray(0, 9_000);
    const clients = Array.from({ length: 200 }, () => new RawClient(socketOf(agent, port)));
    for (const client of clients) client.say(half);
    await neighbour.works();
    const said = await Promise.all(clients.map(({ ended }) => ended));
    const words = /client_login_timeout: |client_login_concurrency/;
    // Whoever is closed while what he sent lies unread may get a reset in place of the words.
    expect(said.filter((each) => each !== '' && !words.test(each))).toEqual([]);
    expect(said.filter((each) => words.test(each)).length).toBeGreaterThan(0);
    await allIsWell();
  });
});

describe('A client that is logged in', () => {
  const cases: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    'and sends a message over max_packet_size': [
      Buffer.concat([Buffer.from('Q'), length(PACKET_BYTES_MAX + 1)]),
      `says that it is ${PACKET_BYTES_MAX + 1} bytes long`,
    ],
    'and asks for TLS': [sslRequest, 'invalid frontend message type 0'],
    'and asks to cancel on the same connection': [
      packet(80_877_102, Buffer.alloc(8)),
      'invalid frontend message type 0',
    ],
    'and sends nonsense': [
      Buffer.alloc(100_000, 0xff),
      'a message of type 0xff says that it is -1 bytes long',
    ],
  };
  for (const [what, [bytes, words]] of Object.entries(cases)) {
    test(`${what} is told so and closed`, async () => {
      const client = await loggedIn(socketOf(agent, port), postgres.passwordOf('app'));
      client.say(query('BEGIN'));
      await client.until('Z\0\0\0\x05T');
      client.say(bytes);
      expect(await client.ended).toContain(words);
      await allIsWell();
    });
  }

  test('may have names and statements of 64 kB, and many of them, within bounds', async () => {
    const client = await loggedIn(socketOf(agent, port), postgres.passwordOf('app'));
    for (let n = 0; n < 100; n++) {
      const name = `${n}_${'n'.repeat(65_536)}`;
      client.heard = '';
      client.say(parse(name, `SELECT ${n} /* ${'x'.repeat(65_536)} */`), bind(name), execute(), sync);
      expect(await client.until('Z\0\0\0\x05I')).toContain('SELECT 1');
    }
    await allIsWell();
    client.close();
  });

  test('and stops in the middle of a message keeps nobody waiting', async () => {
    const client = await loggedIn(socketOf(agent, port), postgres.passwordOf('app'));
    client.say(Buffer.concat([Buffer.from('Q'), length(900_000), Buffer.from('SELECT ')]));
    for (let n = 0; n < 5; n++) await allIsWell();
    client.close();
    await allIsWell();
  });
});
