// The simulated PostgreSQL: logins, backends that work at their own pace, row locks, cancel requests, crashes.

import type { Address, Connection, Network } from '../../net/connection.ts';
import { concat, int32At } from '../../wire/bytes.ts';
import * as say from '../harness/server_words.ts';
import { Backend, type BackendHost } from './backend.ts';
import { type Proof, ProvingServer } from './proofs.ts';
import type { Random } from './random.ts';
import { GONE, type Link, type Peer, SimConnection } from './sim_connection.ts';
import type { Timeline } from './timeline.ts';
import { traced } from './trace.ts';

/** PostgreSQL keeps what it says until it is asked to send it, or this much has come together. */
const OUT_BYTES_MAX = 8_192;
/** The simulated server's own lock_timeout, which also ends deadlocks. */
const LOCK_TIMEOUT_MS = 3_000;

/** A network whose every address is this server; what only TLS needs is not there. */
export class SimPostgres implements Network, BackendHost {
  readonly sessions = new Set<BackendSession>();
  /** `up`: lets in. `starting`: says 57P03. `down`: nobody listens. */
  state: 'up' | 'starting' | 'down' = 'up';
  /** Something went wrong with a server, or with the way to it: when last. */
  faultAt = Number.NEGATIVE_INFINITY;
  /** What a login has to prove; undefined: everybody is trusted. */
  proof: Proof | undefined;
  /** Who wants to know what is said. */
  trace: (line: () => string | readonly string[]) => void = () => {};
  maxConnections = Number.POSITIVE_INFINITY;
  version = 0;
  readonly knowsVersion = true;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly #link: () => Link;
  readonly #locks = new Map<string, Backend>();
  readonly #slept = new Map<Backend, string>();
  #pid = 100;

  constructor(timeline: Timeline, random: Random, link: () => Link) {
    this.timeline = timeline;
    this.random = random;
    this.#link = link;
  }

  connect(_address: Address, signal: AbortSignal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const timer = this.timeline.after(this.random.between(0, 3), () => {
        signal.removeEventListener('abort', giveUp);
        if (this.state === 'down') return reject(new Error('connection refused'));
        resolve(this.#accept());
      });
      const giveUp = (): void => {
        timer.clear();
        reject(new Error('gave up'));
      };
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  startTls(): Promise<Connection> {
    throw new Error('there is no TLS in the simulation');
  }

  forgetSessions(): void {}

  tuneTcp(): void {}

  acceptTls(): void {
    throw new Error('there is no TLS in the simulation');
  }

  /** Every connection breaks; nobody gets in until `restart()`. */
  crash(): void {
    this.faultAt = this.timeline.now;
    this.state = 'down';
    for (const session of [...this.sessions]) session.break('ECONNRESET');
    this.#locks.clear();
  }

  fault(): void {
    this.faultAt = this.timeline.now;
  }

  /** As a postmaster: the backend of that pid, if the key is right, is told to stop what it does. */
  cancel(pid: number, key: Uint8Array): void {
    for (const session of this.sessions) {
      if (session.pid === pid && Buffer.compare(session.key, key) === 0) session.cancel();
    }
  }

  forget(session: BackendSession): void {
    if (!this.sessions.delete(session)) return;
    if (session.backend !== undefined) this.onTransactionEnd(session.backend);
  }

  #accept(): Connection {
    const session = new BackendSession(this, ++this.#pid, this.#link());
    this.sessions.add(session);
    return session.connection;
  }

  // What backends ask of their host.

  isStale(parsedAt: number): boolean {
    return parsedAt !== this.version;
  }

  mayGo(backend: Backend, what: string): boolean {
    const [verb, word = ''] = what.split(' ');
    if (verb === 'lock') {
      const holder = this.#locks.get(word);
      if (holder !== undefined && holder !== backend) {
        if (this.#slept.get(backend) !== what) this.#wait(backend, what, LOCK_TIMEOUT_MS, 'lock_timeout');
        return false;
      }
      this.#slept.delete(backend);
      this.#locks.set(word, backend);
      return true;
    }
    if (this.#slept.get(backend) === `${what} done`) {
      this.#slept.delete(backend);
      return true;
    }
    if (this.#slept.get(backend) !== what) this.#wait(backend, what, Number(word), undefined);
    return false;
  }

  onTransactionEnd(backend: Backend): void {
    this.#slept.delete(backend);
    let freed = false;
    for (const [name, holder] of this.#locks) {
      if (holder !== backend) continue;
      this.#locks.delete(name);
      freed = true;
    }
    if (freed) for (const session of this.sessions) if (session.backend !== backend) session.pump();
  }

  #wait(backend: Backend, what: string, ms: number, end: 'lock_timeout' | undefined): void {
    this.#slept.set(backend, what);
    this.timeline.after(ms, () => {
      if (this.#slept.get(backend) !== what) return;
      if (end === undefined) this.#slept.set(backend, `${what} done`);
      else this.#slept.delete(backend);
      for (const session of this.sessions) if (session.backend === backend) session.pump(end);
    });
  }
}

/** One connection to it, from the startup packet on. */
export class BackendSession implements Peer {
  readonly connection: SimConnection;
  readonly pid: number;
  readonly key: Uint8Array;
  /** Once it is logged in. */
  backend: Backend | undefined;
  readonly #postgres: SimPostgres;
  #bytes: Uint8Array = new Uint8Array(0);
  #pumping = false;
  #interrupt: 'cancel' | 'lock_timeout' | undefined;
  #isGone = false;
  #asked: Record<string, string> | undefined;
  #proving: ProvingServer | undefined;

  constructor(postgres: SimPostgres, pid: number, link: Link) {
    this.#postgres = postgres;
    this.pid = pid;
    this.key = postgres.random.bytes(4);
    this.connection = new SimConnection('10.0.0.1:5432', this, link, postgres.timeline, postgres.random);
  }

  onBytes(chunk: Uint8Array): void {
    if (this.#isGone) return;
    if (this.backend === undefined) return this.#onStartupBytes(chunk);
    const messages = this.backend.feed(chunk);
    if (messages.length > 0) this.#postgres.trace(() => traced(`    p${this.pid}`, 'F', concat(messages)));
    this.pump();
  }

  onGone(): void {
    this.#end();
    this.connection.finish();
  }

  /** Dies without a word. */
  break(error: string): void {
    this.#end();
    this.connection.reset(error);
  }

  /** Dies, and the agent is not told: its connection is half-open. */
  vanish(): void {
    this.#end();
    this.connection.forget();
  }

  /** Is told to go: says so, then closes. */
  terminate(): void {
    if (this.#isGone) return;
    this.#end();
    this.connection.send(
      say.errorResponse('terminating connection due to administrator command', 'FATAL', '57P01'),
    );
    this.connection.finish();
  }

  cancel(): void {
    // Only what waits is slow enough to be hit.
    if (this.backend?.waitsFor !== undefined) this.pump('cancel');
  }

  pump(interrupt?: 'cancel' | 'lock_timeout'): void {
    if (interrupt !== undefined) this.#interrupt = interrupt;
    if (this.#pumping || this.#isGone || this.backend === undefined) return;
    this.#pumping = true;
    this.#postgres.timeline.after(this.#postgres.random.next(), () => {
      this.#pumping = false;
      if (!this.#isGone) this.#work();
    });
  }

  /** A few steps at a time, so that others come in between. */
  #work(): void {
    const backend = this.backend!;
    for (let steps = this.#postgres.random.between(1, 6); ; steps--) {
      // Whoever interrupts means what is waiting now.
      const interrupt = backend.waitsFor === undefined ? undefined : this.#interrupt;
      this.#interrupt = undefined;
      const result = backend.step(interrupt);
      if (result === 'did' && !backend.ended && steps > 0) continue;
      this.#flush();
      if (backend.ended) {
        this.#end();
        this.connection.finish();
      } else if (result === 'did') this.pump();
      return;
    }
  }

  #flush(): void {
    const backend = this.backend!;
    if (backend.out.length === 0) return;
    const size = backend.out.reduce((sum, { length }) => sum + length, 0);
    if (!backend.mustFlush && size < OUT_BYTES_MAX) return;
    backend.mustFlush = false;
    const out = concat(backend.out);
    backend.out = [];
    this.#postgres.trace(() => traced(`    p${this.pid}`, 'B', out));
    this.connection.send(out);
  }

  #onStartupBytes(chunk: Uint8Array): void {
    this.#bytes = concat([this.#bytes, chunk]);
    if (this.#asked !== undefined) return this.#onPassword();
    if (this.#bytes.length < 8 || this.#bytes.length < int32At(this.#bytes, 0)) return;
    const packet = this.#bytes;
    if (int32At(packet, 4) === 80_877_102) {
      // The answer is the end of the connection, and comes when the signal was sent.
      const key = packet.slice(12);
      const { random, timeline } = this.#postgres;
      timeline.after(random.below(random.chance(0.5) ? 100 : 5), () => {
        if (this.#isGone) return;
        this.#postgres.cancel(int32At(packet, 8), key);
        this.#end();
        this.connection.finish();
      });
      return;
    }
    this.#onStartup(packet);
  }

  #onStartup(packet: Uint8Array): void {
    const words = Buffer.from(packet.subarray(8)).toString('utf8').split('\0');
    const asked: Record<string, string> = {};
    for (let i = 0; i + 1 < words.length && words[i] !== ''; i += 2) asked[words[i]!] = words[i + 1]!;
    const { sessions, state, maxConnections, proof, random } = this.#postgres;
    const logins = [...sessions].filter(({ backend }) => backend !== undefined).length;
    if (state !== 'up') return this.#refuse('the database system is starting up', '57P03');
    if (logins >= maxConnections) return this.#refuse('sorry, too many clients already', '53300');
    this.#asked = asked;
    this.#bytes = new Uint8Array(0);
    if (proof === undefined) return this.#letIn();
    this.#proving = new ProvingServer(proof, random);
    this.connection.send(this.#proving.offer());
  }

  #onPassword(): void {
    const bytes = this.#bytes;
    if (bytes.length < 5 || bytes.length < 1 + int32At(bytes, 1)) return;
    this.#bytes = new Uint8Array(0);
    const answer = this.#proving!.answer(bytes.subarray(5));
    if (answer === undefined) return this.#refuse('password authentication failed', '28P01');
    this.connection.send(answer.bytes);
    if (answer.done) this.#letIn();
  }

  #letIn(): void {
    this.backend = new Backend(this.#postgres, this.#asked!);
    const parameters = [...this.backend.parameters.reported].map(([name, value]) =>
      say.parameterStatus(name, value),
    );
    this.connection.send(
      concat([say.authentication(0), ...parameters, say.backendKey(this.pid, this.key), say.ready()]),
    );
  }

  #refuse(text: string, sqlstate: string): void {
    this.#postgres.fault();
    this.connection.send(say.errorResponse(text, 'FATAL', sqlstate));
    this.#end();
    this.connection.finish();
  }

  #end(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.connection.remote = GONE;
    this.#postgres.forget(this);
  }
}
