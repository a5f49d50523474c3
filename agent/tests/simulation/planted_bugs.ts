// Bugs, each planted into the agent's own classes for as long as a test wants: the simulation has to find every one.

import { PreparedStatements } from '../../client/prepared.ts';
import { Session } from '../../client/session.ts';
import { SessionState } from '../../client/session_state.ts';
import { UnnamedStatement } from '../../client/unnamed_statement.ts';
import { Holds } from '../../pool/holds.ts';
import { Pool } from '../../pool/pool.ts';
import type { Waiter } from '../../pool/pool_figures.ts';
import type { Server } from '../../server/server.ts';
import { ClientStatements, TAKE } from '../../state/client_statements.ts';
import { Expected } from '../../state/expected.ts';
import { ServerStatements } from '../../state/server_statements.ts';
import { Framer } from '../../wire/frame.ts';
import * as type from '../../wire/types.ts';

export interface PlantedBug {
  readonly name: string;
  /** Plants it; gives what takes it out again. */
  plant(): () => void;
}

/** Puts something in place of a method; gives what puts it back. */
function replace<T extends object, K extends keyof T>(
  owner: T,
  name: K,
  wrap: (original: T[K]) => T[K],
): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name)!;
  Object.defineProperty(owner, name, { ...before, value: wrap(owner[name]) });
  return () => void Object.defineProperty(owner, name, before);
}

/** True for every `count`-th call: a bug that is always there is found by any test. */
function sometimes(count: number): () => boolean {
  let calls = 0;
  return () => ++calls % count === 0;
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  { name: 'a server is released before its ReadyForQuery', plant: releaseEarly },
  { name: 'a parameter is not synchronized', plant: forgetParameters },
  { name: 'an expected entry is dropped', plant: dropExpected },
  { name: 'a server is lent twice', plant: lendTwice },
  { name: 'a cancel request may reach the next query', plant: lendWhileCanceling },
  { name: 'an error does not skip to Sync', plant: forgetSkipping },
  { name: 'the end of a connection is not passed on', plant: swallowClose },
  { name: 'a waiter is forgotten', plant: forgetWaiter },
  { name: 'a statement is bound on a server that does not have it', plant: assumeStatement },
  { name: 'the middle of a message is taken for its end', plant: forgetBoundary },
  { name: 'a name is booked when its Parse is seen, not when it is answered', plant: bookEarly },
  { name: 'a statement without a name of another client is not closed', plant: leaveUnnamed },
  { name: 'a Parse is answered by the agent in a failed transaction', plant: answerInFailed },
  { name: 'a paused pool lends a server that comes free', plant: lendWhilePaused },
  { name: 'PAUSE says that it is done while a server is left', plant: pauseTooEarly },
  { name: 'DEALLOCATE by SQL does not free the client’s name', plant: keepNames },
  { name: 'a client that holds a lock gives its server back', plant: forgetPin },
  { name: 'a client that holds no lock any more keeps its server', plant: keepPin },
];

function releaseEarly(): () => void {
  const isNow = sometimes(40);
  return replace(
    Session.prototype,
    'onReply',
    (original) =>
      function onReply(this: Session, server: Server, bytes: Uint8Array): void {
        original.call(this, server, bytes);
        if (this.server !== server || server.expected.isEmpty || this.pool.mode !== 'transaction' || !isNow())
          return;
        this.server = undefined;
        this.pool.release(server);
      },
  );
}

function lendWhilePaused(): () => void {
  const isNow = sometimes(2);
  return replace(
    Pool.prototype,
    'giveBack',
    (original) =>
      function giveBack(this: Pool, ...values: Parameters<Pool['giveBack']>): void {
        if (!this.paused || !isNow()) return original.apply(this, values);
        this.paused = false;
        original.apply(this, values);
        this.paused = true;
      },
  );
}

function pauseTooEarly(): () => void {
  const isNow = sometimes(3);
  return replace(
    Holds.prototype,
    'wait',
    (original) =>
      function wait(this: Holds, isOver: () => boolean): Promise<void> {
        return isNow() ? Promise.resolve() : original.call(this, isOver);
      },
  );
}

function forgetParameters(): () => void {
  const isNow = sometimes(5);
  return replace(
    Session.prototype,
    'onLease',
    (original) =>
      function onLease(this: Session, server: Server): void {
        if (isNow()) server.parameters = this.parameters.current;
        original.call(this, server);
      },
  );
}

function dropExpected(): () => void {
  const isNow = sometimes(300);
  return replace(
    Expected.prototype,
    'push',
    (original) =>
      function push(this: Expected, ...values: Parameters<Expected['push']>): void {
        if (!isNow()) original.apply(this, values);
      },
  );
}

function lendTwice(): () => void {
  const isNow = sometimes(10);
  return replace(
    Pool.prototype,
    'release',
    (original) =>
      function release(this: Pool, server: Server): void {
        original.call(this, server);
        const second = this.waiters.first;
        if (second === undefined || server.list !== this.activeServers || !isNow()) return;
        this.leave(second);
        second.onLease(server);
      },
  );
}

function lendWhileCanceling(): () => void {
  const undo = replace(
    Pool.prototype,
    'onCancelDone',
    (original) =>
      function onCancelDone(this: Pool, server: Server): void {
        if (server.cancels > 0) original.call(this, server);
      },
  );
  const undoToo = replace(
    Pool.prototype,
    'release',
    (original) =>
      function release(this: Pool, server: Server): void {
        server.cancels = 0;
        original.call(this, server);
      },
  );
  return () => {
    undoToo();
    undo();
  };
}

/** Only the entry that failed is taken off, not those behind it. */
function forgetSkipping(): () => void {
  return replace(
    Expected.prototype,
    'onReply',
    (original) =>
      function onReply(this: Expected, kind: number): ReturnType<Expected['onReply']> {
        if (kind !== 0x45 || this.length < 2) return original.call(this, kind);
        const { length } = this;
        for (const answer of [0x31, 0x32, 0x33, 0x6e, 0x43]) {
          try {
            const verdict = original.call(this, answer);
            if (this.length < length) return verdict;
          } catch {
            // It was waiting for something else.
          }
        }
        return original.call(this, kind);
      },
  );
}

function swallowClose(): () => void {
  const isNow = sometimes(5);
  return replace(
    Session.prototype,
    'onClose',
    (original) =>
      function onClose(this: Session, ...values: Parameters<Session['onClose']>): void {
        if (!isNow()) original.apply(this, values);
      },
  );
}

function forgetWaiter(): () => void {
  const isNow = sometimes(60);
  return replace(
    Pool.prototype,
    'request',
    (original) =>
      function request(this: Pool, waiter: Waiter): void {
        original.call(this, waiter);
        if (waiter.list !== undefined && isNow()) this.leave(waiter);
      },
  );
}

function assumeStatement(): () => void {
  const isNow = sometimes(20);
  return replace(
    ServerStatements.prototype,
    'has',
    (original) =>
      function has(this: ServerStatements, ...values: Parameters<ServerStatements['has']>): boolean {
        return original.apply(this, values) || isNow();
      },
  );
}

function forgetBoundary(): () => void {
  const before = Object.getOwnPropertyDescriptor(Framer.prototype, 'inMessage')!;
  Object.defineProperty(Framer.prototype, 'inMessage', { ...before, get: () => false });
  return () => void Object.defineProperty(Framer.prototype, 'inMessage', before);
}

/** One whose Parse was refused, or passed over, is there all the same. */
function bookEarly(): () => void {
  return replace(
    ClientStatements.prototype,
    'onUndone',
    (original) =>
      function onUndone(this: ClientStatements, ...values: Parameters<ClientStatements['onUndone']>): void {
        const [mention] = values;
        if (mention.effect === TAKE && mention.name !== '') this.onDone(mention, false);
        else original.apply(this, values);
      },
  );
}

function leaveUnnamed(): () => void {
  return replace(
    UnnamedStatement.prototype,
    'onFirst',
    () =>
      function onFirst(this: UnnamedStatement, _framer: Framer, server: Server): void {
        if (server.unnamedOf === this.owner) return;
        server.unnamedOf = undefined;
        server.unnamed = undefined;
      },
  );
}

function answerInFailed(): () => void {
  return replace(
    PreparedStatements.prototype,
    'take',
    (original) =>
      function take(this: PreparedStatements, ...values: Parameters<PreparedStatements['take']>): number {
        const [, server] = values;
        const { status } = server;
        if (status === type.IN_FAILED_TRANSACTION) server.status = type.IN_TRANSACTION;
        const verdict = original.apply(this, values);
        server.status = status;
        return verdict;
      },
  );
}

function keepNames(): () => void {
  return replace(
    ClientStatements.prototype,
    'onDeallocated',
    () =>
      function onDeallocated(): void {
        // The server has freed it; the agent has not.
      },
  );
}

function forgetPin(): () => void {
  const isNow = sometimes(5);
  return replace(
    SessionState.prototype,
    'onReady',
    (original) =>
      function onReady(this: SessionState, server: Server): boolean {
        const isAsked = original.call(this, server);
        if (!isAsked && isNow()) for (const pin of [...this.pins]) this.unpin(pin);
        return isAsked;
      },
  );
}

function keepPin(): () => void {
  return replace(
    SessionState.prototype,
    'unpin',
    () =>
      function unpin(): void {
        // It is kept.
      },
  );
}
