// One simulated world: the agent's real rooms between simulated applications and a simulated PostgreSQL, driven by a seed.

import { makePeerMap } from '../../auth/peer.ts';
import { ScramKeyCache } from '../../auth/scram_client.ts';
import { InternalErrors } from '../../base/internal_errors.ts';
import type { Log, LogFields } from '../../base/log.ts';
import { RareLog } from '../../base/rare_log.ts';
import { Clients } from '../../client/clients.ts';
import type { ClientContext } from '../../client/context.ts';
import { shareDescriptors } from '../../client/descriptors.ts';
import { Greetings } from '../../client/greetings.ts';
import { Login } from '../../client/login.ts';
import { LoginDeadlines } from '../../client/login_deadlines.ts';
import { Peers } from '../../client/peers.ts';
import { endLateClients } from '../../client/timeouts.ts';
import type { PoolMode, Settings } from '../../config/settings.ts';
import { Suspension } from '../../daemon/suspension.ts';
import { Verbs } from '../../daemon/verbs.ts';
import { PoolRegistry } from '../../pool/registry.ts';
import { whyRemoved } from '../../pool/removed.ts';
import { EffectsReader } from '../../query/effects_reader.ts';
import type { DialTools } from '../../server/dial.ts';
import { NameCache } from '../../wire/name_cache.ts';
import { settle } from '../harness/fake_clock.ts';
import { UNTUNED } from '../harness/fake_network.ts';
import { ToyEffects } from '../harness/toy_effects.ts';
import { Books, RememberedStatements } from './books.ts';
import { Bounds } from './bounds.ts';
import type { ClientWorld } from './client_world.ts';
import { excuseFor, FAULT_ECHO_MS } from './excuses.ts';
import { Inspector } from './inspector.ts';
import { makeProof, type Proof } from './proofs.ts';
import { Random } from './random.ts';
import { linkOf, settingsFor } from './settings_model.ts';
import { SimClient } from './sim_client.ts';
import { type Peer, SimConnection } from './sim_connection.ts';
import { SimPostgres } from './sim_postgres.ts';
import { Timeline } from './timeline.ts';
import { chooseTrouble } from './trouble.ts';

const TICK_MS = 333;

/** The run has found something: why, in which world. */
export class Violation extends Error {}

export interface WorldOptions {
  /** Keeps every message that is said. */
  readonly isTracing?: boolean;
  /** Clients say also what the agent is known to answer otherwise: see known_problems.ts. */
  readonly isStrict?: boolean;
}

export class World implements ClientWorld {
  readonly seed: number;
  readonly random: Random;
  readonly timeline = new Timeline();
  readonly postgres: SimPostgres;
  readonly clients: SimClient[] = [];
  readonly registry: PoolRegistry;
  readonly context: ClientContext;
  readonly mode: PoolMode;
  readonly inspector: Inspector;
  readonly books: Books;
  readonly bounds = new Bounds();
  readonly suspension: Suspension;
  readonly verbs: Verbs;
  /** Databases, or all of it, that a PAUSE has emptied: until RESUME nothing is connected there. */
  readonly emptied = new Set<string | undefined>();
  /** When somebody was last killed. */
  killedAt = Number.NEGATIVE_INFINITY;
  settings: Settings;
  /** When limits were last changed, a database taken away, a pool paused: what may excuse an error. */
  changedAt = Number.NEGATIVE_INFINITY;
  isClosing = false;
  readonly isStrict: boolean;
  readonly isImpatient: boolean;
  readonly proof: Proof | undefined;
  /** When a server that had said FATAL while it was idle was last seen. */
  dyingAt = Number.NEGATIVE_INFINITY;
  /** When max_client_conn was last reached. */
  fullAt = Number.NEGATIVE_INFINITY;
  steps = 0;
  readonly lines: string[] = [];
  readonly #isTracing: boolean;
  readonly #size: number;
  #nextClient = 1;
  #isTicking = true;
  /** Promises of the world's own that are under way. */
  #awaited = 0;
  #failure: Error | undefined;
  #toCome: number;

  private constructor(
    seed: number,
    options: WorldOptions,
    proof: Proof | undefined,
    random: Random,
    context: Omit<
      ClientContext,
      'clock' | 'log' | 'internalErrors' | 'registry' | 'loginDeadlines' | 'rareLog' | 'tools' | 'random'
    >,
  ) {
    const { settings } = context;
    this.seed = seed;
    this.proof = proof;
    this.random = random;
    this.settings = settings;
    this.mode = settings.databases.shop!.poolMode;
    this.#isTracing = options.isTracing === true;
    this.isStrict = options.isStrict === true;
    this.#size = settings.databases.shop!.poolSize;
    this.#toCome = random.between(3, 12);
    this.isImpatient = random.chance(0.3);
    const { timeline } = this;
    const { clock } = timeline;
    const log = this.#log();
    const link = linkOf(random, false);
    this.postgres = new SimPostgres(timeline, random, () => link);
    this.postgres.proof = proof;
    this.postgres.trace = (line) => this.trace(line);
    const bytes = (count: number): Uint8Array => random.bytes(count);
    const tools: DialTools = {
      network: this.postgres,
      keys: proof?.keys ?? new ScramKeyCache(),
      random: bytes,
      readPem: () => '',
      policy: () => ({ protocols: 'secure', ciphers: '', tcp: UNTUNED }),
    };
    this.registry = new PoolRegistry({ settings, clock, log, tools, random: () => random.next() });
    this.context = {
      ...context,
      clock,
      log,
      internalErrors: new InternalErrors(clock, log),
      registry: this.registry,
      loginDeadlines: new LoginDeadlines(clock),
      rareLog: new RareLog(clock, log),
      tools,
      random: bytes,
    };
    const { context: own, registry } = this;
    this.suspension = new Suspension(own);
    this.verbs = new Verbs({ plane: { context: own, registry, suspension: this.suspension }, clock, log });
    this.inspector = new Inspector(this);
    this.books = new Books(this, context.statements as RememberedStatements);
    this.bounds.add(settings);
  }

  static async make(seed: number, options: WorldOptions = {}): Promise<World> {
    const random = new Random(seed);
    const proof = await makeProof(random);
    const isTrusting = random.chance(0.7);
    const settings = settingsFor(random, random.between(1, 4), isTrusting ? undefined : proof);
    return new World(seed, options, isTrusting ? undefined : proof, random, {
      settings,
      books: { common: proof.book, byDatabase: new Map() },
      peerMap: makePeerMap([]),
      tls: undefined,
      accepting: true,
      statements: new RememberedStatements(),
      effects: new ToyEffects(new EffectsReader()),
      statementNames: new NameCache(),
      clients: new Clients(),
      peers: new Peers(),
      greetings: new Greetings(),
      peerUser: () => undefined,
      peerUid: () => undefined,
      ownUid: () => 0,
      openConsole: ({ connection }) => connection.close(),
      descriptors: shareDescriptors(Number.POSITIVE_INFINITY, settings),
    });
  }

  /** From the first client to the last timer. Throws a Violation. */
  async run(stepsMax: number): Promise<void> {
    this.#tick();
    for (let i = this.random.between(2, 4); i > 0; i--) this.#newClient();
    this.#comeAndGo();
    while (this.steps < stepsMax && (this.#toCome > 0 || this.clients.some(({ phase }) => phase !== 'over')))
      await this.#step();
    await this.#close();
  }

  get version(): number {
    return this.postgres.version;
  }

  get mayPrepare(): boolean {
    return this.settings.max_prepared_statements > 0;
  }

  get hasFault(): boolean {
    return this.now - this.postgres.faultAt < FAULT_ECHO_MS;
  }

  get hasLentDying(): boolean {
    return this.now - this.dyingAt < 1_000;
  }

  hasServer(pid: number): boolean {
    for (const session of this.context.clients) if (session.pid === pid) return session.server !== undefined;
    return false;
  }

  get now(): number {
    return this.timeline.now;
  }

  after(delayMs: number, run: () => void): void {
    this.timeline.after(delayMs, run);
  }

  dial(peer: Peer, isSlow: boolean): SimConnection {
    const connection = new SimConnection(
      '192.0.2.7',
      peer,
      linkOf(this.random, isSlow),
      this.timeline,
      this.random,
    );
    this.suspension.onConnection(connection);
    new Login(connection, 'unix', this.context);
    return connection;
  }

  expect<T>(promise: Promise<T>, then: (value: T) => void): void {
    this.#awaited++;
    promise.then(
      (value) => {
        this.#awaited--;
        then(value);
      },
      (error: Error) => {
        this.#awaited--;
        this.#failure = error;
      },
    );
  }

  trace(line: () => string | readonly string[]): void {
    if (!this.#isTracing) return;
    for (const each of [line()].flat()) this.lines.push(`${this.now.toFixed(1).padStart(9)} ${each}`);
  }

  /** Found where nobody could catch it: told with the next step. */
  report(what: string): void {
    this.#failure ??= new Error(what);
  }

  violation(what: string): never {
    this.trace(() => `VIOLATION ${what}`);
    throw new Violation(`seed ${this.seed}, step ${this.steps}: ${what}`);
  }

  onEnded(client: SimClient, sqlstate: string, text: string): void {
    this.trace(() => `c${client.id} was ended: ${sqlstate} ${text}`);
    const refusal = excuseFor(this, client, sqlstate, text);
    if (refusal !== undefined)
      this.violation(`c${client.id} was ended with ${sqlstate} ${text}, and ${refusal}`);
  }

  onGone(client: SimClient): void {
    this.trace(() => `c${client.id} is gone`);
    if (!this.isClosing && this.#toCome > 0 && this.random.chance(0.7)) this.#newClient();
  }

  /** New settings, as a reload brings them. */
  apply(settings: Settings): void {
    this.changedAt = this.now;
    this.settings = settings;
    this.bounds.add(settings);
    this.context.settings = settings;
    this.registry.apply(settings);
    this.#letRemovedGo();
  }

  async #step(): Promise<boolean> {
    const wasHot = this.#isHot;
    if (!this.timeline.step()) return false;
    this.steps++;
    // Dialing and cancelling are the only things that await.
    if (wasHot || this.#isHot) await settle();
    if (this.#failure !== undefined) this.violation(this.#failure.message);
    this.inspector.inspect();
    this.books.inspect();
    return true;
  }

  get #isHot(): boolean {
    if (this.#awaited > 0) return true;
    for (const pool of this.registry) {
      if (pool.logins > 0 || pool.cancelingServers.length > 0) return true;
      for (const server of pool.activeServers) if (server.cancels > 0) return true;
    }
    return false;
  }

  #newClient(): void {
    this.#toCome--;
    const names = Object.keys(this.settings.databases);
    if (names.length === 0) return;
    const client = new SimClient(this.#nextClient++, this.random.pick(names), this.mode, this);
    this.clients.push(client);
  }

  #comeAndGo(): void {
    if (this.isClosing) return;
    this.timeline.after(this.random.below(300), () => {
      if (this.isClosing) return;
      if (this.#toCome > 0 && this.random.chance(0.3)) this.#newClient();
      chooseTrouble(this, this.#size);
      this.#comeAndGo();
    });
  }

  /** Everybody says goodbye, faults are mended, and nothing may be left. */
  async #close(): Promise<void> {
    this.isClosing = true;
    this.trace(() => 'closing');
    this.postgres.state = 'up';
    this.#letGo();
    const until = this.now + 120_000;
    while (this.clients.some(({ phase }) => phase !== 'over') && this.now < until) await this.#step();
    const left = this.clients.filter(({ phase }) => phase !== 'over');
    if (left.length > 0)
      this.violation(`${left.map((client) => `c${client.id}`).join()} did not come to an end`);
    for (const end = this.now + 30_000; this.now < end; ) await this.#step();
    await settle();
    this.inspector.inspectEnd();
    this.#isTicking = false;
    while (await this.#step());
    await settle();
    this.inspector.inspectTimers();
  }

  /** What the operator holds back. */
  #letGo(): void {
    const { holds } = this.registry;
    this.suspension.end();
    this.emptied.clear();
    holds.paused.clear();
    holds.disabled.clear();
    this.registry.resume();
  }

  #tick(): void {
    if (!this.#isTicking) return;
    this.timeline.after(TICK_MS, () => {
      this.#tick();
      if (this.suspension.isOn) return;
      this.registry.tick(this.now);
      endLateClients(this.context, this.now);
      this.#letRemovedGo();
      this.inspector.inspectWaits();
    });
  }

  /** As daemon/plane.ts. */
  #letRemovedGo(): void {
    for (const session of this.context.clients) {
      if (session.pool.removed && session.isQuiet) session.fail(whyRemoved(session.pool));
    }
  }

  #log(): Log {
    const note = (fields: LogFields, sentence: string): void => {
      if (sentence === 'the server ends a connection') this.dyingAt = this.now;
      this.trace(() => `      log: ${sentence} ${JSON.stringify(fields)}`);
    };
    return {
      debug: note,
      info: note,
      warn: note,
      error: (fields, sentence) => this.violation(`${sentence}: ${JSON.stringify(fields)}`),
    };
  }
}
