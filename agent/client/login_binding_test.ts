// Offering channel binding to clients: over TLS, of the certificate that they were shown, and nowhere else.

import { expect, test } from 'bun:test';
import { Secret } from '../base/secret.ts';
import { split, sslRequest } from '../tests/harness/client_words.ts';
import type { DataPlane, FakeClient } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { TLS } from '../tests/harness/fake_network.ts';
import { HELLO, planeWithSecret, scramUpToProof } from './login_fixture.ts';

const OURS = new Uint8Array(32).fill(1);
const OTHERS = new Uint8Array(32).fill(2);
const SECRET = new Secret(crypto.randomUUID());

async function plane(endPoint: Uint8Array | undefined): Promise<DataPlane> {
  const settings = { auth_type: 'scram-sha-256', client_tls_sslmode: 'prefer' } as const;
  const made = await planeWithSecret(SECRET, { ...settings, client_login_failure_delay: 0 });
  const files = { cert: 'c', key: 'k', ca: undefined, protocols: 'secure', ciphers: '' } as const;
  made.context.tls = { ...files, alpn: 'postgresql', endPoint };
  return made;
}

function byTls(made: DataPlane): FakeClient {
  const client = made.accept('tcp');
  client.says(sslRequest);
  client.connection.takeSent();
  client.connection.tls = TLS;
  made.network.acceptDone!(undefined);
  client.says(HELLO);
  return client;
}

function offered(client: FakeClient): string[] {
  const { body } = split(client.connection.takeSent())[0]!;
  return body.toString('latin1', 4).split('\0').filter(Boolean);
}

/** The last word after a whole exchange, bound to the certificate with this hash. */
async function boundTo(client: FakeClient, endPoint: Uint8Array): Promise<string | undefined> {
  const { proof } = await scramUpToProof(client, SECRET, endPoint);
  client.says(proof);
  await settle();
  return client.heard().at(-1);
}

test('Login offers SCRAM-SHA-256-PLUS over TLS alone, and where its certificate has a hash', async () => {
  expect(offered(byTls(await plane(OURS)))).toEqual(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']);
  expect(offered(byTls(await plane(undefined)))).toEqual(['SCRAM-SHA-256']);
  for (const transport of ['unix', 'tcp'] as const) {
    const client = (await plane(OURS)).accept(transport);
    client.says(HELLO);
    expect(offered(client)).toEqual(['SCRAM-SHA-256']);
  }
});

test('Login lets in who bound to our certificate, and not who bound to another', async () => {
  const made = await plane(OURS);
  expect(await boundTo(byTls(made), OURS)).toBe('Ready I');
  const client = byTls(made);
  await boundTo(client, OTHERS);
  made.clock.advance(1);
  await settle();
  expect([client.connection.isEnded, made.context.clients.loginSuccesses]).toEqual([true, 1]);
  expect(made.log.fields).toContainEqual(
    expect.objectContaining({
      reason: expect.stringContaining('somebody may stand between the client and us'),
    }),
  );
});

test('Login binds to the certificate that was shown, though a reload brings another meanwhile', async () => {
  const made = await plane(OURS);
  const client = byTls(made);
  made.context.tls = { ...made.context.tls!, endPoint: OTHERS };
  expect(await boundTo(client, OURS)).toBe('Ready I');
});
