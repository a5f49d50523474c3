// The main job on a machine that has nothing: a real PostgreSQL, an application's file, the agent, 33 workers, a reload.

import { existsSync } from 'node:fs';
import type { Snapshot } from '../agent/observe/snapshot.ts';
import { type Agent, pgsidecarProgram, runPgsidecar, startAgent } from '../agent/tests/harness/agent.ts';
import { BrokenPromise, eventually, makeScreen } from './stage/screen.ts';
import * as stage from './stage/stage.ts';
import { type Crew, startWorkers, TURNS_TABLE } from './stage/workers.ts';

const FLASK_THREADS = 17;
const DAEMONS = 16;
const CLIENTS = FLASK_THREADS + DAEMONS;

const once = process.argv.includes('--once');
const unknown = process.argv.slice(2).find((word) => word !== '--once');
const screen = makeScreen(process.stdout.isTTY === true && process.env.NO_COLOR === undefined);

/** Everything that the steps share. Processes and folders go when this process goes, however it goes. */
interface Play {
  readonly set: stage.Stage;
  readonly agent: Agent;
  readonly crew: Crew;
}

if (unknown !== undefined) {
  console.error(`unknown argument ${unknown}: --once is all there is`);
  process.exit(64);
}
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
try {
  const set = await showServer();
  await showFile(set);
  const agent = await showStart(set);
  const crew = await showWorkers(set, agent);
  const play: Play = { set, agent, crew };
  const password = await showRotation(play);
  await showBrokenFile(play, password);
  await (once ? finish(play) : stay(play, password));
} catch (error) {
  console.error(error instanceof BrokenPromise ? '\nThe demo did not keep its promises.' : error);
  process.exit(1);
}
process.exit(0);

async function showServer(): Promise<stage.Stage> {
  screen.step('A PostgreSQL that takes nobody without TLS and SCRAM-SHA-256');
  const set = await stage.setStage();
  for (const database of [stage.APPLICATION_DATABASE, stage.WORKER_DATABASE]) {
    await set.postgres.sql(`${TURNS_TABLE}; ALTER TABLE turns OWNER TO pg_database_owner`, database);
  }
  const [{ version } = {}] = await set.postgres.sql("SELECT current_setting('server_version') AS version");
  screen.promise(
    String(version).startsWith('18'),
    `PostgreSQL ${version} runs at localhost:${set.postgres.port}; its certificate is signed by a CA made just now`,
  );
  return set;
}

async function showFile(set: stage.Stage): Promise<void> {
  screen.step("The application's own application.yml, as it is");
  screen.output(set.applicationYml('…').replace(/(worker_jobs_password: ).*/, '$1…'));
  screen.command(`pgsidecar check --connect ${stage.AGENT_ARGS.join(' ')}`);
  const checked = await runPgsidecar(['check', '--connect', ...stage.AGENT_ARGS], { files: set.files });
  screen.output(checked.stdout + checked.stderr);
  screen.promise(checked.code === 0, 'check finds it usable, and can log in to the server');
}

async function showStart(set: stage.Stage): Promise<Agent> {
  screen.step('The agent');
  screen.command(`pgsidecar run ${stage.AGENT_ARGS.join(' ')}`);
  const began = performance.now();
  const agent = await startAgent({ files: set.files, args: stage.AGENT_ARGS });
  screen.promise(
    true,
    `ready after ${Math.round(performance.now() - began)} ms, at ${agent.socketDir}/.s.PGSQL.5432`,
  );
  return agent;
}

async function showWorkers(set: stage.Stage, agent: Agent): Promise<Crew> {
  screen.step(`A Flask app with ${FLASK_THREADS} threads, and ${DAEMONS} daemons`);
  const { postgres } = set;
  const application = applicationUrl(agent, postgres.passwordOf(stage.APPLICATION_USER));
  const jobs = agent.url(stage.WORKER_USER, postgres.passwordOf(stage.WORKER_USER), stage.WORKER_DATABASE);
  const crew = await startWorkers([
    ...Array.from({ length: FLASK_THREADS }, (_, index) => ({
      name: `flask ${index + 1}`,
      url: application,
    })),
    ...Array.from({ length: DAEMONS }, (_, index) => ({ name: `daemon ${index + 1}`, url: jobs })),
  ]);
  await eventually(() => crew.transactions() >= 10 * CLIENTS || crew.troubles().length > 0);
  const { clients } = (await agent.status()) as unknown as Snapshot;
  const servers = await serverConnections(set);
  screen.command('pgsidecar status');
  screen.output((await agent.command('status', ...stage.AGENT_ARGS)).stdout);
  const tls = [...new Set(servers.map((server) => server.tls))].join(', ');
  screen.promise(
    clients.connected === CLIENTS && servers.length > 0 && servers.length <= 6,
    `${clients.connected} clients on ${servers.length} server connections, as PostgreSQL counts them; all ${tls}`,
  );
  screen.promise(
    servers.every((server) => server.tls.startsWith('TLS')) && allIsWell(crew),
    `${crew.transactions()} transactions so far, each worker's answers its own${troublesOf(crew)}`,
  );
  return crew;
}

/** Returns the new password. */
async function showRotation({ set, agent, crew }: Play): Promise<string> {
  screen.step('A password is rotated: the role gets a new one, then the file');
  const before = new Set((await serverConnections(set, stage.APPLICATION_USER)).map((server) => server.pid));
  const password = await stage.rotatePassword(set.postgres);
  screen.command(`ALTER ROLE ${stage.APPLICATION_USER} PASSWORD '…'`);
  const began = performance.now();
  agent.writeFile('application.yml', set.applicationYml(password));
  const seen = await eventually(async () => reloadOf(await agent.status())?.ok === true);
  screen.promise(
    seen,
    `the agent saw the file change and applied it, ${Math.round(performance.now() - began)} ms after the edit`,
  );
  screen.output((reloadOf(await agent.status())?.changes ?? []).join('\n'));
  const replaced = await eventually(async () =>
    (await serverConnections(set, stage.APPLICATION_USER)).every((server) => !before.has(server.pid)),
  );
  screen.promise(replaced, 'its server connections were replaced as they came free');
  const turns = crew.transactions();
  const went = await eventually(() => crew.transactions() >= turns + 3 * CLIENTS);
  screen.promise(went && allIsWell(crew), `all ${CLIENTS} clients went on${troublesOf(crew)}`);
  const login = (secret: string) => startWorkers([{ name: 'flask 18', url: applicationUrl(agent, secret) }]);
  const refusal = await login(set.postgres.passwordOf(stage.APPLICATION_USER)).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const newcomer = await login(password);
  await eventually(() => newcomer.transactions() > 0);
  await newcomer.stop();
  screen.promise(
    refusal !== undefined && newcomer.transactions() > 0 && allIsWell(newcomer),
    `the new password lets a new client in; the old one: ${refusal}`,
  );
  return password;
}

async function showBrokenFile({ set, agent, crew }: Play, password: string): Promise<void> {
  screen.step('Somebody saves a file that cannot be used');
  const good = set.applicationYml(password);
  const line = '  database_sslmode: verify-fully';
  agent.writeFile('application.yml', good.replace('  database_sslmode: verify-full', line));
  screen.output(line.trim());
  const refused = await eventually(async () => reloadOf(await agent.status())?.ok === false);
  screen.promise(refused, 'the agent refuses the whole file, and says why:');
  screen.output((reloadOf(await agent.status())?.problems ?? []).join('\n'));
  const turns = crew.transactions();
  const went = await eventually(() => crew.transactions() >= turns + 3 * CLIENTS);
  screen.promise(
    went && allIsWell(crew),
    `all ${CLIENTS} clients went on with what was there before${troublesOf(crew)}`,
  );
  agent.writeFile('application.yml', good);
  const mended = await eventually(async () => reloadOf(await agent.status())?.ok === true);
  screen.promise(mended, 'the file is mended, and everything is as it was');
}

async function finish({ agent, crew, set }: Play): Promise<void> {
  screen.step('The end');
  await crew.stop();
  screen.promise(allIsWell(crew), `${crew.transactions()} transactions, no trouble${troublesOf(crew)}`);
  await agent.stop();
  await set.postgres.stop();
  const left = [agent.directory, set.postgres.directory].filter((directory) => existsSync(directory));
  screen.promise(left.length === 0, `everything stopped, nothing left behind${left.join(' ')}`);
}

async function stay({ agent }: Play, password: string): Promise<void> {
  screen.step('Now you: it runs until Ctrl-C');
  screen.note(`export DATABASE_URL='${applicationUrl(agent, password)}'`);
  screen.note(
    `PGPASSWORD=${password} psql -h ${agent.socketDir} -U ${stage.APPLICATION_USER} ${stage.APPLICATION_DATABASE}`,
  );
  screen.note(`psql -h ${agent.socketDir} -U pgbouncer pgbouncer -c 'SHOW CLIENTS'`);
  screen.note(
    'that is the console: say SELECT pg_advisory_lock(1) in the psql above it, and look at its pins',
  );
  screen.note(`edit ${agent.directory}/application.yml`);
  screen.command(
    `PGSIDECAR_UNIX_SOCKET_DIR=${agent.socketDir} ${pgsidecarProgram().join(' ')} status --watch`,
  );
  let lines = 0;
  for (;;) {
    const page = (await agent.command('status', ...stage.AGENT_ARGS)).stdout;
    // On a terminal over the page before this one; elsewhere one after the other.
    const back = process.stdout.isTTY === true && lines > 0 ? `\x1b[${lines}A\x1b[J` : '';
    process.stdout.write(`${back}\n${page}`);
    lines = page.split('\n').length;
    await Bun.sleep(process.stdout.isTTY === true ? 1_000 : 10_000);
  }
}

function applicationUrl(agent: Agent, password: string): string {
  return agent.url(stage.APPLICATION_USER, password, stage.APPLICATION_DATABASE);
}

interface ServerConnection {
  readonly pid: number;
  readonly tls: string;
  readonly [column: string]: unknown;
}

/** As PostgreSQL itself sees them. */
async function serverConnections(set: stage.Stage, user?: string): Promise<ServerConnection[]> {
  const who = user === undefined ? `IN ('${stage.APPLICATION_USER}', '${stage.WORKER_USER}')` : `= '${user}'`;
  return await set.postgres.sql<ServerConnection>(
    `SELECT pid, coalesce(version, 'no TLS') AS tls FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE usename ${who}`,
  );
}

function reloadOf(status: Record<string, unknown>): Snapshot['lastReload'] {
  return (status as unknown as Snapshot).lastReload;
}

function allIsWell(crew: Crew): boolean {
  return crew.troubles().length === 0;
}

function troublesOf(crew: Crew): string {
  return crew.troubles().length === 0 ? '' : `; but ${crew.troubles().join('; ')}`;
}
