// An honest client, played through a ClientLogin to its end.

import { expect } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { Secret } from '../base/secret.ts';
import {
  AUTH_CLEARTEXT_PASSWORD,
  AUTH_MD5_PASSWORD,
  AUTH_SASL,
  AUTH_SASL_CONTINUE,
  type ClientLogin,
  type LoginStep,
} from './client_login.ts';
import { md5Answer, storedMd5 } from './md5.ts';
import { encodeInitialResponse, parseMechanisms } from './sasl_frames.ts';
import { ScramClient, ScramKeyCache } from './scram_client.ts';
import { NONCE_BYTES } from './scram_server.ts';

/** Plays an honest client to the end. Gives the last step, and everything that the client saw on its way. */
export async function play(
  login: ClientLogin,
  user: string,
  password: string,
): Promise<{ last: LoginStep; seen: string[] }> {
  const seen: string[] = [];
  const identity = { kind: 'password', secret: new Secret(password) } as const;
  const scram = new ScramClient({ identity, nonce: randomBytes(NONCE_BYTES), cache: new ScramKeyCache() });
  let step = login.start();
  while (step.kind === 'send' || step.kind === 'later') {
    if (step.kind === 'later') {
      seen.push('later');
      step = await step.step;
      continue;
    }
    const { code, payload } = step.request;
    seen.push(`${code}:${payload.length}`);
    if (code === AUTH_CLEARTEXT_PASSWORD) step = login.onPassword(Buffer.from(`${password}\0`));
    else if (code === AUTH_MD5_PASSWORD) {
      step = login.onPassword(Buffer.from(`${md5Answer(storedMd5(password, user), payload)}\0`));
    } else if (code === AUTH_SASL) {
      expect(parseMechanisms(payload)).toContain(scram.mechanism);
      step = login.onPassword(encodeInitialResponse(scram.mechanism, scram.start()));
    } else {
      expect(code).toBe(AUTH_SASL_CONTINUE);
      step = login.onPassword((await scram.onServerFirst(payload)) as Uint8Array);
    }
  }
  if (step.kind === 'ok' && step.requests.length === 2) {
    expect(scram.onServerFinal(step.requests[0]!.payload)).toBeUndefined();
  }
  seen.push(step.kind === 'failed' ? step.reply : step.kind);
  return { last: step, seen };
}
