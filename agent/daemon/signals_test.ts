// Signals as verbs: each one alone, two in a row, and a verb that fails.

import { expect, test } from 'bun:test';
import { silentLog } from '../base/log.ts';
import {
  listenForSignals,
  SIGNALS,
  type SignalControls,
  type SignalName,
  type SignalSource,
} from './signals.ts';

function makeWorld(failing?: keyof SignalControls) {
  const verbs: string[] = [];
  const errors: string[] = [];
  const listeners = new Map<SignalName, () => void>();
  const source: SignalSource = {
    on: (signal, listener) => listeners.set(signal, listener),
    off: (signal, listener) => listeners.get(signal) === listener && listeners.delete(signal),
  };
  function verb(name: keyof SignalControls): () => void {
    return () => {
      verbs.push(name);
      if (name === failing) throw new Error('no');
    };
  }
  const controls: SignalControls = {
    reload: verb('reload'),
    pause: verb('pause'),
    resume: verb('resume'),
    drainClients: verb('drainClients'),
    drainServers: verb('drainServers'),
    stop: verb('stop'),
  };
  const log = { ...silentLog, error: (_fields: unknown, sentence: string) => void errors.push(sentence) };
  const end = listenForSignals(source, controls, log);
  return { verbs, errors, listeners, end, send: (signal: SignalName) => listeners.get(signal)?.() };
}

test('listenForSignals() gives every signal the meaning that PgBouncer gives it', () => {
  const meanings = {
    SIGHUP: 'reload',
    SIGTERM: 'drainClients',
    SIGINT: 'drainServers',
    SIGQUIT: 'stop',
  } as const;
  for (const [signal, verb] of Object.entries({ ...meanings, SIGUSR1: 'pause', SIGUSR2: 'resume' })) {
    const world = makeWorld();
    world.send(signal as SignalName);
    expect(world.verbs).toEqual([verb]);
  }
});

test('listenForSignals() takes a second SIGTERM or SIGINT, in any order, for now', () => {
  for (const first of ['SIGTERM', 'SIGINT'] as const) {
    for (const second of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
      const world = makeWorld();
      world.send(first);
      world.send(second);
      expect(world.verbs).toEqual([SIGNALS[first].verb, 'stop']);
    }
  }
});

test('listenForSignals() neither pauses, resumes nor reloads an agent that is ending', () => {
  const world = makeWorld();
  for (const signal of ['SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGHUP'] as const) world.send(signal);
  expect(world.verbs).toEqual(['drainClients']);
});

test('listenForSignals() survives a verb that fails, and goes on', async () => {
  const world = makeWorld('reload');
  world.send('SIGHUP');
  await Promise.resolve();
  world.send('SIGHUP');
  await Promise.resolve();
  expect(world.verbs).toEqual(['reload', 'reload']);
  expect(world.errors).toEqual(['signal failed', 'signal failed']);
});

test('listenForSignals() stops listening when it is told to', () => {
  const world = makeWorld();
  expect(world.listeners.size).toBe(Object.keys(SIGNALS).length);
  world.end();
  expect(world.listeners.size).toBe(0);
});
