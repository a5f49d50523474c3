// What a failed proof of identity is: a value with the true reason, never an exception and never the client's business.

/** `malformed` is a peer that does not speak the protocol; `refused` is one that speaks it and did not prove itself. */
export class AuthError {
  readonly kind: 'malformed' | 'refused';
  /** For the log only: a client learns no more than that its password was not accepted. Holds no secret. */
  readonly reason: string;

  constructor(kind: AuthError['kind'], reason: string) {
    this.kind = kind;
    this.reason = reason;
  }
}

export function malformed(reason: string): AuthError {
  return new AuthError('malformed', reason);
}

export function refused(reason: string): AuthError {
  return new AuthError('refused', reason);
}
