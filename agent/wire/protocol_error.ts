// The one error that decoders throw: the other side does not speak the protocol.

/** Ends the connection that it came from with SQLSTATE 08P01, and nothing else. */
export class ProtocolError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ProtocolError';
  }
}
