// The bank's clients: each makes one transfer after another in its own way of speaking to PostgreSQL, and comes back after every error.

import pg from 'pg';
import { type Answer, ConnectionLost, commandTag, errorOf, firstColumn } from '../harness/answers.ts';
import { bind, execute, join, parse, query, sync } from '../harness/client_words.ts';
import { loggedIn, type RawClient } from '../harness/raw_client.ts';
import type { Ledger, Transfer } from './ledger.ts';

/** Where the tellers go. */
export interface Counter {
  readonly socketDir: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

interface Teller {
  /** One transfer, or a few in one go. */
  work(ledger: Ledger): Promise<void>;
  close(): void;
}

type Kind = (counter: Counter) => Promise<Teller>;

/** Locked in the order of their numbers, so that two transfers never wait for each other. */
function inOrder({ source, target, cents }: Transfer): readonly (readonly [id: number, change: number])[] {
  const both = [
    [source, -cents],
    [target, cents],
  ] as const;
  return source < target ? both : [both[1], both[0]];
}

async function openPg(counter: Counter, ledger?: Ledger): Promise<pg.Client> {
  const { socketDir, ...login } = counter;
  const client = new pg.Client({ host: socketDir, port: 5432, ...login });
  // A FATAL between two queries comes here; the next query then says that the connection is gone.
  client.on('error', (error) => ledger?.errors.push((error as pg.DatabaseError).code ?? error.message));
  await client.connect();
  return client;
}

abstract class PgTeller implements Teller {
  readonly client: pg.Client;

  constructor(client: pg.Client) {
    this.client = client;
  }

  async work(ledger: Ledger): Promise<void> {
    const transfer = ledger.begin();
    try {
      await this.client.query('BEGIN');
      for (const [account, change] of inOrder(transfer)) {
        const { rows } = await this.move(transfer, account, change);
        ledger.compare('UPDATE', `${transfer.id} ${account}`, `${rows[0]?.tag} ${rows[0]?.id}`);
      }
      const { rows } = await this.note(transfer);
      ledger.compare('INSERT', transfer.id, rows[0]?.id);
      transfer.commitSent = true;
      const { command } = await this.client.query('COMMIT');
      ledger.end(transfer, command);
    } catch (error) {
      // An ERROR is an answer: the transaction is undone. After a FATAL nobody knows.
      if (error instanceof pg.DatabaseError && error.severity === 'ERROR') transfer.outcome = 'failed';
      ledger.lost(transfer);
      throw error;
    }
  }

  close(): void {
    this.client.removeAllListeners('error').on('error', () => {}); // this end is our own
    (this.client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }

  abstract move(transfer: Transfer, account: number, change: number): Promise<pg.QueryResult>;
  abstract note(transfer: Transfer): Promise<pg.QueryResult>;
}

/** The simple protocol: everything in the text. */
class SimpleTeller extends PgTeller {
  move({ id }: Transfer, account: number, change: number): Promise<pg.QueryResult> {
    return this.client.query(
      `UPDATE accounts SET balance = balance + ${change} WHERE id = ${account} RETURNING id, '${id}' AS tag`,
    );
  }
  note({ id, source, target, cents }: Transfer): Promise<pg.QueryResult> {
    return this.client.query(
      `INSERT INTO audit VALUES ('${id}', ${source}, ${target}, ${cents}) RETURNING id::text`,
    );
  }
}

const MOVE = 'UPDATE accounts SET balance = balance + $1 WHERE id = $2 RETURNING id, $3::text AS tag';
const NOTE = 'INSERT INTO audit VALUES ($1, $2, $3, $4) RETURNING id::text';

/** Named statements, which the agent gives to whichever server it has. */
class PreparedTeller extends PgTeller {
  move({ id }: Transfer, account: number, change: number): Promise<pg.QueryResult> {
    return this.client.query({ name: 'move', text: MOVE, values: [change, account, id] });
  }
  note({ id, source, target, cents }: Transfer): Promise<pg.QueryResult> {
    return this.client.query({ name: 'note', text: NOTE, values: [id, source, target, cents] });
  }
}

const IN_ONE_GO = 3;
const TAGGED = 'UPDATE accounts SET balance = balance + $1 WHERE id = $2 RETURNING $3::text';

/** Three whole transactions in one write, each with a Sync of its own; the statements are parsed once. */
class PipelineTeller implements Teller {
  readonly #client: RawClient;
  #hasParsed = false;

  constructor(client: RawClient) {
    this.#client = client;
  }

  async work(ledger: Ledger): Promise<void> {
    const transfers = Array.from({ length: IN_ONE_GO }, () => ledger.begin());
    for (const transfer of transfers) transfer.commitSent = true;
    this.#client.say(join(...this.#parses(), ...transfers.map((transfer) => transaction(transfer))));
    this.#hasParsed = true;
    for (const transfer of transfers) this.#told(ledger, transfer, await this.#client.untilReady());
    const failed = transfers.find(({ outcome }) => outcome === 'failed');
    if (failed !== undefined) throw new ConnectionLost('it begins again with a connection of its own');
  }

  close(): void {
    this.#client.leave();
  }

  #parses(): Uint8Array[] {
    if (this.#hasParsed) return [];
    return [
      ...[parse('begin', 'BEGIN'), parse('move', TAGGED)],
      ...[parse('note', NOTE), parse('commit', 'COMMIT')],
    ];
  }

  #told(ledger: Ledger, transfer: Transfer, answers: readonly Answer[]): void {
    const error = answers.find(({ type }) => type === 'E');
    if (error !== undefined) {
      // Behind a FATAL there is no ReadyForQuery, so this is an ERROR: all of it is undone.
      ledger.errors.push(errorOf(error.body).code);
      transfer.outcome = 'failed';
      return;
    }
    const rows = answers.filter(({ type }) => type === 'D').map(({ body }) => firstColumn(body));
    const tags = answers.filter(({ type }) => type === 'C').map(({ body }) => commandTag(body));
    ledger.compare('rows', [transfer.id, transfer.id, transfer.id].join(' '), rows.join(' '));
    ledger.compare('tags', 'BEGIN UPDATE 1 UPDATE 1 INSERT 0 1', tags.slice(0, -1).join(' '));
    ledger.end(transfer, tags.at(-1) ?? 'nothing');
  }
}

function transaction(transfer: Transfer): Uint8Array {
  const { id, source, target, cents } = transfer;
  const run = (name: string, ...values: (string | number)[]): Uint8Array =>
    join(bind(name, '', values.map(String)), execute());
  const moves = inOrder(transfer).map(([account, change]) => run('move', change, account, id));
  return join(run('begin'), ...moves, run('note', id, source, target, cents), run('commit'), sync);
}

/** In the simple protocol, the whole transfer in one message. */
class BatchTeller implements Teller {
  readonly #client: RawClient;

  constructor(client: RawClient) {
    this.#client = client;
  }

  async work(ledger: Ledger): Promise<void> {
    const transfer = ledger.begin();
    const { id, source, target, cents } = transfer;
    const moves = inOrder(transfer).map(
      ([account, change]) =>
        `UPDATE accounts SET balance = balance + ${change} WHERE id = ${account} RETURNING '${id}'`,
    );
    const note = `INSERT INTO audit VALUES ('${id}', ${source}, ${target}, ${cents}) RETURNING id::text`;
    transfer.commitSent = true;
    this.#client.say(query(['BEGIN', ...moves, note, 'COMMIT'].join('; ')));
    const answers = await this.#client.untilReady();
    const error = answers.find(({ type }) => type === 'E');
    if (error !== undefined) {
      ledger.errors.push(errorOf(error.body).code);
      transfer.outcome = 'failed';
      throw new ConnectionLost('it begins again with a connection of its own');
    }
    const rows = answers.filter(({ type }) => type === 'D').map(({ body }) => firstColumn(body));
    ledger.compare('rows', [id, id, id].join(' '), rows.join(' '));
    ledger.end(transfer, commandTag(answers.findLast(({ type }) => type === 'C')!.body));
  }

  close(): void {
    this.#client.leave();
  }
}

function openRaw({ socketDir, user, password, database }: Counter): Promise<RawClient> {
  return loggedIn(`${socketDir}/.s.PGSQL.5432`, password, user, database);
}

const KINDS: readonly ((ledger: Ledger) => Kind)[] = [
  (ledger) => async (counter) => new SimpleTeller(await openPg(counter, ledger)),
  (ledger) => async (counter) => new PreparedTeller(await openPg(counter, ledger)),
  () => async (counter) => new PipelineTeller(await openRaw(counter)),
  () => async (counter) => new BatchTeller(await openRaw(counter)),
];

const REST_MS = 10;

export interface Load {
  /** Waits until clients were told of so many commits more. */
  progress(commits?: number): Promise<void>;
  /** Lets everybody finish what he is at, and leave. */
  stop(): Promise<void>;
}

/** Tellers of every kind, two each, until `stop()`. */
export function startLoad(ledger: Ledger, counter: Counter, tellers = 8): Load {
  let isOver = false;
  const all = Array.from({ length: tellers }, (_, index) =>
    serve(KINDS[index % KINDS.length]!(ledger), counter, ledger, () => isOver),
  );
  return {
    async progress(commits = 100) {
      const before = ledger.committed;
      while (ledger.committed < before + commits) await Bun.sleep(10);
    },
    async stop() {
      isOver = true;
      await Promise.all(all);
    },
  };
}

async function serve(kind: Kind, counter: Counter, ledger: Ledger, isOver: () => boolean): Promise<void> {
  let teller: Teller | undefined;
  while (!isOver()) {
    try {
      teller ??= await kind(counter);
      await teller.work(ledger);
    } catch (error) {
      ledger.errors.push((error as pg.DatabaseError).code ?? (error as Error).message);
      teller?.close();
      teller = undefined;
      await Bun.sleep(REST_MS);
    }
  }
  teller?.close();
}
