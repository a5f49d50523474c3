// Simulated workers: each holds one connection for good, as processes do, and checks that every answer is its own.

import pg from 'pg';

export interface WorkerOptions {
  readonly name: string;
  /** Through the agent's socket. */
  readonly url: string;
}

export interface Crew {
  readonly size: number;
  transactions(): number;
  /** What went wrong, with the worker's name; empty when all is well. */
  troubles(): readonly string[];
  /** Ends them after their current transaction. */
  stop(): Promise<void>;
}

const PAUSE_MS = 100;

/** Starts them all at once, as a deployment does; resolves when each of them is connected. */
export async function startWorkers(options: readonly WorkerOptions[]): Promise<Crew> {
  const state = { transactions: 0, troubles: [] as string[], stopping: false };
  const clients = await Promise.all(options.map(connect));
  const loops = clients.map((client, index) => work(client, options[index]?.name ?? '', state));
  return {
    size: clients.length,
    transactions: () => state.transactions,
    troubles: () => state.troubles,
    async stop() {
      state.stopping = true;
      await Promise.all(loops);
    },
  };
}

async function connect({ name, url }: WorkerOptions): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name });
  client.on('error', () => {}); // the next query says so, with the worker's name
  await client.connect();
  return client;
}

interface CrewState {
  transactions: number;
  readonly troubles: string[];
  readonly stopping: boolean;
}

async function work(client: pg.Client, name: string, state: CrewState): Promise<void> {
  try {
    for (let turn = 1; !state.stopping; turn++) {
      await transact(client, name, turn);
      state.transactions++;
      await Bun.sleep(PAUSE_MS * (0.5 + Math.random()));
    }
  } catch (error) {
    state.troubles.push(`${name}: ${(error as Error).message}`);
  } finally {
    await client.end().catch(() => {}); // it is gone already
  }
}

/** Counts its own turns in a table, and sees to it that server and session are still its own. */
async function transact(client: pg.Client, name: string, turn: number): Promise<void> {
  await client.query('BEGIN');
  const counted = await client.query(
    'INSERT INTO turns VALUES ($1, 1) ON CONFLICT (worker) DO UPDATE SET turn = turns.turn + 1 RETURNING turn',
    [name],
  );
  const { rows } = await client.query("SELECT current_setting('application_name') AS name");
  await client.query('COMMIT');
  if (counted.rows[0]?.turn !== turn) throw new Error(`turn ${turn} was counted as ${counted.rows[0]?.turn}`);
  if (rows[0]?.name !== name) throw new Error(`the server took it for "${rows[0]?.name}"`);
}

export const TURNS_TABLE = 'CREATE TABLE turns (worker text PRIMARY KEY, turn integer NOT NULL)';
