// THE table of signals: what each one asks of a running agent, with PgBouncer's meaning.

import type { Log } from '../base/log.ts';

export type SignalName = 'SIGHUP' | 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGUSR1' | 'SIGUSR2';

/** The verbs that a signal can ask for; `agent/daemon/controls.ts` has them all. */
export interface SignalControls {
  reload(): unknown;
  pause(): unknown;
  resume(): unknown;
  /** No new clients; ends when those that are there have gone, or drain_timeout is over. */
  drainClients(): unknown;
  /** No new work; ends when what runs on servers is done, or drain_timeout is over. */
  drainServers(): unknown;
  /** Ends now. */
  stop(): unknown;
}

export type SignalVerb = keyof SignalControls;

export interface SignalRow {
  readonly verb: SignalVerb;
  /** What it asks for once the agent is already on its way out. */
  readonly whileEnding: SignalVerb | undefined;
  readonly doc: string;
}

export const SIGNALS: Readonly<Record<SignalName, SignalRow>> = Object.freeze({
  SIGHUP: { verb: 'reload', whileEnding: undefined, doc: 'Read the configuration again.' },
  SIGTERM: {
    verb: 'drainClients',
    whileEnding: 'stop',
    doc: 'Wait for clients to leave, then end; a second one: now.',
  },
  SIGINT: {
    verb: 'drainServers',
    whileEnding: 'stop',
    doc: 'Wait for what runs on servers, then end; a second one: now.',
  },
  SIGQUIT: { verb: 'stop', whileEnding: 'stop', doc: 'End now.' },
  SIGUSR1: {
    verb: 'pause',
    whileEnding: undefined,
    doc: 'Let servers finish and give out no more, until SIGUSR2.',
  },
  SIGUSR2: { verb: 'resume', whileEnding: undefined, doc: 'Give out servers again.' },
});

const ENDING: readonly SignalVerb[] = ['drainClients', 'drainServers', 'stop'];

/** The part of `process` that is needed here. */
export interface SignalSource {
  on(signal: SignalName, listener: () => void): unknown;
  off(signal: SignalName, listener: () => void): unknown;
}

/** From now on signals are verbs. Gives the function that ends it. */
export function listenForSignals(source: SignalSource, controls: SignalControls, log: Log): () => void {
  let ending = false;
  const listeners = (Object.keys(SIGNALS) as SignalName[]).map((signal) => {
    const listener = (): void => {
      const verb = ending ? SIGNALS[signal].whileEnding : SIGNALS[signal].verb;
      if (verb === undefined) {
        log.info({ signal }, 'signal ignored: the agent is ending');
        return;
      }
      ending ||= ENDING.includes(verb);
      log.info({ signal, verb }, 'signal');
      void perform(verb, signal, controls, log);
    };
    source.on(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) source.off(signal, listener);
  };
}

/** A verb that fails says so itself, to whoever asked; here it must only not end the process. */
async function perform(
  verb: SignalVerb,
  signal: SignalName,
  controls: SignalControls,
  log: Log,
): Promise<void> {
  try {
    await controls[verb]();
  } catch (error) {
    log.error({ signal, verb, err: error }, 'signal failed');
  }
}
