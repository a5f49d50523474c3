// A console with clients around it, for its tests: what it is told and what it answers, as words.

import type { Controls, ReloadResult } from '../base/controls.ts';
import type { Settings } from '../config/settings.ts';
import type { AgentState, Snapshot } from '../observe/snapshot.ts';
import { startup } from '../tests/harness/client_words.ts';
import {
  type DataPlane,
  databaseOf,
  dataPlane,
  type FakeClient,
  settingsOf,
  userOf,
} from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { Console } from './console.ts';

export interface ConsoleFixture {
  readonly plane: DataPlane;
  /** What was asked of the agent, and what it is to answer. */
  readonly controls: FakeControls;
  /** What the agent says that it is. */
  readonly state: { current: AgentState };
  /** Logged in as this user, who has read the greeting. */
  console(user?: string): Promise<FakeClient>;
}

/** Writes down what is asked of it. */
export class FakeControls implements Controls {
  readonly calls: string[] = [];
  reloaded: ReloadResult = { ok: true, changes: [], problems: [] };
  /** What every verb throws. */
  failure: Error | undefined;
  #wait: Promise<void> = Promise.resolve();

  /** Those that take time are done when it says so. */
  waits(): PromiseWithResolvers<void> {
    const wait = Promise.withResolvers<void>();
    this.#wait = wait.promise;
    return wait;
  }

  reload(why: string): Promise<ReloadResult> {
    this.calls.push(`reload ${why}`);
    return Promise.resolve(this.reloaded);
  }
  set(name: string, value: string | undefined): Promise<ReloadResult> {
    this.calls.push(`set ${name} ${value}`);
    return Promise.resolve(this.reloaded);
  }
  async pause(database?: string): Promise<void> {
    this.#note(`pause ${database}`);
    await this.#wait;
  }
  resume(database?: string): void {
    this.#note(`resume ${database}`);
  }
  disable(database: string): void {
    this.#note(`disable ${database}`);
  }
  enable(database: string): void {
    this.#note(`enable ${database}`);
  }
  reconnect(database?: string): void {
    this.#note(`reconnect ${database}`);
  }
  kill(database?: string): void {
    this.#note(`kill ${database}`);
  }
  killClient(id: number): void {
    this.#note(`killClient ${id}`);
  }
  async suspend(): Promise<void> {
    this.#note('suspend');
    await this.#wait;
  }
  async waitClose(database?: string): Promise<void> {
    this.#note(`waitClose ${database}`);
    await this.#wait;
  }
  shutdown(mode: string): void {
    this.#note(`shutdown ${mode}`);
  }
  drain(what: string, timeoutMs: number): Promise<void> {
    this.#note(`drain ${what} ${timeoutMs}`);
    return Promise.resolve();
  }
  stop(): void {
    this.#note('stop');
  }

  #note(call: string): void {
    if (this.failure !== undefined) throw this.failure;
    this.calls.push(call);
  }
}

export async function consoleFixture(more: Partial<Settings> = {}): Promise<ConsoleFixture> {
  const users = ['idp_app', 'adm', 'sta'].map((name) => userOf({ name }));
  const settings = settingsOf([databaseOf()], users, { admin_users: ['adm'], stats_users: ['sta'], ...more });
  const plane = await dataPlane(settings);
  const controls = new FakeControls();
  const state: { current: AgentState } = { current: 'running' };
  const snapshot = (): Snapshot => ({ state: state.current, memoryBytes: 1_000_000 }) as Snapshot;
  plane.openConsole = (start) => {
    new Console(start, {
      ...{ context: plane.context, controls, snapshot },
      localEnd: () => ['127.0.0.1', 6432],
    });
  };
  return {
    plane,
    controls,
    state,
    async console(user = 'adm') {
      const client = plane.accept();
      client.says(startup({ user, database: 'pgbouncer' }));
      await settle();
      const greeting = client.heard();
      if (greeting.at(-1) !== 'Ready I')
        throw new Error(`the login ended otherwise: ${greeting.join(' | ')}`);
      return client;
    },
  };
}

/** Says it, and hears all that is answered. */
export async function hears(client: FakeClient, ...messages: readonly Uint8Array[]): Promise<string[]> {
  client.says(...messages);
  await settle();
  return client.heard();
}
