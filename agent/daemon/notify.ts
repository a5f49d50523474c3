// Tells systemd how the agent is: READY, RELOADING, STATUS, STOPPING, WATCHDOG; says nothing where nobody listens.

import type { Log } from '../base/log.ts';
import type { Libc } from '../native/libc.ts';
import { monotonicMicroseconds } from '../native/monotonic.ts';
import { makeSendState, type SendState, type Systemd } from '../native/systemd.ts';

export interface Notifier {
  /** The agent serves; also the end of a reload. */
  ready(): void;
  /** A reload begins; ready() ends it. */
  reloading(): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  stopping(): void;
  /** I am alive: to be said every `watchdogIntervalMs`. */
  watchdog(): void;
  /** From now on another process is the service (a restart without a gap). */
  mainPid(pid: number): void;
  /** Half of what WatchdogSec= allows; undefined where no watchdog waits for this process. */
  readonly watchdogIntervalMs: number | undefined;
}

/** What the notifier needs of the machine. `systemd` undefined: the library is not installed. */
export interface NotifyMachine {
  readonly pid: number;
  readonly libc: Libc;
  readonly systemd: Systemd | undefined;
  readonly log: Log;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, as sd_notify(3) and sd_watchdog_enabled(3) do. */
export function makeNotifier(env: Environment, machine: NotifyMachine): Notifier {
  const address = env.NOTIFY_SOCKET;
  const send = address === undefined || address === '' ? sayNothing : makeSay(address, machine);
  return Object.freeze({
    ready: () => send('READY=1'),
    // systemd takes a reload for begun only with the time at which it began, for Type=notify-reload.
    reloading: () => send(`RELOADING=1\nMONOTONIC_USEC=${monotonicMicroseconds(machine.libc)}`),
    status: (text: string) => send(`STATUS=${text.replace(/[\r\n]+/g, ' ')}`),
    stopping: () => send('STOPPING=1'),
    watchdog: () => send('WATCHDOG=1'),
    mainPid: (pid: number) => send(`MAINPID=${pid}`),
    watchdogIntervalMs: watchdogIntervalMs(env, machine.pid),
  });
}

function sayNothing(): void {}

function makeSay(address: string, machine: NotifyMachine): (state: string) => void {
  const sendState: SendState = makeSendState(machine.libc, machine.systemd, address);
  let complained = false;
  return (state) => {
    const reason = sendState(state);
    // Once is enough: the watchdog alone would say it every few seconds.
    if (reason !== undefined && !complained) {
      machine.log.warn({ address, reason }, 'cannot notify systemd');
    }
    complained = reason !== undefined;
  };
}

function watchdogIntervalMs(env: Environment, pid: number): number | undefined {
  const { WATCHDOG_USEC: microseconds, WATCHDOG_PID: forPid } = env;
  if (microseconds === undefined || !/^[1-9][0-9]{0,15}$/.test(microseconds)) return undefined;
  if (forPid !== undefined && forPid !== '' && forPid !== String(pid)) return undefined;
  return Math.max(1, Math.floor(Number(microseconds) / 2_000));
}
