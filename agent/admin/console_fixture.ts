// A console with clients around it, for its tests: what it is told and what it answers, as words.

import type { Controls, ReloadResult } from '../base/controls.ts';
import type { Settings } from '../config/settings.ts';
import type { Snapshot } from '../observe/snapshot.ts';
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
  /** Logged in as this user, who has read the greeting. */
  console(user?: string): Promise<FakeClient>;
}

/** Writes down what is asked of it. */
export class FakeControls implements Controls {
  readonly calls: string[] = [];
  reloaded: ReloadResult = { ok: true, changes: [], problems: [] };

  reload(why: string): Promise<ReloadResult> {
    this.calls.push(`reload ${why}`);
    return Promise.resolve(this.reloaded);
  }
  pause(database?: string): Promise<void> {
    this.calls.push(`pause ${database}`);
    return Promise.resolve();
  }
  disable(database: string): void {
    this.calls.push(`disable ${database}`);
  }
  enable(database: string): void {
    this.calls.push(`enable ${database}`);
  }
  kill(database?: string): void {
    this.calls.push(`kill ${database}`);
  }
  killClient(id: number): void {
    this.calls.push(`killClient ${id}`);
  }
  suspend(): Promise<void> {
    this.calls.push('suspend');
    return Promise.resolve();
  }
  waitClose(database?: string): Promise<void> {
    this.calls.push(`waitClose ${database}`);
    return Promise.resolve();
  }
  shutdown(mode: string): void {
    this.calls.push(`shutdown ${mode}`);
  }
  resume(database?: string): void {
    this.calls.push(`resume ${database}`);
  }
  reconnect(database?: string): void {
    this.calls.push(`reconnect ${database}`);
  }
  set(name: string, value: string | undefined): Promise<ReloadResult> {
    this.calls.push(`set ${name} ${value}`);
    return Promise.resolve(this.reloaded);
  }
  drain(what: string, timeoutMs: number): Promise<void> {
    this.calls.push(`drain ${what} ${timeoutMs}`);
    return Promise.resolve();
  }
  stop(): void {
    this.calls.push('stop');
  }
}

export async function consoleFixture(more: Partial<Settings> = {}): Promise<ConsoleFixture> {
  const users = ['idp_app', 'adm', 'sta'].map((name) => userOf({ name }));
  const settings = settingsOf([databaseOf()], users, { admin_users: ['adm'], stats_users: ['sta'], ...more });
  const plane = await dataPlane(settings);
  const controls = new FakeControls();
  const snapshot = (): Snapshot => ({ state: 'running', memoryBytes: 1_000_000 }) as Snapshot;
  plane.openConsole = (start) => {
    new Console(start, { context: plane.context, controls, snapshot });
  };
  return {
    plane,
    controls,
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
