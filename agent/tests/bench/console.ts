// Measures SHOW under ten thousand clients: how long it takes, and what a client that works meanwhile feels of it.

import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { type Agent, startAgent } from '../harness/agent.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { query, startup } from '../harness/client_words.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { cpuTimeOf } from './process_usage.ts';
import { median } from './statistics.ts';

const CLIENTS = Number(argument('--clients') ?? 10_000);
const ROUNDS = Number(argument('--rounds') ?? 7);
const SHOWS = ['CLIENTS', 'SOCKETS', 'FDS', 'POOLS', 'STATS', 'LISTS'] as const;
const PAGE = join(import.meta.dir, '../../../docs/reference/console_performance.md');
/** Logins at one time; the agent refuses too many from one source. */
const LOGINS = 50;
/** The kernel counts CPU in steps of 10 ms. */
const CPU_ROUNDS = 20;

/** A connection of a client that says what it is told, and counts what it hears. */
class Client {
  bytes = 0;
  #heard = Buffer.alloc(0);
  #onReady: (() => void) | undefined;
  #write: (bytes: Uint8Array) => void = () => {};

  static async open(path: string, user: string, database: string): Promise<Client> {
    const client = new Client();
    const socket = await Bun.connect({
      unix: path,
      socket: { data: (_socket, chunk) => client.#hear(chunk) },
    });
    client.#write = (bytes) => void socket.write(bytes);
    await client.ask(startup({ user, database }));
    return client;
  }

  /** Resolves with ReadyForQuery. */
  ask(bytes: Uint8Array): Promise<void> {
    this.bytes = 0;
    return new Promise((resolve) => {
      this.#onReady = resolve;
      this.#write(bytes);
    });
  }

  /** Only the end of what is heard is kept: ReadyForQuery is the last of all. */
  #hear(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#heard = Buffer.concat([this.#heard, chunk]).subarray(-6);
    if (this.#heard.length < 6 || this.#heard.toString('latin1', 0, 5) !== 'Z\0\0\0\u0005') return;
    this.#heard = Buffer.alloc(0);
    this.#onReady?.();
  }
}

interface Figures {
  readonly show: string;
  readonly rows: string;
  /** Milliseconds, one a round. */
  readonly took: readonly number[];
  /** Milliseconds of CPU of the agent, one SHOW on the average. */
  readonly cpuMs: number;
  /** The longest answer that the client at work waited for, one a round, with and without the SHOW. */
  readonly pauses: readonly number[];
  readonly quiet: readonly number[];
}

async function main(): Promise<void> {
  const authority = createCertificateAuthority();
  await using postgres = await startPostgres({
    version: 'embedded',
    tls: { server: authority.issueServer() },
    users: { app: '' },
    databases: { shop: 'app' },
  });
  await using agent = await startTheAgent(postgres, authority.certificate);
  const path = `${agent.socketDir}/.s.PGSQL.5432`;
  console.log(`${CLIENTS} clients log in …`);
  const clients: Client[] = [];
  while (clients.length < CLIENTS) {
    const some = Math.min(LOGINS, CLIENTS - clients.length);
    clients.push(
      ...(await Promise.all(Array.from({ length: some }, () => Client.open(path, 'app', 'shop')))),
    );
  }
  const atConsole = await Client.open(path, 'app', 'pgbouncer');
  const atWork = await Client.open(path, 'app', 'shop');
  const figures: Figures[] = [];
  for (const show of SHOWS) figures.push(await measure(show, atConsole, atWork, agent.pid));
  for (const each of figures) console.log(rowOf(each).join('  '));
  if (process.argv.includes('--write-docs')) writeFileSync(PAGE, pageOf(figures));
}

/** Trust, because here nobody is to wait for ten thousand proofs. */
function startTheAgent(postgres: Postgres, ca: string): Promise<Agent> {
  const settings = {
    auth_type: 'trust',
    max_client_conn: CLIENTS + 100,
    admin_users: 'app',
    server_tls_ca_file: 'ca.crt',
    log_connections: false,
    log_disconnections: false,
    databases: {
      shop: {
        ...{ host: postgres.host, port: postgres.port, dbname: 'shop', user: 'app' },
        password: postgres.passwordOf('app'),
      },
    },
  };
  return startAgent({ files: { 'ca.crt': ca, 'pgsidecar.yml': JSON.stringify(settings) } });
}

/** What comes before is for the compiler of the runtime, as in an agent that has been asked before. */
async function measure(show: string, atConsole: Client, atWork: Client, pid: number): Promise<Figures> {
  const sql = query(`SHOW ${show}`);
  for (let i = 0; i < 10; i++) await atConsole.ask(sql);
  const cpuMs = await cpuOf(() => atConsole.ask(sql), pid);
  const [took, pauses, quiet]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const asked = atConsole.ask(sql).then(() => performance.now() - began);
    pauses.push(await longestAnswer(atWork, asked));
    took.push(await asked);
    quiet.push(await longestAnswer(atWork, Bun.sleep(took.at(-1)!)));
  }
  return { show, rows: `${(atConsole.bytes / 1024).toFixed(0)} kB`, took, cpuMs, pauses, quiet };
}

/** Nobody else asks the agent anything meanwhile. */
async function cpuOf(ask: () => Promise<void>, pid: number): Promise<number> {
  const used = (): number => {
    const { userUs, systemUs } = cpuTimeOf(pid);
    return (userUs + systemUs) / 1000;
  };
  const before = used();
  for (let i = 0; i < CPU_ROUNDS; i++) await ask();
  return (used() - before) / CPU_ROUNDS;
}

/** Milliseconds of the slowest SELECT while `until` lasts. */
async function longestAnswer(atWork: Client, until: Promise<unknown>): Promise<number> {
  const state = { isOver: false };
  void until.then(() => {
    state.isOver = true;
  });
  let longest = 0;
  do {
    const began = performance.now();
    await atWork.ask(query('SELECT 1'));
    longest = Math.max(longest, performance.now() - began);
  } while (!state.isOver);
  return longest;
}

function rowOf({ show, rows, took, cpuMs, pauses, quiet }: Figures): string[] {
  const ms = (values: readonly number[]): string =>
    `${median([...values]).toFixed(1)} (${Math.max(...values).toFixed(1)})`;
  return [`SHOW ${show}`, rows, cpuMs.toFixed(1), ms(took), ms(pauses), ms(quiet)];
}

function pageOf(figures: readonly Figures[]): string {
  const table = figures.map((each) => `| ${rowOf(each).join(' | ')} |`);
  return [
    '# The console under ten thousand clients',
    '',
    `Written by \`bun agent/tests/bench/console.ts --write-docs\` on ${new Date().toISOString().slice(0, 10)}, on ${cpus().length} × ${cpus()[0]?.model ?? 'a processor'}, Linux, Bun ${Bun.version}, with a load average of ${loadavg()[0]!.toFixed(0)}: other work went on at the same time.`,
    '',
    `${CLIENTS} clients are logged in over the UNIX socket. One asks the console; another one asks \`SELECT 1\`, again and again, through a pool. Milliseconds: the median of ${ROUNDS} rounds, the worst of them in parentheses. The client that works, its PostgreSQL, the agent and the one that measures share these processors, so that the last column is what the others cost without any SHOW.`,
    '',
    '| asked | answer | CPU of the agent | takes | slowest SELECT meanwhile | and without it |',
    '|---|---|---|---|---|---|',
    ...table,
    '',
    'Rows are made for 2 ms at a time; then everybody else has a turn (`agent/admin/reply.ts`). A client that does not read its answer is left to wait with 512 kB of it.',
    '',
  ].join('\n');
}

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

await main();
