// One simulated application: says things at random, and holds every answer against what a PostgreSQL of its own would say.

import { concat, int32At } from '../../wire/bytes.ts';
import * as say from '../harness/client_words.ts';
import { serverWords } from '../harness/server_words.ts';
import { Backend, type Interrupt } from './backend.ts';
import type { ClientWorld } from './client_world.ts';
import { Alone, errorOf, fullOf, isCutInto, isFatal } from './heard.ts';
import { ProvingClient } from './proofs.ts';
import type { Random } from './random.ts';
import { PREPARED, type Speaker, statement, transaction, type Unit, work } from './script.ts';
import { SimCancels } from './sim_cancels.ts';
import type { Peer, SimConnection } from './sim_connection.ts';
import { traced, tracedStartup } from './trace.ts';

export class SimClient implements Peer, Speaker {
  readonly id: number;
  readonly database: string;
  readonly names: string[] = [];
  readonly single: boolean;
  readonly plain: boolean;
  reusesUnnamed = true;
  readonly random: Random;
  readonly connection: SimConnection;
  /** What it is to hear. */
  readonly model: Backend;
  phase: 'login' | 'session' | 'over' = 'login';
  /** It has gone by itself: what still comes is of no interest. */
  hasLeft = false;
  fatal: string | undefined;
  fatalAt = 0;
  pid = 0;
  key: Uint8Array = new Uint8Array(4);
  readonly #cancels = new SimCancels();
  progressAt: number;
  /** When it sent something last. */
  spokeAt: number;
  heard = 0;
  readonly #alone = new Alone();
  readonly #world: ClientWorld;
  #bytes: Uint8Array = new Uint8Array(0);
  #expected: Uint8Array[] = [];
  #todo: (readonly Uint8Array[])[] = [];
  #thinking = false;
  #serial = 0;
  /** What it says now must not be hit by a cancel: the model could not tell what came of it. */
  #fragile = false;
  readonly #proving: ProvingClient | undefined;
  readonly #greeted: string[] = [];

  get mayPrepare(): boolean {
    return this.#world.mayPrepare;
  }

  get isImpatient(): boolean {
    return this.#world.isImpatient;
  }

  get isStrict(): boolean {
    return this.#world.isStrict;
  }

  constructor(id: number, database: string, mode: string, world: ClientWorld) {
    this.id = id;
    this.database = database;
    this.single = mode === 'statement';
    this.#world = world;
    this.random = world.random;
    this.progressAt = world.now;
    this.spokeAt = world.now;
    const { random } = this;
    const asked: Record<string, string> = {};
    if (random.chance(0.4)) asked.application_name = random.pick(['one', 'two', `own ${id}`]);
    if (random.chance(0.2)) asked.timezone = random.pick(['Europe/Vienna', 'Asia/Tokyo']);
    if (random.chance(0.2)) asked.search_path = random.pick(['audit', 'public']);
    if (random.chance(0.1)) asked.statement_timeout = '9000';
    this.plain = Object.keys(asked).length === 0;
    this.model = new Backend(this.#alone, asked);
    if (world.proof !== undefined) this.#proving = new ProvingClient(world.proof, random);
    this.connection = world.dial(this, random.chance(0.15));
    world.trace(() => tracedStartup(`c${id}`, { user: 'app', database, ...asked }));
    this.connection.send(say.startup({ user: 'app', database, ...asked }));
  }

  tag(): string {
    return `c${this.id}.${++this.#serial}`;
  }

  get isLoggedIn(): boolean {
    return this.phase === 'session' && !this.hasLeft;
  }

  /** Everything it asked was answered. */
  get isAnswered(): boolean {
    return this.model.owesNothing && this.#expected.length === 0;
  }

  /** Answered, and at the beginning of something new. */
  get isIdle(): boolean {
    return this.isLoggedIn && this.isAnswered && this.model.isQuiet && !this.model.isSkipping;
  }

  get waitsForAnswer(): boolean {
    return this.isLoggedIn && !this.isAnswered;
  }

  // What it hears.

  onBytes(chunk: Uint8Array): void {
    const all = this.#bytes.length === 0 ? chunk : concat([this.#bytes, chunk]);
    let at = 0;
    while (all.length - at >= 5) {
      const end = at + 1 + int32At(all, at + 1);
      if (end > all.length) break;
      this.#onMessage(all.subarray(at, end));
      at = end;
    }
    this.#bytes = all.subarray(at);
    if (this.phase === 'session') this.#goOn();
  }

  onGone(): void {
    if (this.phase === 'over') return;
    const { hasLeft, fatal } = this;
    this.phase = 'over';
    // Who reads so slowly is cut off.
    const wasCut = hasLeft || this.connection.wasCut;
    // Where the server's message broke off nothing can be said any more.
    const isTorn = this.#bytes.length > 0 && !Buffer.from(this.#bytes).includes('VFATAL');
    const isCut = wasCut || (isTorn && (this.#world.hasFault || this.#world.bounds.endsLate));
    if (!isCut && Buffer.from(this.#bytes).includes('VFATAL'))
      this.#world.violation(`c${this.id} heard a FATAL in the middle of another message`);
    if (!isCut && fatal === undefined)
      this.#world.violation(
        this.#world.hasLentDying
          ? `c${this.id} was closed without a word: its server had said FATAL before it was lent`
          : `c${this.id} was closed without a word; it waited for ${this.#nextWords()}`,
      );
    if (!isCut && this.#bytes.length > 0)
      this.#world.violation(`c${this.id} was closed in the middle of a message`);
    this.#world.onGone(this);
  }

  #onMessage(bytes: Uint8Array): void {
    this.heard++;
    this.#world.trace(() => traced(`c${this.id}`, 'B', bytes));
    if (this.hasLeft) return;
    const kind = String.fromCharCode(bytes[0]!);
    if (kind === 'E' && isFatal(bytes)) {
      const [sqlstate = '', text = ''] = errorOf(bytes);
      this.fatal = `${sqlstate} ${text}`;
      this.fatalAt = this.#world.now;
      this.#world.onEnded(this, sqlstate, text);
      return;
    }
    if (this.phase === 'session') this.progressAt = this.#world.now;
    if (this.fatal !== undefined)
      this.#world.violation(`c${this.id} heard ${serverWords(bytes).join()} behind ${this.fatal}`);
    if (this.phase === 'login') this.#onGreeting(kind, bytes);
    else this.#check(bytes);
  }

  #onGreeting(kind: string, bytes: Uint8Array): void {
    if (kind === 'R' && this.#proving !== undefined) {
      this.#world.expect(this.#proving.answer(int32At(bytes, 5), bytes.slice(9)), (answer) => {
        if (answer !== undefined && !this.hasLeft) this.connection.send(answer);
      });
    }
    if (kind === 'S') this.#greeted.push(serverWords(bytes).join());
    if (kind === 'K') {
      this.pid = int32At(bytes, 5);
      this.key = bytes.slice(9);
    }
    if (kind !== 'Z') return;
    const told = [...this.model.parameters.reported].map(([name, value]) => `Parameter ${name}=${value}`);
    if (told.join() !== this.#greeted.join())
      this.#world.violation(`c${this.id} was greeted with ${this.#greeted.join()} instead of ${told.join()}`);
    this.phase = 'session';
    this.#prepare();
  }

  /** Exactly what a PostgreSQL of its own would say next. */
  #check(bytes: Uint8Array): void {
    if (this.#isToldToWait(bytes)) return;
    if (!this.#alone.hear(bytes, this.#world.version))
      this.#world.violation(`c${this.id} heard of columns that never were: ${serverWords(bytes).join()}`);
    this.model.refusal = this.#refusalOf(bytes);
    const interrupt = this.#interruptOf(bytes);
    if (this.#expected.length === 0) this.#step(interrupt);
    const next = this.#expected[0];
    if (next === undefined)
      this.#world.violation(`c${this.id} heard ${serverWords(bytes).join()} although nothing was due`);
    if (Buffer.compare(next, bytes) !== 0 && !this.#alone.mayDescribe(next)) {
      if (isCutInto(next, bytes))
        this.#world.violation(`c${this.id} heard a FATAL in the middle of another message`);
      this.#world.violation(
        `c${this.id} heard ${serverWords(bytes).join()} instead of ${serverWords(next).join()}`,
      );
    }
    this.#expected.shift();
    this.#settleSilence();
  }

  /** query_wait_notify: a notice that no server has said. */
  #isToldToWait(bytes: Uint8Array): boolean {
    if (bytes[0] !== 0x4e || !errorOf(bytes)[1]!.startsWith('No server connection available')) return false;
    if (this.#world.now - this.spokeAt < this.#world.bounds.msOf('query_wait_notify') || this.isAnswered)
      this.#world.violation(`c${this.id} was told to wait, and had no reason to`);
    return true;
  }

  /** prepared_statements_memory is full: what the agent says instead of its server. */
  #refusalOf(bytes: Uint8Array): readonly [string, string] | undefined {
    const refusal = fullOf(bytes);
    if (refusal === undefined) return undefined;
    if (refusal.taken <= refusal.limit || !this.#world.bounds.memories.has(refusal.max))
      this.#world.violation(`c${this.id} may have no more statements: ${refusal.error[1]}`);
    return refusal.error;
  }

  #step(interrupt: Interrupt | undefined): void {
    // Up to the next thing that says something.
    for (let turns = 0; this.model.out.length === 0 && turns < 10_000; turns++) {
      const silent = this.model.nextIsSilent;
      if (this.model.step(silent ? undefined : interrupt) === 'idle') break;
    }
    this.#expected.push(...this.model.out);
    this.model.out = [];
    if (interrupt === 'cancel') this.#cancels.onHit();
  }

  #settleSilence(): void {
    while (this.#expected.length === 0 && this.model.nextIsSilent) this.model.step();
  }

  /** Something from outside may have come in between: only when somebody did something for that. */
  #interruptOf(bytes: Uint8Array): Interrupt | undefined {
    if (bytes[0] !== 0x45 || this.#expected.length > 0) return undefined;
    const [sqlstate, text = ''] = errorOf(bytes);
    if (sqlstate === '57014' && text.startsWith('canceling') && this.#cancels.mayHit(this.#world.now))
      return 'cancel';
    return sqlstate === '55P03' ? 'lock_timeout' : undefined;
  }

  #nextWords(): string {
    return this.#expected[0] === undefined ? 'nothing' : serverWords(this.#expected[0]).join();
  }

  // What it says.

  #prepare(): void {
    this.#fragile = true;
    if (!this.#world.mayPrepare) return this.#goOn();
    for (let i = this.random.below(4); i > 0; i--) {
      const name = `s${i}`;
      this.names.push(name);
      this.#todo.push([say.parse(name, this.random.pick(PREPARED)), say.sync]);
    }
    this.#goOn();
  }

  /** The next thing, when it has thought about it. */
  #goOn(): void {
    if (this.#thinking || this.phase !== 'session' || this.hasLeft || this.fatal !== undefined) return;
    if (!this.isAnswered) return;
    this.#thinking = true;
    const pauseMs = this.random.chance(0.1) ? this.random.below(400) : this.random.below(20);
    this.#world.after(pauseMs, () => {
      this.#thinking = false;
      if (this.phase === 'session' && !this.hasLeft && this.fatal === undefined) this.#sayNext();
    });
  }

  #sayNext(): void {
    if (this.#todo.length === 0) {
      this.#fragile = false;
      if (this.#world.isClosing) return this.#sayLast();
      this.#todo.push(...this.#choose());
    }
    const messages = this.#todo.shift()!;
    if (messages.length > 0) this.#send(messages);
    this.#goOn();
  }

  #choose(): Unit {
    const { random, model } = this;
    if (model.status !== 'I') {
      if (random.chance(0.4)) return [[say.query(random.chance(0.7) ? 'commit' : 'rollback')]];
      return work(this);
    }
    if (!this.single && random.chance(0.35)) return transaction(this);
    if (this.names.length > 0 && random.chance(0.05)) return this.#prepareAnew();
    return work(this);
  }

  #prepareAnew(): Unit {
    this.#fragile = true;
    const name = this.random.pick(this.names);
    const text = this.random.pick(PREPARED);
    return [
      [say.close('S', name), say.parse(name, text), say.sync],
      [say.bind(name, '', [this.tag()]), say.execute(), say.sync],
    ];
  }

  #sayLast(): void {
    if (this.model.status !== 'I') {
      this.#send([say.query('rollback')]);
      return this.#goOn();
    }
    this.leave('goodbye');
  }

  #send(messages: readonly Uint8Array[]): void {
    const bytes = concat(messages);
    this.#world.trace(() => traced(`c${this.id}`, 'F', bytes));
    this.progressAt = this.#world.now;
    this.spokeAt = this.#world.now;
    if (!this.#world.hasServer(this.pid)) this.#cancels.dropSeen();
    this.model.feed(bytes);
    this.#settleSilence();
    this.connection.send(bytes);
    // What waits is what can be hit.
    const waits = /lock|sleep/.test(Buffer.from(bytes).toString('latin1'));
    const often = this.isImpatient ? 3 : 1;
    if (this.random.chance(often * (waits ? 0.2 : 0.04)))
      this.#world.after(this.random.below(60), () => this.cancel());
  }

  /** Asks the agent to stop what it does for this client. */
  cancel(): void {
    if (!this.isLoggedIn || this.#fragile) return;
    const cancel = this.#cancels.send(this.#world.now);
    this.#world.trace(() => `c${this.id}\tF\t16\tCancelRequest\t NNNN NNNN`);
    const onGone = (): void => {
      cancel.isSeen = true;
      connection.finish();
    };
    const connection = this.#world.dial({ onBytes() {}, onGone }, false);
    connection.send(say.cancelRequest(this.pid, this.key));
  }

  leave(how: 'goodbye' | 'vanish' | 'reset' | 'freeze' | 'forget' | 'cut'): void {
    if (this.hasLeft || this.phase === 'over') return;
    this.hasLeft = true;
    this.#world.trace(() => `c${this.id} leaves: ${how}`);
    switch (how) {
      case 'goodbye':
        if (this.phase === 'session') this.connection.send(say.terminate);
        return this.connection.finish();
      case 'cut': {
        // In the middle of a message.
        const bytes = say.query(`${statement(this)} and some more`);
        this.connection.send(bytes.subarray(0, this.random.between(1, bytes.length - 1)));
        return this.connection.finish();
      }
      case 'vanish':
        return this.connection.finish();
      case 'reset':
        this.connection.reset();
        return this.onGone();
      case 'freeze':
      case 'forget':
        if (how === 'freeze') this.connection.isFrozen = true;
        else this.connection.forget();
        // Keepalive finds out.
        this.#world.after(this.random.between(1_000, 20_000), () => {
          this.connection.reset('ETIMEDOUT');
          this.onGone();
        });
    }
  }
}
