// Boots the agent from a list, waits until it ends, and gives its exit code.

import { Console } from '../admin/console.ts';
import { AgentError, type Problem } from '../base/errors.ts';
import { InternalErrors } from '../base/internal_errors.ts';
import type { Log } from '../base/log.ts';
import { unitOf } from '../config/environment_file.ts';
import { type LoadInput, type LoadResult, load } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { SourceIo } from '../config/source.ts';
import type { ConsoleSettings } from '../config/sources/console_set.ts';
import { DEFAULTS } from '../config/table.ts';
import { raiseDescriptorLimit } from '../native/descriptor_limit.ts';
import { type Libc, openLibc } from '../native/libc.ts';
import { peerCredentials } from '../native/peer_credentials.ts';
import { localAddress } from '../native/socket_address.ts';
import { openSystemd } from '../native/systemd.ts';
import { setTcpOptions } from '../native/tcp_options.ts';
import { userName } from '../native/users.ts';
import { lookForServers } from '../pool/first_login.ts';
import { Agent } from './agent.ts';
import { type ControlSocket, openControlSocket } from './control_socket.ts';
import type { FileState } from './file_state.ts';
import { ignoredSettings } from './ignored_settings.ts';
import { Listeners } from './listeners.ts';
import { logNotes } from './loaded.ts';
import { type AgentLog, type LogSettings, makeLog } from './logger.ts';
import { type Machine, thisMachine, wantsColours } from './machine.ts';
import { makeNotifier, type Notifier } from './notify.ts';
import { PemFiles } from './pem_files.ts';
import { writePidfile } from './pidfile.ts';
import { MOCK_KEY_BYTES, Plane, prepare } from './plane.ts';
import { RememberedIo } from './remembered_io.ts';
import { listenForSignals } from './signals.ts';
import { takeInheritedSockets } from './sockets.ts';
import { sourceIo } from './source_io.ts';
import { turnAway } from './turn_away.ts';
import { type FileWatch, type WatchTimes, watchFiles } from './watch.ts';

const EXIT_UNUSABLE_CONFIGURATION = 78;
/** Of an agent that another unit runs, or a person. */
const SOME_UNIT = 'its unit';
const CLOSE_MS_MAX = 1_000;
/** How often the agent looks whether its socket files are still there. */
const SOCKET_LOOK_MS = 1_000;

/** What is read once at the start and again at every reload. */
interface Configuration {
  readonly loaded: LoadResult & { readonly settings: Settings };
  readonly again: (set: ConsoleSettings) => Promise<LoadResult>;
  /** With what the files said when the settings in force were loaded. */
  readonly withSame: (set: ConsoleSettings) => Promise<LoadResult>;
  /** What was loaded last is in force. */
  readonly onApplied: () => void;
  /** Each file as it was read last: what the watcher compares with. */
  readonly seen: ReadonlyMap<string, FileState>;
}

/** How a process is run, beside what its settings say. */
export interface RunOptions {
  /** Nothing is logged to standard error. */
  readonly isQuiet?: boolean;
  /** Whoever cannot be seen has to be found: it does not start without a pidfile. */
  readonly needsPidfile?: boolean;
  /** It starts although the control socket cannot be opened. */
  readonly mayLackControl?: boolean;
  /** It does not start as root. */
  readonly refusesRoot?: boolean;
  /** Clients are served from now on. */
  readonly onReady?: () => void;
  /** It cannot start, or ends by an error, which the log has too. */
  readonly onFailure?: (error: AgentError) => void;
}

/** Resolves when the agent has ended. Errors of the configuration are printed by `report`, and give 78. */
export async function runAgent(
  input: LoadInput,
  host: Pick<SourceIo, 'env' | 'cwd'>,
  report: (problems: readonly Problem[]) => void,
  options: RunOptions = {},
  machine: Machine = thisMachine(),
): Promise<number> {
  const seen = new Map<string, FileState>();
  const io = new RememberedIo(sourceIo(host.env, host.cwd, seen, unitOf(input.configFile) ?? SOME_UNIT));
  const again = (set: ConsoleSettings): Promise<LoadResult> => load({ ...input, console: set }, io.fresh());
  const withSame = (set: ConsoleSettings): Promise<LoadResult> =>
    load({ ...input, console: set }, io.remembered());
  const loaded = await again({});
  io.keep();
  const { settings } = loaded;
  if (settings === undefined) {
    if (machine.isJournal === true) logProblems(loaded.problems, logFor(DEFAULTS, machine, options));
    else report(loaded.problems);
    await turnAway(loaded.problems, machine);
    return EXIT_UNUSABLE_CONFIGURATION;
  }
  // Before the first file is made.
  if (settings.user !== '') machine.becomeUser(settings.user);
  if (options.refusesRoot === true && machine.isRoot()) throw new AgentError('run_as_root');
  if (options.needsPidfile === true && settings.pidfile === '') throw new AgentError('pidfile_missing');
  const log = logFor(settings, machine, options);
  for (const sentence of loaded.took) log.info({}, `took ${sentence}`);
  logNotes(loaded, log);
  logProblems(loaded.problems, log);
  let removePidfile = (): void => {};
  try {
    if (settings.pidfile !== '') removePidfile = writePidfile(settings.pidfile, machine.pid);
    return await serve(
      { loaded: { ...loaded, settings }, again, withSame, onApplied: () => io.keep(), seen },
      log,
      machine,
      options,
    );
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    log.error({ code: error.code }, error.message);
    options.onFailure?.(error);
    return error.row.exit;
  } finally {
    removePidfile();
  }
}

function logProblems(problems: readonly Problem[], log: Log): void {
  for (const { severity, code, sentence } of problems) {
    if (severity === 'warning') log.warn({ code }, sentence);
    else log.error({ code }, sentence);
  }
}

/** @throws AgentError file_unwritable */
function logFor(settings: LogSettings, machine: Machine, { isQuiet = false }: RunOptions): AgentLog {
  const { writeLog: write, clock, pid, isTerminal, isJournal = false, logPlaces: places } = machine;
  const colours = wantsColours(machine.env);
  return makeLog(settings, { write, clock, pid, isTerminal, isJournal, colours, isQuiet, places });
}

/** From booted to ended. What is opened later is closed earlier. */
async function serve(
  configuration: Configuration,
  log: AgentLog,
  machine: Machine,
  options: RunOptions,
): Promise<number> {
  const uncaught = catchAll(machine, log);
  try {
    return await serveWith(uncaught, configuration, log, machine, options);
  } finally {
    uncaught.stop();
  }
}

async function serveWith(
  uncaught: Uncaught,
  configuration: Configuration,
  log: AgentLog,
  machine: Machine,
  { onReady, mayLackControl = false }: RunOptions,
): Promise<number> {
  const { promise: ended, resolve: onEnd } = Promise.withResolvers<number>();
  const booted = boot(configuration, uncaught.internalErrors, log, machine, { onEnd, mayLackControl });
  const { agent, listeners, notifier, watcher } = await Promise.race([booted, uncaught.first]);
  const stopSignals = signalsFor(agent, log, machine);
  try {
    await Promise.race([agent.start(), uncaught.first]);
  } catch (error) {
    agent.abandon();
    throw error;
  }
  uncaught.goOn();
  const stopWatchdog = startWatchdog(notifier, machine);
  const stopMending = every(machine, SOCKET_LOOK_MS, () => agent.mend());
  const listening = listeners.open.map(({ address }) => address);
  const databases = Object.keys(configuration.loaded.settings.databases);
  log.info({ listening, databases, start_ms: Math.round(machine.sinceStartMs()) }, 'ready');
  onReady?.();
  const exitCode = await ended;
  stopWatchdog();
  stopMending();
  stopSignals();
  // A look at a file system that hangs must not hold up the end.
  const late = new Promise<void>((resolve) => machine.clock.after(CLOSE_MS_MAX, resolve));
  await Promise.race([watcher.close(), late]);
  return exitCode;
}

interface Uncaught {
  readonly internalErrors: InternalErrors;
  /** Rejects with what nobody caught while the agent booted. */
  readonly first: Promise<never>;
  /** It has booted: from now on such errors are counted. */
  goOn(): void;
  stop(): void;
}

/**
 * What nobody caught. While the agent boots nobody can say what is missing of it, so that ends it (exit code 70, and
 * systemd starts it again); later it costs the one callback in which it was thrown, and is counted.
 */
function catchAll(machine: Machine, log: AgentLog): Uncaught {
  const { promise: first, reject } = Promise.withResolvers<never>();
  first.catch(() => {}); // nobody may be waiting for it yet, or any more
  const internalErrors = new InternalErrors(machine.clock, log);
  let isBooting = true;
  const stop = machine.onUncaught((error) => {
    if (isBooting) reject(error);
    else internalErrors.add(error, {}, 'an internal error was caught by nobody: the agent goes on');
  });
  const goOn = (): void => {
    isBooting = false;
  };
  return { first, internalErrors, goOn, stop };
}

/** The boot list: each line needs those above it. */
async function boot(
  configuration: Configuration,
  internalErrors: InternalErrors,
  log: AgentLog,
  machine: Machine,
  { onEnd, mayLackControl }: { readonly onEnd: (code: number) => void; readonly mayLackControl: boolean },
) {
  const { loaded, again, withSame, onApplied, seen } = configuration;
  const { clock, pid, env } = machine;
  const libc = openLibc();
  const inherited = takeInheritedSockets(env, { pid, libc });
  const socketUnit = unitOf(loaded.config?.absolute)?.replace('.service', '.socket') ?? 'its socket unit';
  const notifier = makeNotifier(env, { pid, libc, systemd: openSystemd(), log });
  const pem = { current: new PemFiles() };
  const mockKey = machine.random(MOCK_KEY_BYTES);
  const readPem = (path: string): string => pem.current.read(path);
  const [peerUser, localEnd] = [peerUserBy(libc), localEndBy(libc)];
  const prepared = await prepare(loaded.settings, mockKey, readPem, undefined);
  const plane = new Plane(prepared, {
    ...machine,
    ...{ log, internalErrors, readPem, peerUser, localEnd },
    peerUid: ({ fd }) => peerCredentials(libc, fd)?.uid,
    openConsole: (start) => {
      new Console(start, {
        ...{ context: plane.context, controls: agent, snapshot: () => agent.snapshot() },
        localEnd,
      });
    },
    setTcpOptions: (fd, options) => setTcpOptions(libc, fd, options),
    descriptorLimit: raiseDescriptorLimit(libc),
  });
  const listeners = new Listeners(libc, log, inherited, (connection, transport) =>
    plane.onConnection(connection, transport),
  );
  listeners.prepare(loaded.settings).commit();
  const watcher = watch(configuration, log, (why) => agent.reload(why));
  const agent: Agent = new Agent({
    ...{ clock, log, internalErrors, notifier, plane, listeners, mockKey, pem, loaded, pid, onEnd },
    memoryBytes: machine.memoryBytes,
    load: again,
    loadAgain: withSame,
    ignored: (now) => ignoredSettings(now, inherited, socketUnit),
    onApplied,
    openControl: async (settings) => {
      const opened = openControlSocket(settings.control_socket, {
        controls: agent,
        internalErrors,
        snapshot: () => agent.snapshot(),
        drainTimeoutMs: () => agent.settings.drain_timeout,
        tryAgain: () => lookForServers(plane.registry),
      });
      return await (mayLackControl ? orNone(opened, log) : opened);
    },
    watch: (files, settings) => {
      watcher.replaceFiles(files, seen);
      watcher.replaceTimes(timesOf(settings));
    },
  });
  return { agent, listeners, notifier, watcher };
}

/** Whoever stands in for PgBouncer serves without one, too: its console is there. */
async function orNone(opening: Promise<ControlSocket>, log: Log): Promise<ControlSocket> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const without = 'it serves without a control socket (status, reload, wait, drain)';
    log.warn({ code: error.code }, `${error.message}: ${without}; control_socket names another place`);
    return { path: '', isThere: () => true, stop() {} };
  }
}

function watch(
  { loaded, seen }: Configuration,
  log: Log,
  reload: (why: string) => Promise<unknown>,
): FileWatch {
  const options = { files: loaded.files, asRead: seen, ...timesOf(loaded.settings), log };
  return watchFiles(options, (changed) => void reload(`${changed.join(', ')} changed`));
}

function timesOf(settings: Settings): WatchTimes {
  return { pollIntervalMs: settings.source_poll_interval, settleMs: settings.source_settle_time };
}

function signalsFor(agent: Agent, log: Log, machine: Machine): () => void {
  const verbs = {
    reload: () => agent.reload('SIGHUP'),
    pause: () => agent.pause(),
    resume: () => agent.resume(),
    drainClients: () => agent.drain('clients', agent.settings.drain_timeout),
    drainServers: () => agent.drain('servers', agent.settings.drain_timeout),
    stop: () => agent.stop(),
  };
  return listenForSignals(machine.signals, verbs, log);
}

function localEndBy(libc: Libc): (connection: { readonly fd: number }) => readonly [string, number] {
  return ({ fd }) => {
    const address = localAddress(libc, fd);
    return address.kind === 'tcp' ? [address.host, address.port] : ['', 0];
  };
}

function peerUserBy(libc: Libc): (connection: { readonly fd: number }) => string | undefined {
  return ({ fd }) => {
    const credentials = peerCredentials(libc, fd);
    return credentials === undefined ? undefined : userName(libc, credentials.uid);
  };
}

/** From a timer of the event loop, so that a loop that hangs is seen to hang. */
function startWatchdog(notifier: Notifier, machine: Machine): () => void {
  const { watchdogIntervalMs } = notifier;
  if (watchdogIntervalMs === undefined) return () => {};
  return every(machine, watchdogIntervalMs, () => notifier.watchdog());
}

/** Until the function that it gives is called. */
function every({ clock }: Machine, intervalMs: number, step: () => void): () => void {
  let timer = clock.after(intervalMs, beat);
  function beat(): void {
    timer = clock.after(intervalMs, beat);
    step();
  }
  return () => timer.clear();
}
