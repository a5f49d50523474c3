// A tenant that works for the agent itself: nobody hears what the server says meanwhile, and nobody has to be told of its settings.

import type { Server } from './server.ts';
import type { ServerError, Tenant } from './tenant.ts';

export abstract class SilentTenant implements Tenant {
  /** Notices and the like; last words are told again to `onServerClose()`. */
  onReply(_server: Server, _bytes: Uint8Array): void {}

  onParameter(): boolean {
    return false;
  }

  onServerDrain(): void {}

  abstract onReady(server: Server): void;
  abstract onInjectedError(server: Server, error: ServerError): void;
  abstract onServerClose(server: Server, reason: string): void;
}
