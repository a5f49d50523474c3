// The running agent: holds the parts together, and is what Controls act on.

import type { Clock } from '../base/clock.ts';
import type { Controls, ReloadResult, ShutdownMode } from '../base/controls.ts';
import { AgentError } from '../base/errors.ts';
import type { InternalErrors } from '../base/internal_errors.ts';
import { VERSION } from '../base/version.ts';
import { diffSettings } from '../config/diff.ts';
import type { LoadResult } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { ConsoleSettings } from '../config/sources/console_set.ts';
import type { SettingName } from '../config/table.ts';
import { type AgentState, type ReloadSnapshot, readPlane, type Snapshot } from '../observe/snapshot.ts';
import type { ControlSocket } from './control_socket.ts';
import type { Listeners } from './listeners.ts';
import { logNotes, originsOf, refuseEmptied, sentences } from './loaded.ts';
import type { AgentLog } from './logger.ts';
import type { Notifier } from './notify.ts';
import type { PemFiles } from './pem_files.ts';
import { type Plane, type PreparedSettings, prepare } from './plane.ts';
import { statusLine } from './status_line.ts';
import { Verbs } from './verbs.ts';

/** How often a drain looks whether it is done. */
const DRAIN_LOOK_MS = 50;
/** Logins under way hold up the end of a drain for so long at most: some never go on. */
const LOGINS_MS = 2_000;

export interface AgentParts {
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly internalErrors: InternalErrors;
  readonly notifier: Notifier;
  readonly plane: Plane;
  readonly listeners: Listeners;
  readonly mockKey: Uint8Array;
  /** The whole road from files to settings, once more. */
  readonly load: (set: ConsoleSettings) => Promise<LoadResult>;
  /** The same road with what the files said when the settings in force were loaded. */
  readonly loadAgain: (set: ConsoleSettings) => Promise<LoadResult>;
  /** What was loaded last is in force. */
  readonly onApplied: () => void;
  /** Settings that have no effect, because systemd opened the sockets; a sentence each. */
  readonly ignored: (loaded: LoadResult & { settings: Settings }) => readonly string[];
  readonly pem: { current: PemFiles };
  readonly loaded: LoadResult & { settings: Settings };
  readonly pid: number;
  readonly memoryBytes: () => number;
  /** Opens the control socket of these settings. */
  readonly openControl: (settings: Settings) => Promise<ControlSocket>;
  /** The watcher's files are these from now on. */
  readonly watch: (files: readonly string[], settings: Settings) => void;
  /** The agent has ended; the process may exit with this code. */
  readonly onEnd: (exitCode: number) => void;
}

export class Agent implements Controls {
  readonly #parts: AgentParts;
  readonly #startedAt: number;
  readonly #verbs: Verbs;
  #loaded: LoadResult & { settings: Settings };
  #state: AgentState = 'starting';
  #control: ControlSocket | undefined;
  /** Why it cannot be made again; said once. */
  #controlFailure = '';
  #told = '';
  #lastReload: ReloadSnapshot | undefined;
  #reloads = { succeeded: 0, failed: 0 };
  #reloading: Promise<ReloadResult> | undefined;
  #next: Promise<ReloadResult> | undefined;
  /** What SET said at the console: it survives reloads. */
  #set: ConsoleSettings = {};

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#loaded = parts.loaded;
    this.#startedAt = parts.clock.wall();
    this.#verbs = new Verbs(parts);
  }

  get settings(): Settings {
    return this.#loaded.settings;
  }

  /** The last steps of booting: the control socket, then READY. */
  async start(): Promise<void> {
    this.#control = await this.#parts.openControl(this.settings);
    for (const sentence of this.#parts.ignored(this.#loaded)) this.#parts.log.warn({}, sentence);
    this.#parts.watch(this.#loaded.files, this.settings);
    this.#state = 'running';
    this.#parts.notifier.ready();
    this.#tellStatus();
  }

  /** One reload at a time; whoever asks during one gets the result of the next. */
  reload(why: string): Promise<ReloadResult> {
    if (this.#reloading === undefined) {
      this.#reloading = this.#reload(why).finally(() => {
        this.#reloading = undefined;
      });
      return this.#reloading;
    }
    this.#next ??= this.#reloading.then(() => {
      this.#next = undefined;
      return this.reload(why);
    });
    return this.#next;
  }

  async set(name: SettingName, value: string | undefined): Promise<ReloadResult> {
    while (this.#reloading !== undefined) await this.#reloading;
    const { [name]: before, ...others } = this.#set;
    const set = value === undefined ? others : { ...others, [name]: value };
    this.#reloading = this.#applySet(name, set).finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  async #applySet(name: SettingName, set: ConsoleSettings): Promise<ReloadResult> {
    const { log, internalErrors, loadAgain } = this.#parts;
    let result: ReloadResult;
    try {
      result = await this.#apply(await loadAgain(set));
    } catch (error) {
      if (!(error instanceof AgentError))
        internalErrors.add(error, { name }, 'an internal error ended a SET');
      result = { ok: false, changes: [], problems: [(error as Error).message] };
    }
    if (result.ok) this.#set = set;
    log.info(
      { setting: name, ...result },
      result.ok ? 'SET at the console' : 'SET at the console was refused',
    );
    return result;
  }

  async pause(database?: string): Promise<void> {
    const paused = this.#verbs.pause(database);
    this.#tellStatus();
    await paused;
  }

  resume(database?: string): void {
    if (this.#is('draining')) throw new AgentError('shutting_down');
    this.#verbs.resume(database);
    this.#tellStatus();
  }

  disable(database: string): void {
    this.#verbs.disable(database);
  }

  enable(database: string): void {
    this.#verbs.enable(database);
  }

  reconnect(database?: string): void {
    this.#verbs.reconnect(database);
  }

  kill(database?: string): void {
    this.#verbs.kill(database);
    this.#tellStatus();
  }

  killClient(id: number): void {
    this.#verbs.killClient(id);
  }

  async suspend(): Promise<void> {
    const suspended = this.#verbs.suspend();
    this.#tellStatus();
    await suspended;
  }

  async waitClose(database?: string): Promise<void> {
    await this.#verbs.waitClose(database);
  }

  shutdown(mode: ShutdownMode): void {
    if (mode === 'now') this.stop();
    else void this.drain(mode, this.settings.drain_timeout);
  }

  async drain(what: 'clients' | 'servers', timeoutMs: number): Promise<void> {
    if (this.#state === 'draining' || this.#state === 'stopping') return;
    const { plane, listeners, notifier, log, clock } = this.#parts;
    this.#state = 'draining';
    notifier.stopping();
    listeners.close();
    if (plane.suspension.isOn) plane.suspension.end();
    if (what === 'servers') plane.registry.pause().catch(() => {});
    log.info({ what, timeout_ms: timeoutMs, clients: plane.context.clients.count }, 'draining');
    this.#tellStatus();
    const began = clock.now();
    const until = timeoutMs === 0 ? Number.POSITIVE_INFINITY : began + timeoutMs;
    // Who was let in before the listeners closed is answered: it is neither refused nor cut off.
    const isAnswered = (): boolean => plane.context.clients.logins === 0 || clock.now() >= began + LOGINS_MS;
    while (!(this.#isDrained(what) && isAnswered()) && clock.now() < until && this.#is('draining')) {
      await new Promise<void>((resolve) => clock.after(DRAIN_LOOK_MS, resolve));
    }
    if (!this.#is('draining')) return;
    const left = plane.context.clients.count;
    if (this.#isDrained(what)) log.info({ clients: left }, 'drained');
    else
      log.warn(
        { clients: left, timeout_ms: timeoutMs },
        'drain_timeout is over: the clients that are left are cut off',
      );
    this.stop();
  }

  /** What clients and commands go by is made again where somebody has removed it; systemd is told what has changed. */
  mend(): void {
    if (!this.#is('running')) return;
    this.#parts.listeners.mend(this.settings);
    if (this.#statusLine() !== this.#told) this.#tellStatus();
    if (this.#control?.isThere() === false && this.#reloading === undefined) void this.#mendControl();
  }

  async #mendControl(): Promise<void> {
    const lost = this.#control;
    this.#control = undefined;
    lost?.stop();
    try {
      this.#control = await this.#parts.openControl(this.settings);
      const { path } = this.#control;
      this.#parts.log.warn({ address: path }, 'the socket file was removed by somebody: it is there again');
      this.#controlFailure = '';
    } catch (error) {
      // The next look tries again; clients are served all the same.
      this.#control = lost;
      if (!(error instanceof AgentError)) throw error;
      if (this.#controlFailure !== error.message) this.#parts.log.error({ code: error.code }, error.message);
      this.#controlFailure = error.message;
    }
  }

  /** The start failed half-way: what was opened is closed. */
  abandon(): void {
    this.#parts.plane.stop();
    this.#parts.listeners.close();
  }

  stop(): void {
    if (this.#state === 'stopping') return;
    this.#state = 'stopping';
    const { plane, listeners, notifier, log, clock } = this.#parts;
    notifier.stopping();
    listeners.close();
    plane.stop();
    this.#control?.stop();
    log.info({ uptime_ms: Math.round(clock.wall() - this.#startedAt) }, 'stopped');
    this.#parts.onEnd(0);
  }

  snapshot(): Snapshot {
    const { clock, plane, listeners, pid } = this.#parts;
    const read = readPlane(plane.context);
    return Object.freeze({
      version: VERSION,
      pid,
      state: this.#shownState,
      startedAt: this.#startedAt,
      uptimeMs: clock.wall() - this.#startedAt,
      listeners: listeners.open.map(({ kind, address }) => ({ kind, address })),
      ...read,
      memoryBytes: this.#parts.memoryBytes(),
      log: this.#parts.log.output,
      reloads: { ...this.#reloads },
      lastReload: this.#lastReload,
      warnings: [
        ...sentences(this.#loaded.problems),
        ...this.#parts.ignored(this.#loaded),
        ...this.#setSentences(),
      ],
      config: this.#loaded.config?.absolute ?? null,
      files: this.#loaded.files,
    });
  }

  async #reload(why: string): Promise<ReloadResult> {
    const { notifier, log, clock, internalErrors } = this.#parts;
    notifier.reloading();
    let result: ReloadResult;
    try {
      result = await this.#loadAndApply();
    } catch (error) {
      if (!(error instanceof AgentError))
        internalErrors.add(error, { why }, 'an internal error ended a reload');
      result = { ok: false, changes: [], problems: [(error as Error).message] };
    }
    this.#lastReload = { at: clock.wall(), why, ...result };
    if (result.ok) this.#reloads.succeeded++;
    else this.#reloads.failed++;
    const fields = { why, changes: result.changes, problems: result.problems };
    if (result.ok) log.info(fields, result.changes.length === 0 ? 'reloaded: nothing changed' : 'reloaded');
    else log.error(fields, 'reload refused: nothing was changed');
    notifier.ready();
    this.#tellStatus();
    return result;
  }

  /** Everything that can fail comes before the first thing that changes. */
  async #loadAndApply(): Promise<ReloadResult> {
    const { load, watch, onApplied } = this.#parts;
    const loaded = await load(this.#set);
    // A file that came with the mistake has to be watched, or its correction would not be seen.
    if (loaded.settings === undefined)
      watch([...new Set([...this.#loaded.files, ...loaded.files])], this.settings);
    else refuseEmptied(this.#loaded, loaded);
    const result = await this.#apply(loaded);
    if (result.ok) onApplied();
    return result;
  }

  async #apply(loaded: LoadResult): Promise<ReloadResult> {
    const { plane, listeners, log, mockKey, pem, watch } = this.#parts;
    const { settings } = loaded;
    if (settings === undefined)
      return { ok: false, changes: [], problems: sentences(loaded.problems, 'error') };
    const files = pem.current.again();
    const prepared: PreparedSettings = await prepare(
      settings,
      mockKey,
      (path) => files.read(path),
      plane.context.books,
    );
    const logPlan = log.prepare(settings);
    let plan: ReturnType<Listeners['prepare']> | undefined;
    try {
      plan = listeners.prepare(settings);
      await this.#moveControl(settings);
    } catch (error) {
      plan?.rollback();
      logPlan.rollback();
      throw error;
    }
    const changes = diffSettings(this.settings, settings, originsOf(loaded)).map((change) => change.sentence);
    const newCertificates = files.differsFrom(pem.current);
    pem.current = files;
    logNotes(loaded, log, this.#loaded);
    this.#loaded = { ...loaded, settings };
    plane.apply(prepared);
    plan.commit();
    if (newCertificates) plane.registry.retireAll('a certificate file has changed');
    logPlan.commit();
    watch(loaded.files, settings);
    if (newCertificates)
      changes.push(
        'certificate or key files have new contents; server connections are replaced as they come free',
      );
    const ignored = this.#parts.ignored(this.#loaded);
    return { ok: true, changes, problems: [...sentences(loaded.problems), ...ignored] };
  }

  /** What somebody may look for in the files in vain. */
  #setSentences(): readonly string[] {
    return Object.entries(this.#set).map(
      ([name, value]) =>
        `${name} is "${value}" by SET at the console, whatever the files say, until it is SET to DEFAULT or the agent starts anew`,
    );
  }

  async #moveControl(settings: Settings): Promise<void> {
    if (
      settings.control_socket === this.settings.control_socket &&
      settings.unix_socket_dir === this.settings.unix_socket_dir
    )
      return;
    const next = await this.#parts.openControl(settings);
    this.#control?.stop();
    this.#control = next;
  }

  get #shownState(): AgentState {
    return this.#state === 'running' ? this.#verbs.mode : this.#state;
  }

  #is(state: AgentState): boolean {
    return this.#state === state;
  }

  #isDrained(what: 'clients' | 'servers'): boolean {
    const { plane } = this.#parts;
    if (what === 'clients') return plane.context.clients.count === 0;
    return [...plane.registry].every((pool) => pool.activeServers.length + pool.cleaningServers.length === 0);
  }

  #tellStatus(): void {
    this.#told = this.#statusLine();
    this.#parts.notifier.status(this.#told);
  }

  #statusLine(): string {
    return statusLine(this.#shownState, this.#parts.plane, this.#lastReload?.ok === false);
  }
}
