// Where a script is played: clients of one pooler, and everything that they say and hear, written down line by line.

import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { encodeLine } from '../conversations/message_words.ts';
import { messageName, traceLine } from '../conversations/trace.ts';
import { type Answer, ConnectionLost } from '../harness/answers.ts';
import type { IssuedCertificate } from '../harness/certificates.ts';
import { cancelRequest, message, sslRequest, startup, terminate } from '../harness/client_words.ts';
import { RawClient } from '../harness/raw_client.ts';
import { rowWords } from '../harness/server_words.ts';
import type { Pooler } from './poolers.ts';
import { Proof } from './proof.ts';
import { passwordOf, type World } from './scene.ts';

export interface Coming {
  readonly user?: string;
  readonly database?: string;
  /** Default is the user's own. */
  readonly password?: string;
  /** More of the startup packet. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly road?: 'unix' | 'tcp' | 'tls';
  /** Shown over TLS. */
  readonly certificate?: IssuedCertificate;
  /** Connects and says nothing. */
  readonly isMute?: boolean;
}

/** What did not come by then does not come. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 10;

export class Stage {
  readonly world: World;
  readonly #pooler: Pooler;
  readonly #lines: string[] = [];
  readonly #actors: Actor[] = [];

  constructor(pooler: Pooler, world: World) {
    this.#pooler = pooler;
    this.world = world;
  }

  get trace(): readonly string[] {
    return this.#lines;
  }

  /** Comes, proves who it is, and hears what it is told, up to ReadyForQuery or the end. */
  async client(name: string, coming: Coming = {}): Promise<Actor> {
    const actor = new Actor(name, await this.#connect(coming), (line) => this.#lines.push(line));
    this.#actors.push(actor);
    await actor.logIn(coming, coming.password ?? this.passwordOf(coming.user ?? 'app'));
    return actor;
  }

  passwordOf(user: string): string {
    return passwordOf(this.world, user);
  }

  /** As superuser, past the pooler. */
  async sql(text: string, database = 'shop'): Promise<readonly Record<string, unknown>[]> {
    return await this.world.postgres.sql(text, database);
  }

  /** Waits until so many queries with these words run at the server. */
  async untilRunning(words: string, count = 1): Promise<void> {
    const quoted = words.replaceAll("'", "''");
    const question = `SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE state = 'active' AND pid <> pg_backend_pid() AND strpos(query, '${quoted}') > 0`;
    await until(async () => (await this.sql(question))[0]?.n === count);
  }

  /** Ends every server connection that does, or last did, something with these words. */
  async endServers(words: string): Promise<void> {
    const quoted = words.replaceAll("'", "''");
    await this.sql(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
      WHERE pid <> pg_backend_pid() AND strpos(query, '${quoted}') > 0`);
  }

  /** Waits until so many clients wait for a server. */
  async untilWaiting(count: number): Promise<void> {
    await until(async () => (await this.#pooler.waiting()) === count);
  }

  /** A cancel request with the key of `actor`, or another. */
  async cancel(actor: Actor, change: (key: Buffer) => Buffer = (key) => key): Promise<void> {
    const client = new RawClient(this.#pooler.socketPath);
    client.say(cancelRequest(actor.pid, change(actor.key)));
    const heard = await client.ended;
    this.#lines.push(`${actor.name} cancels: ${heard === '' ? 'no answer' : JSON.stringify(heard)}`);
  }

  /** Whatever was not read yet belongs to the trace as well. */
  async finish(): Promise<void> {
    for (const actor of this.#actors) await actor.leave();
  }

  close(): void {
    for (const actor of this.#actors) actor.drop();
  }

  async #connect({ road = 'unix', certificate }: Coming): Promise<RawClient> {
    const { socketPath, port } = this.#pooler;
    const plain = new RawClient(road === 'unix' ? socketPath : port);
    if (road !== 'tls') return plain;
    plain.say(sslRequest);
    const answer = await plain.until(/^[SN]/);
    if (answer !== 'S') throw new Error(`no TLS: ${answer}`);
    plain.socket.removeAllListeners('data');
    const ca = this.world.authority.certificate;
    const own = certificate && { cert: certificate.certificate, key: certificate.key };
    return new RawClient(connectTls({ socket: plain.socket, ca, host: 'localhost', ...own }));
  }
}

/** One client. */
export class Actor {
  readonly name: string;
  pid = 0;
  key: Buffer = Buffer.alloc(0);
  readonly #client: RawClient;
  readonly #note: (line: string) => void;
  #isOver = false;

  constructor(name: string, client: RawClient, note: (line: string) => void) {
    this.name = name;
    this.#client = client;
    this.#note = (line) => note(`${name} ${line}`);
  }

  async logIn(coming: Coming, password: string): Promise<void> {
    const { user = 'app', database = 'shop', parameters } = coming;
    if (coming.isMute === true) return;
    this.#client.say(startup({ user, ...(database !== '' && { database }), ...parameters }));
    const proof = new Proof(user, password);
    const told: string[] = [];
    for (;;) {
      const answer = await this.#next();
      // PgBouncer tells them in an order of its own.
      if (answer?.type === 'S') {
        told.push(lineOf(answer));
        continue;
      }
      for (const line of told.splice(0).sort()) this.#note(line);
      if (answer === undefined) return;
      if (answer.type === 'K') {
        this.pid = answer.body.readInt32BE(0);
        this.key = answer.body.subarray(4);
      }
      if (answer.type !== 'R') this.#note(lineOf(answer));
      else {
        const { line, reply } = await proof.onRequest(answer.body);
        this.#note(line);
        if (reply !== undefined) this.#client.say(message('p', reply));
      }
      if (answer.type === 'Z') return;
    }
  }

  /** Messages as conversations write them, in one write. */
  send(...lines: readonly string[]): void {
    if (this.#isOver) return;
    for (const line of lines) this.#note(`> ${line}`);
    this.#client.say(...lines.map(encodeLine));
  }

  /** What is never the same twice. */
  sendUnseen(...lines: readonly string[]): void {
    this.#client.say(...lines.map(encodeLine));
  }

  /** Reads up to the `count`th of these, or the end. */
  async read(until = 'ReadyForQuery', count = 1): Promise<void> {
    for (let seen = 0; seen < count; ) {
      const answer = await this.#next();
      if (answer === undefined) return;
      this.#note(lineOf(answer));
      if (messageName('B', answer.type) === until) seen++;
    }
  }

  async query(sql: string): Promise<void> {
    this.send(`Query ${JSON.stringify(sql)}`);
    await this.read();
  }

  /** Asks the console, and notes what its columns are in place of rows that are never the same. */
  async columns(sql: string): Promise<void> {
    this.send(`Query ${JSON.stringify(sql)}`);
    for (;;) {
      const answer = await this.#next();
      if (answer === undefined) return;
      if (answer.type === 'T') for (const column of columnsOf(answer.body)) this.#note(`column ${column}`);
      else if (answer.type !== 'D') this.#note(lineOf(answer));
      if (answer.type === 'Z') return;
    }
  }

  /** Asks the console, and notes the values of one column. */
  async values(sql: string, column: string): Promise<void> {
    this.send(`Query ${JSON.stringify(sql)}`);
    for (const row of await this.#rows()) this.#note(`${column} ${row.get(column)}`);
  }

  /** As `values()`, of the first row that fits; nothing is noted, for it is never the same. */
  async find(sql: string, wanted: Readonly<Record<string, string>>, column: string): Promise<string> {
    this.#client.say(encodeLine(`Query ${JSON.stringify(sql)}`));
    const isWanted = (row: ReadonlyMap<string, string>) =>
      Object.entries(wanted).every(([name, value]) => row.get(name) === value);
    return (await this.#rows()).find(isWanted)?.get(column) ?? 'nothing';
  }

  async #rows(): Promise<ReadonlyMap<string, string>[]> {
    const rows: Map<string, string>[] = [];
    let names: string[] = [];
    for (;;) {
      const answer = await this.#next();
      if (answer === undefined || answer.type === 'Z') return rows;
      if (answer.type === 'T') names = columnsOf(answer.body).map((column) => column.split(' ')[0]!);
      if (answer.type === 'E') this.#note(lineOf(answer));
      if (answer.type === 'D')
        rows.push(new Map(rowWords(answer.body).map((value, i) => [names[i]!, value])));
    }
  }

  /** Reads until the connection ends. */
  async readToEnd(): Promise<void> {
    await this.read('the end');
  }

  /** With a goodbye, and whatever was still to be said. */
  async leave(): Promise<void> {
    if (this.#isOver) return;
    this.#client.say(terminate);
    while (!this.#isOver) {
      const answer = await this.#next(true);
      if (answer !== undefined) this.#note(lineOf(answer));
    }
  }

  /** Without a word. */
  drop(): void {
    this.#isOver = true;
    this.#client.close();
  }

  /** Undefined at the end, which is noted unless it was asked for. */
  async #next(isAskedFor = false): Promise<Answer | undefined> {
    if (this.#isOver) return undefined;
    const patience = new AbortController();
    const late = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(
      () => 'late' as const,
      () => 'late' as const,
    );
    try {
      const answer = await Promise.race([this.#client.next(), late]);
      if (answer !== 'late') return answer;
      this.#note('-- nothing came');
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      if (!isAskedFor) this.#note('-- the connection ended');
    } finally {
      patience.abort();
    }
    this.drop();
    return undefined;
  }
}

/** Of a RowDescription: `name` and the type's OID. */
function columnsOf(body: Buffer): string[] {
  const columns: string[] = [];
  for (let at = 2; at < body.length; ) {
    const end = body.indexOf(0, at);
    columns.push(`${body.toString('utf8', at, end)} ${body.readInt32BE(end + 7)}`);
    at = end + 19;
  }
  return columns;
}

function lineOf(answer: Answer): string {
  // Without its length: it is another where the words are others.
  const [, , name = '', text = ''] = traceLine('B', answer).split('\t');
  return `< ${name}${text.replace(/ \\x00$/, '')}`;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('what the script waits for does not come');
    await Bun.sleep(LOOK_MS);
  }
}
