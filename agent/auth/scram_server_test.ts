// ScramServer and ScramClient against each other: every password gets in, every changed byte keeps out.

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Secret } from '../base/secret.ts';
import { AuthError } from './auth_error.ts';
import { encodeBase64 } from './base64.ts';
import type { ClientKey } from './client_key.ts';
import { type BindingFlag, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, toBytes } from './scram.ts';
import { ScramClient, ScramKeyCache } from './scram_client.ts';
import { deriveKeys } from './scram_keys.ts';
import { NONCE_BYTES, ScramServer, type ScramServerOptions } from './scram_server.ts';
import { makeVerifier, mockVerifier } from './scram_verifier.ts';

interface Talk {
  readonly options?: Partial<ScramServerOptions>;
  readonly binding?: BindingFlag;
  readonly clientEndPoint?: Uint8Array;
  /** Changes the nth message on its way: 0 client-first, 1 server-first, 2 client-final, 3 server-final. */
  readonly onTheWay?: (message: Uint8Array, index: number) => Uint8Array;
}

interface Outcome {
  /** The error of whoever gave up first, or undefined when both sides are content. */
  readonly error: AuthError | undefined;
  readonly clientKey?: ClientKey;
  readonly sizes: readonly number[];
}

const SECRET = new Secret(crypto.randomUUID());
const CACHE = new ScramKeyCache();
const VERIFIER = await makeVerifier(SECRET.open(), randomBytes(16), 4096);

async function talk(
  secret: Secret,
  { options, binding, clientEndPoint, onTheWay = (m) => m }: Talk = {},
): Promise<Outcome> {
  const server = new ScramServer({ verifier: VERIFIER, nonce: randomBytes(NONCE_BYTES), ...options });
  const client = new ScramClient({
    identity: { kind: 'password', secret },
    nonce: randomBytes(NONCE_BYTES),
    cache: CACHE,
    ...(binding === undefined ? {} : { binding }),
    ...(clientEndPoint === undefined ? {} : { endPoint: clientEndPoint }),
  });
  const sizes: number[] = [];
  function carry(message: Uint8Array): Uint8Array {
    sizes.push(message.length);
    return onTheWay(message, sizes.length - 1);
  }
  server.start();
  const serverFirst = server.onClientFirst(client.mechanism, carry(client.start()));
  if (serverFirst instanceof AuthError) return { error: serverFirst, sizes };
  const clientFinal = await client.onServerFirst(carry(serverFirst));
  if (clientFinal instanceof AuthError) return { error: clientFinal, sizes };
  const verdict = server.onClientFinal(carry(clientFinal));
  if (verdict instanceof AuthError) return { error: verdict, sizes };
  const error = client.onServerFinal(carry(verdict.serverFinal));
  expect(client.finished).toBe(error === undefined);
  return { error, clientKey: verdict.clientKey, sizes };
}

test('ScramServer lets in whoever has the password, whatever Unicode is in it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      async (password, salt) => {
        const verifier = await makeVerifier(password, salt, 3);
        expect((await talk(new Secret(password), { options: { verifier } })).error).toBeUndefined();
        const other = await talk(new Secret(`${password}x`), { options: { verifier } });
        expect(other.error?.reason).toBe('wrong password');
      },
    ),
  );
});

test('ScramServer lets nobody in when a byte of any message was changed on the way', async () => {
  const change = fc.record({ index: fc.nat(3), at: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(change, async ({ index, at, bits }) => {
      const { error } = await talk(SECRET, {
        onTheWay: (message, which) => {
          const copy = Uint8Array.from(message);
          if (which === index) copy[at % copy.length]! ^= bits;
          // A smaller count is honest work for another key; a larger one would only make the test slow.
          return which === 1 && index === 1 ? withIterationsIntact(message, copy) : copy;
        },
      });
      expect(error).toBeInstanceOf(AuthError);
    }),
    { numRuns: 600 },
  );
});

/** Undoes a change inside `i=4096` and makes one in the salt in its place. */
function withIterationsIntact(original: Uint8Array, changed: Uint8Array): Uint8Array {
  const text = Buffer.from(original).toString('latin1');
  const countAt = text.lastIndexOf('i=') + 2;
  if (original.every((byte, index) => index < countAt || byte === changed[index])) return changed;
  const saltAt = text.indexOf('s=') + 2;
  return toBytes(text.slice(0, saltAt) + (text[saltAt] === 'A' ? 'B' : 'A') + text.slice(saltAt + 1));
}

test('ScramServer recovers the client key, which is what a login elsewhere needs', async () => {
  const { clientKey } = await talk(SECRET);
  const keys = await deriveKeys(SECRET.open(), VERIFIER.salt, VERIFIER.iterations);
  expect(Buffer.from(clientKey!.open())).toEqual(Buffer.from(keys.clientKey));
});

test('ScramServer refuses a right proof when it was told to, after the same messages', async () => {
  const accepted = await talk(SECRET);
  const refusal = `user "${crypto.randomUUID()}" is not allowed`;
  const doomed = await talk(SECRET, { options: { refusal } });
  expect(doomed.error?.reason).toBe(refusal);
  expect(doomed.sizes).toEqual(accepted.sizes.slice(0, 3));
});

test('a mock exchange has messages of the same size as a real one with a wrong password', async () => {
  const wrong = await talk(new Secret('not it'));
  const mock = await talk(SECRET, { options: { verifier: mockVerifier(randomBytes(32), 'nobody', 4096) } });
  expect(mock.error).toEqual(wrong.error!);
  expect(mock.sizes).toEqual(wrong.sizes);
});

test('ScramServer binds to its certificate when the client does', async () => {
  const endPoint = randomBytes(32);
  const both = { options: { endPoint }, binding: 'tls-server-end-point' as const };
  expect((await talk(SECRET, { ...both, clientEndPoint: endPoint })).error).toBeUndefined();
  const between = await talk(SECRET, { ...both, clientEndPoint: randomBytes(32) });
  expect(between.error?.reason).toContain('somebody may stand between');
});

test('ScramServer refuses "you cannot bind" when it offered to, and binding when it did not', async () => {
  expect((await talk(SECRET, { binding: 'supported' })).error).toBeUndefined();
  const down = await talk(SECRET, { options: { endPoint: randomBytes(32) }, binding: 'supported' });
  expect(down.error?.reason).toContain('negotiated down');
  const unasked = await talk(SECRET, { binding: 'tls-server-end-point', clientEndPoint: randomBytes(32) });
  expect(unasked.error?.reason).toContain('not offered');
});

test('ScramServer.start() offers SCRAM-SHA-256-PLUS only with a certificate to bind to', () => {
  const options = { verifier: VERIFIER, nonce: randomBytes(NONCE_BYTES) };
  expect(new ScramServer(options).start()).toEqual([SCRAM_SHA_256]);
  const endPoint = randomBytes(32);
  expect(new ScramServer({ ...options, endPoint }).start()).toEqual([SCRAM_SHA_256_PLUS, SCRAM_SHA_256]);
});

test('ScramServer takes each message once and in its turn', async () => {
  const server = new ScramServer({ verifier: VERIFIER, nonce: randomBytes(NONCE_BYTES) });
  expect(server.onClientFirst(SCRAM_SHA_256, toBytes('n,,n=,r=abc'))).toBeInstanceOf(AuthError);
  server.start();
  expect(server.onClientFinal(toBytes(''))).toBeInstanceOf(AuthError);
  expect(server.onClientFirst(SCRAM_SHA_256, toBytes('n,,n=,r=abc'))).toBeInstanceOf(AuthError);
});

test('ScramServer gives an AuthError for any bytes and never throws', () => {
  const proof = encodeBase64(new Uint8Array(32));
  const final = fc.constantFrom('c=biws', 'r=', ',', 'p=', proof, 'c=', 'x=1', '\0').map(toBytes);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.array(final).map((parts) => Buffer.concat(parts)),
  );
  fc.assert(
    fc.property(bytes, bytes, (first, second) => {
      const server = new ScramServer({ verifier: VERIFIER, nonce: randomBytes(NONCE_BYTES) });
      server.start();
      server.onClientFirst(SCRAM_SHA_256, first);
      const again = new ScramServer({ verifier: VERIFIER, nonce: randomBytes(NONCE_BYTES) });
      again.start();
      again.onClientFirst(SCRAM_SHA_256, toBytes('n,,n=,r=abc'));
      expect(again.onClientFinal(second)).toBeInstanceOf(AuthError);
    }),
    { numRuns: 500 },
  );
});
