// Who comes to the door in the tests of logins: the first words, and an exchange of SCRAM up to the client's proof.

import { encodeInitialResponse } from '../auth/sasl_frames.ts';
import { ScramClient, ScramKeyCache } from '../auth/scram_client.ts';
import type { Secret } from '../base/secret.ts';
import type { Settings } from '../config/settings.ts';
import { message, split, startup } from '../tests/harness/client_words.ts';
import {
  type DataPlane,
  databaseOf,
  dataPlane,
  type FakeClient,
  settingsOf,
  userOf,
} from '../tests/harness/data_plane.ts';

export const HELLO = startup({ user: 'idp_app', database: 'idp' });

/** A plane with one user, whose secret this is. */
export function planeWithSecret(secret: Secret, more: Partial<Settings>): Promise<DataPlane> {
  return dataPlane(settingsOf([databaseOf()], [userOf({ secret })], { scram_iterations: 1, ...more }));
}

/**
 * From SASL's offer to the client's proof, which is still to be said.
 *
 * Gives the salt and the count of rounds that it was asked for, too, as they were written.
 *
 * @param endPoint hash of the certificate that the client was shown; then the login is bound to it.
 */
export async function scramUpToProof(
  client: FakeClient,
  secret: Secret,
  endPoint?: Uint8Array,
): Promise<{ proof: Uint8Array; exchange: ScramClient; challenge: string }> {
  const isBound = endPoint !== undefined;
  const exchange = new ScramClient({
    identity: { kind: 'password', secret },
    nonce: crypto.getRandomValues(new Uint8Array(18)),
    cache: new ScramKeyCache(),
    ...(isBound && { binding: 'tls-server-end-point', endPoint }),
  });
  client.connection.takeSent();
  const mechanism = isBound ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256';
  client.says(message('p', encodeInitialResponse(mechanism, exchange.start())));
  const { body } = split(client.connection.takeSent())[0]!;
  const final = await exchange.onServerFirst(body.subarray(4));
  if (!(final instanceof Uint8Array)) throw new Error(final.reason);
  const first = Buffer.from(body.subarray(4)).toString('utf8');
  return { proof: message('p', final), exchange, challenge: first.slice(first.indexOf(',s=') + 1) };
}
