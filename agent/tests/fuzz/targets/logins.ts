// Fuzz targets of both sides of a login: the agent as a server to hostile clients, and as a client to hostile servers.

import { AuthError } from '../../../auth/auth_error.ts';
import { ClientLogin, type LoginStep } from '../../../auth/client_login.ts';
import { type CredentialBook, makeCredentialBook } from '../../../auth/credential.ts';
import { makePeerMap } from '../../../auth/peer.ts';
import { encodeInitialResponse } from '../../../auth/sasl_frames.ts';
import { ScramClient, ScramKeyCache } from '../../../auth/scram_client.ts';
import { ScramServer } from '../../../auth/scram_server.ts';
import { makeVerifier } from '../../../auth/scram_verifier.ts';
import { Secret } from '../../../base/secret.ts';
import { ask } from '../../../server/ask.ts';
import { type LoginResult, login } from '../../../server/login.ts';
import * as client from '../../harness/client_words.ts';
import { FakeConnection } from '../../harness/fake_connection.ts';
import * as server from '../../harness/server_words.ts';
import { AGENT_ERRORS, Broken, cutUp, inputOf, must, Pieces, type Target } from '../target.ts';
import { SERVER_STREAM } from './wire.ts';

/** Made up for each run; nothing that a fuzzer guesses. */
const PASSWORD = crypto.randomUUID();
/** The same in each run, so that a seed gives the same messages. */
const nonce = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(5);
const AUTH_TYPES = ['scram-sha-256', 'md5', 'plain', 'peer', 'cert'] as const;
const TRANSPORTS = ['unix', 'tcp', 'tls'] as const;
const USERS = ['plain', 'md5', 'scram', 'none', 'nobody'];

async function book(): Promise<CredentialBook> {
  const { storedMd5 } = await import('../../../auth/md5.ts');
  const { printVerifier } = await import('../../../auth/scram_verifier.ts');
  const verifier = printVerifier(await makeVerifier(PASSWORD, nonce(16), 1));
  const users = [
    { name: 'plain', secret: new Secret(PASSWORD) },
    { name: 'md5', secret: new Secret(storedMd5(PASSWORD, 'md5')) },
    { name: 'scram', secret: new Secret(verifier) },
    { name: 'none', secret: undefined },
  ];
  return makeCredentialBook(users, { mockKey: nonce(32), iterations: 1 });
}

const BOOK = await book();
const PEERS = makePeerMap([]);
const CLIENT_FIRST = encodeInitialResponse('SCRAM-SHA-256', Buffer.from('n,,n=,r=fyko+d2lbbFgONRv9qkxdawL'));

/** Nobody comes in who does not know the password, whatever he says, and each answer is one of the four. */
const clientLogin: Target = {
  name: 'client_login',
  errors: [],
  share: 20,
  words: [
    '\0',
    'n,,',
    'n=,r=',
    'c=biws,r=',
    ',p=',
    'md5',
    'SCRAM-SHA-256\0',
    'SCRAM-SHA-256-PLUS\0',
    'p=tls-server-end-point,,',
    new Uint8Array([0, 0, 0, 32]),
    new Uint8Array([255, 255, 255, 255]),
  ],
  seeds: USERS.flatMap((_, user) =>
    AUTH_TYPES.map((_type, authType) =>
      inputOf(authType, authType % 3, user, CLIENT_FIRST, Buffer.from(`c=biws,r=x,p=${'A'.repeat(43)}=`)),
    ),
  ).concat([
    inputOf(2, 0, 0, Buffer.from('wrong\0')),
    inputOf(1, 0, 1, Buffer.from(`md5${'0'.repeat(32)}\0`)),
  ]),
  async run(input) {
    const pieces = new Pieces(input);
    const [authType, transport] = [AUTH_TYPES[pieces.choice(5)]!, TRANSPORTS[pieces.choice(3)]!];
    const user = USERS[pieces.choice(USERS.length)]!;
    const machine = new ClientLogin({
      authType,
      transport,
      user,
      book: BOOK,
      peerUser: transport === 'unix' ? 'stranger' : undefined,
      peerMap: PEERS,
      certificateName: undefined,
      endPoint: nonce(32),
      random: nonce,
    });
    const said: string[] = [authType, user];
    let step: LoginStep = machine.start();
    for (let turn = 0; turn < 8; turn++) {
      if (step.kind === 'later') step = await step.step;
      said.push(
        step.kind === 'failed' ? `${step.reply} ${step.reason.replace(/\d+|".*?"/g, '')}` : step.kind,
      );
      must(step.kind !== 'ok', 'somebody came in without the password');
      if (step.kind !== 'send' && turn > 2) break;
      if (pieces.isOver) break;
      step = machine.onPassword(pieces.piece());
    }
    return said.join(' ');
  },
};

const VERIFIER = await makeVerifier(PASSWORD, nonce(16), 1);

/** The messages of a login that succeeds, which change with the password of the run but not in their form. */
async function exchange(): Promise<
  Readonly<Record<'first' | 'serverFirst' | 'final' | 'serverFinal', Uint8Array>>
> {
  const identity = { kind: 'password', secret: new Secret(PASSWORD) } as const;
  const scram = new ScramClient({ identity, nonce: nonce(18), cache: new ScramKeyCache() });
  const other = new ScramServer({ verifier: VERIFIER, nonce: nonce(18) });
  other.start();
  const first = scram.start();
  const serverFirst = other.onClientFirst('SCRAM-SHA-256', first);
  if (serverFirst instanceof AuthError) throw new Broken(serverFirst.reason);
  const final = await scram.onServerFirst(serverFirst);
  if (final instanceof AuthError) throw new Broken(final.reason);
  const accepted = other.onClientFinal(final);
  if (accepted instanceof AuthError) throw new Broken(accepted.reason);
  return { first, serverFirst, final, serverFinal: accepted.serverFinal };
}

const EXCHANGE = await exchange();

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** What is close to a proof is none: only the very bytes of the one who knows the password let him in. */
const scramServer: Target = {
  name: 'scram_server',
  errors: [],
  share: 30,
  bytesMax: 1_024,
  words: ['n,,', 'y,,', ',r=', ',p=', 'c=biws', '=', ',', 'A'],
  seeds: [inputOf(EXCHANGE.first, EXCHANGE.final)],
  run(input) {
    const pieces = new Pieces(input);
    const [first, final] = [pieces.piece(), pieces.piece()];
    const scram = new ScramServer({ verifier: VERIFIER, nonce: nonce(18) });
    scram.start();
    const answer = scram.onClientFirst('SCRAM-SHA-256', first);
    if (answer instanceof AuthError) return answer.reason.replace(/\d+|".*?"/g, '');
    const verdict = scram.onClientFinal(final);
    if (verdict instanceof AuthError) return verdict.reason.replace(/\d+|".*?"/g, '');
    const isOne = same(first, EXCHANGE.first) && same(final, EXCHANGE.final);
    must(isOne, 'a proof was taken that is not the one');
    return 'accepted';
  },
};

const scramClient: Target = {
  name: 'scram_client',
  errors: [],
  share: 12,
  bytesMax: 1_024,
  words: [',s=', ',i=1', 'r=', 'v=', '=', ',', 'A', 'e=', 'm='],
  seeds: [inputOf(EXCHANGE.serverFirst, EXCHANGE.serverFinal)],
  async run(input) {
    const pieces = new Pieces(input);
    const [first, final] = [pieces.piece(), pieces.piece()];
    const identity = { kind: 'password', secret: new Secret(PASSWORD) } as const;
    // With few iterations: what a server may ask for has its own limit, and costs what it costs.
    const options = { identity, nonce: nonce(18), cache: new ScramKeyCache(), iterationsMax: 9 };
    const scram = new ScramClient(options);
    scram.start();
    const answer = await scram.onServerFirst(first);
    if (answer instanceof AuthError) return answer.reason.replace(/\d+|".*?"/g, '');
    const failure = scram.onServerFinal(final);
    if (failure !== undefined) return failure.reason.replace(/\d+|".*?"/g, '');
    must(scram.finished, 'it is proved, and not finished');
    // Extensions behind the signature are allowed by RFC 5802, and say nothing.
    const [begins, signature] = [Buffer.from(final), Buffer.from(EXCHANGE.serverFinal)];
    must(begins.subarray(0, signature.length).equals(signature), 'a signature was taken that is not the one');
    must(same(first, EXCHANGE.serverFirst), 'a signature was taken that fits other messages');
    return 'accepted';
  },
};

const ITERATIONS = /i=\d{3,}/;

/** How the login ended, and what was told to the server on the way. */
async function loginWith(
  chunks: readonly Uint8Array[],
  mayTellPassword: boolean,
): Promise<readonly [string, Uint8Array]> {
  const connection = new FakeConnection();
  const abort = new AbortController();
  const options = {
    user: 'app',
    dbname: 'shop',
    secret: new Secret(PASSWORD),
    parameters: {},
    keys: new ScramKeyCache(),
    random: nonce,
  };
  const running = login(connection, { ...options, mayTellPassword }, abort.signal);
  const ended = running.then(
    ({ pid, parameters }: LoginResult) => `in ${pid !== 0} ${parameters.reported.size}`,
    (error: unknown) => {
      if (!AGENT_ERRORS.some((each) => error instanceof each)) throw error;
      must(connection.isClosed, 'a login failed and its connection stayed open');
      return (error as Error).message;
    },
  );
  ended.catch(() => {});
  for (const chunk of chunks) {
    connection.receive(chunk);
    // Proofs are made on another thread: each has its turn before the next chunk, or a cut would change what is said.
    if (chunk.includes(0x52)) await new Promise((go) => setImmediate(go));
  }
  abort.abort();
  return [await ended, connection.takeSent()];
}

const LOGIN_WORDS = [
  server.authentication(0),
  server.authentication(3),
  server.authentication(5, 'salt'),
  server.authentication(10, 'SCRAM-SHA-256\0\0'),
  server.authentication(10, 'SCRAM-SHA-256-PLUS\0\0'),
  server.authentication(11, EXCHANGE.serverFirst),
  server.authentication(12, EXCHANGE.serverFinal),
  server.authentication(7),
  server.ready(),
  server.parameterStatus('a', 'b'),
  server.backendKey(1, new Uint8Array(4)),
  server.backendKey(1, new Uint8Array(32)),
  server.errorResponse('no', 'FATAL', '28P01'),
  server.notice('so'),
  client.message('E', 'Mno\0\0'),
  client.message('v', Buffer.from([0, 3, 0, 0, 0, 0, 0, 0])),
];

const serverLogin: Target = {
  name: 'server_login',
  errors: [],
  share: 14,
  bytesMax: 2_048,
  words: [...LOGIN_WORDS, ',i=1', ',s=', 'r=', new Uint8Array([0, 0, 0, 4])],
  seeds: [
    Buffer.concat([inputOf(0, new Uint8Array()), SERVER_STREAM]),
    ...[3, 5, 10].map((code) =>
      Buffer.concat([inputOf(1, new Uint8Array([9])), ...LOGIN_WORDS.filter((_, index) => index !== code)]),
    ),
    Buffer.concat([
      inputOf(0, new Uint8Array()),
      ...[
        LOGIN_WORDS[3]!,
        LOGIN_WORDS[5]!,
        LOGIN_WORDS[6]!,
        LOGIN_WORDS[0]!,
        LOGIN_WORDS[10]!,
        LOGIN_WORDS[8]!,
      ],
    ]),
  ],
  async run(input) {
    const pieces = new Pieces(input);
    const mayTellPassword = pieces.choice(2) === 1;
    const cuts = pieces.piece();
    const stream = pieces.rest();
    // A hundred iterations and more are counted by the PBKDF2 of the library, and not by us.
    if (ITERATIONS.test(Buffer.from(stream).toString('latin1'))) return 'not tried';
    const [end, told] = await loginWith(cutUp(stream, cuts), mayTellPassword);
    const isTold = Buffer.from(told).includes(PASSWORD);
    must(!isTold || mayTellPassword, 'the password was told to a server that may not have it');
    return end.replace(/\d+|".*?"/g, '').slice(0, 80);
  },
};

const question: Target = {
  name: 'ask',
  errors: AGENT_ERRORS,
  share: 20,
  bytesMax: 2_048,
  words: [
    server.rowDescription('a'),
    server.dataRow('1'),
    server.dataRow(null),
    server.complete('SELECT 1'),
    server.ready(),
    server.errorResponse('no'),
    client.message('E', '\0'),
    new Uint8Array([0, 0, 0, 4]),
    new Uint8Array([127, 255, 255, 255]),
  ],
  seeds: [
    Buffer.concat([
      inputOf(new Uint8Array([7])),
      server.rowDescription('a'),
      server.dataRow('1'),
      server.complete('SELECT 1'),
      server.ready(),
    ]),
    Buffer.concat([inputOf(new Uint8Array()), server.errorResponse('no'), server.ready()]),
  ],
  async run(input) {
    const pieces = new Pieces(input);
    const cuts = pieces.piece();
    const connection = new FakeConnection();
    const abort = new AbortController();
    const answer = ask(connection, 'SELECT 1', abort.signal);
    for (const chunk of cutUp(pieces.rest(), cuts)) connection.receive(chunk);
    abort.abort();
    return `${(await answer).length}`;
  },
};

export const LOGIN_TARGETS: readonly Target[] = [
  clientLogin,
  scramServer,
  scramClient,
  serverLogin,
  question,
];
