// How a client has to prove who he is: by auth_type, or by the line of the HBA file that fits him; and what his certificate adds.

import { type AuthType, asksForSecret } from '../auth/client_login.ts';
import { decideByHba, type HbaAsked } from '../auth/hba_match.ts';
import type { IdentMap } from '../auth/ident.ts';
import type { ErrorCode, ErrorDetails } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import { isCertificateOf } from './certificate_user.ts';

export interface Asked extends HbaAsked {
  /** Of the certificate that he showed, which the handshake has verified; undefined when he has none. */
  readonly subject: string | undefined;
}

export type WayIn =
  | { readonly kind: 'prove'; readonly authType: AuthType; readonly map: IdentMap | undefined }
  | {
      readonly kind: 'refused';
      readonly reply: ErrorCode;
      readonly reason: string;
      readonly details?: ErrorDetails;
    };

export function wayIn(settings: Settings, asked: Asked): WayIn {
  const { auth_type, client_tls_sslmode, hba } = settings;
  const verifiesFull = client_tls_sslmode === 'verify-full' && asked.transport !== 'unix';
  if (auth_type !== 'hba')
    return prove(auth_type, undefined, verifiesFull ? 'verify-full' : undefined, asked);
  // Without lines nobody comes in; a load with auth_type hba has some.
  const decision = decideByHba(hba?.rules ?? [], asked);
  if (decision.kind === 'refused') return decision;
  const { method, map, clientcert } = decision.rule;
  const known = map === undefined ? undefined : (hba?.maps[map] ?? []);
  return prove(method as AuthType, known, verifiesFull ? 'verify-full' : clientcert, asked);
}

/** Why a password is not taken although it is the right one; undefined where it is, and where nobody asks for it. */
export function expiryOf(
  settings: Settings,
  user: string,
  authType: AuthType,
  wallMs: number,
): string | undefined {
  const known = Object.hasOwn(settings.users, user) ? settings.users[user] : undefined;
  if (known?.validUntil === undefined || !asksForSecret(authType)) return undefined;
  return wallMs < Date.parse(known.validUntil)
    ? undefined
    : `its password was valid until ${known.validUntil}`;
}

/** A certificate that is the proof itself is looked at there, with the map that may belong to it. */
function prove(
  authType: AuthType,
  map: IdentMap | undefined,
  clientcert: 'verify-ca' | 'verify-full' | undefined,
  { subject, user }: Asked,
): WayIn {
  const way = { kind: 'prove', authType, map } as const;
  if (authType === 'cert' || clientcert === undefined) return way;
  if (clientcert === 'verify-ca' ? subject !== undefined : isCertificateOf(subject, user)) return way;
  const reason = `its certificate is for ${subject?.replaceAll('\n', ', ') ?? 'nobody'}`;
  return { kind: 'refused', reply: 'certificate_refused', reason };
}
