// Boots the agent from a list, waits until it ends, and gives its exit code.

import type { Problem } from '../base/errors.ts';
import { AgentError } from '../base/errors.ts';
import { type LoadInput, type LoadResult, load } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { SourceIo } from '../config/source.ts';
import { type Libc, openLibc } from '../native/libc.ts';
import { peerCredentials } from '../native/peer_credentials.ts';
import { openSystemd } from '../native/systemd.ts';
import { userName } from '../native/users.ts';
import { Agent } from './agent.ts';
import { openControlSocket } from './control_socket.ts';
import type { FileState } from './file_state.ts';
import { Listeners } from './listeners.ts';
import { type AgentLog, makeLog } from './logger.ts';
import { makeNotifier, type Notifier } from './notify.ts';
import { PemFiles } from './pem_files.ts';
import { newMockKey, Plane, prepare } from './plane.ts';
import { listenForSignals } from './signals.ts';
import { takeInheritedSockets } from './sockets.ts';
import { sourceIo } from './source_io.ts';
import { systemClock } from './system_clock.ts';
import { type WatchTimes, watchFiles } from './watch.ts';

const EXIT_UNUSABLE_CONFIGURATION = 78;
const CLOSE_MS_MAX = 1_000;

type Loaded = LoadResult & { readonly settings: Settings };

/** Resolves when the agent has ended. Errors of the configuration are printed by `report`, and give 78. */
export async function runAgent(
  input: LoadInput,
  host: Pick<SourceIo, 'env' | 'cwd'>,
  report: (problems: readonly Problem[]) => void,
): Promise<number> {
  const seen = new Map<string, FileState>();
  const io = sourceIo(host.env, host.cwd, seen);
  const again = (): Promise<LoadResult> => load(input, io);
  const loaded = await again();
  if (loaded.settings === undefined) {
    report(loaded.problems);
    return EXIT_UNUSABLE_CONFIGURATION;
  }
  const settings = loaded.settings;
  const log = makeLog(settings, process.stderr.isTTY === true);
  for (const sentence of loaded.took) log.info({}, sentence);
  for (const { severity, code, sentence } of loaded.problems)
    if (severity === 'warning') log.warn({ code }, sentence);
  try {
    return await boot({ ...loaded, settings }, again, seen, log);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    log.error({ code: error.code }, error.message);
    return error.row.exit;
  }
}

/** The boot list. What is opened later is closed earlier: agent.stop() is the same list backwards. */
async function boot(
  loaded: Loaded,
  again: () => Promise<LoadResult>,
  seen: ReadonlyMap<string, FileState>,
  log: AgentLog,
): Promise<number> {
  const libc = openLibc();
  const inherited = takeInheritedSockets(process.env, { pid: process.pid, libc });
  const notifier = makeNotifier(process.env, { pid: process.pid, libc, systemd: openSystemd(), log });
  const pem = { current: new PemFiles() };
  const mockKey = newMockKey();
  const readPem = (path: string): string => pem.current.read(path);
  const plane = new Plane(await prepare(loaded.settings, mockKey, readPem, undefined), {
    clock: systemClock,
    log,
    readPem,
    peerUser: (connection) => peerUser(libc, connection.fd),
  });
  const listeners = new Listeners(libc, log, inherited, (connection, transport) =>
    plane.onConnection(connection, transport),
  );
  listeners.prepare(loaded.settings).commit();

  const { promise: ended, resolve: onEnd } = Promise.withResolvers<number>();
  let agent: Agent;
  const watcher = watchFiles(
    {
      files: loaded.files,
      asRead: seen,
      ...timesOf(loaded.settings),
      log,
    },
    (changed) => void agent.reload(`${changed.join(', ')} changed`),
  );
  agent = new Agent({
    clock: systemClock,
    log,
    notifier,
    plane,
    listeners,
    mockKey,
    load: again,
    pem,
    loaded,
    pid: process.pid,
    openControl: (settings) =>
      openControlSocket(settings.control_socket, {
        controls: agent,
        snapshot: () => agent.snapshot(),
        drainTimeoutMs: () => agent.settings.drain_timeout,
      }),
    watch: (files, settings) => {
      watcher.replaceFiles(files, seen);
      watcher.replaceTimes(timesOf(settings));
    },
    onEnd,
  });
  const stopSignals = listenForSignals(
    process,
    {
      reload: () => agent.reload('SIGHUP'),
      pause: () => agent.pause(),
      resume: () => agent.resume(),
      drainClients: () => agent.drain('clients', agent.settings.drain_timeout),
      drainServers: () => agent.drain('servers', agent.settings.drain_timeout),
      stop: () => agent.stop(),
    },
    log,
  );
  try {
    await agent.start();
  } catch (error) {
    plane.stop();
    listeners.close();
    throw error;
  }
  const stopWatchdog = startWatchdog(notifier);
  const addresses = listeners.open.map(({ address }) => address);
  const databases = Object.keys(loaded.settings.databases);
  log.info({ listening: addresses, databases, start_ms: Math.round(performance.now()) }, 'ready');
  const exitCode = await ended;
  stopWatchdog();
  stopSignals();
  // A look at a file system that hangs must not hold up the end.
  await Promise.race([
    watcher.close(),
    new Promise<void>((resolve) => systemClock.after(CLOSE_MS_MAX, resolve)),
  ]);
  return exitCode;
}

function timesOf(settings: Settings): WatchTimes {
  return { pollIntervalMs: settings.source_poll_interval, settleMs: settings.source_settle_time };
}

function peerUser(libc: Libc, fd: number): string | undefined {
  const credentials = peerCredentials(libc, fd);
  return credentials === undefined ? undefined : userName(libc, credentials.uid);
}

/** From a timer of the event loop, so that a loop that hangs is seen to hang. */
function startWatchdog(notifier: Notifier): () => void {
  if (notifier.watchdogIntervalMs === undefined) return () => {};
  const timer = setInterval(() => notifier.watchdog(), notifier.watchdogIntervalMs);
  return () => clearInterval(timer);
}
