// The shape of one row of the command table, and of what a command is handed when it runs.

import type { Clock } from '../base/clock.ts';
import type { SourceIo } from '../config/source.ts';
import type { FileRoom } from '../render/write.ts';
import type { Background } from './background.ts';
import type { ProbeServer } from './check_connect.ts';
import type { ControlCall } from './control_client.ts';
import type { ServiceRoom } from './service_room.ts';

/** What a shell can offer while the operator types a value. */
export type Completion = 'file' | 'directory' | 'setting' | 'command';

export interface Flag {
  /** Without dashes: `show-secrets`. */
  readonly name: string;
  /** One letter, for a single dash. */
  readonly short?: string;
  /** What stands for its value in the help: `FILE`. Absent: the flag is a plain yes. */
  readonly value?: string;
  /** The only words its value may be. */
  readonly values?: readonly string[];
  readonly repeatable?: boolean;
  /** `--no-name` says no (settings of type boolean). */
  readonly negatable?: boolean;
  readonly completes?: Completion;
  /** One line, no full stop. */
  readonly summary: string;
}

export interface Argument {
  /** In capitals, as the help shows it. */
  readonly name: string;
  readonly required: boolean;
  readonly values?: readonly string[];
  readonly completes?: Completion;
  readonly summary: string;
}

export interface Exit {
  readonly code: ExitCode;
  /** What it means for this command. */
  readonly means: string;
}

export interface Example {
  readonly line: string;
  readonly does: string;
}

export interface Command {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** Paragraphs for its own help page. */
  readonly about: readonly string[];
  readonly arguments: readonly Argument[];
  readonly flags: readonly Flag[];
  /** What it loads the configuration for: then it takes --config, --source and every setting as a flag. */
  readonly configured: 'settings' | 'control socket' | false;
  readonly exits: readonly Exit[];
  readonly examples: readonly Example[];
  /** Imported when it is called, so that `version` does not wait for the YAML reader. */
  load(): Promise<Run>;
}

export type Run = (call: Call, host: Host) => Promise<number>;

/** The command line once it is understood. */
export interface Call {
  readonly arguments: readonly string[];
  /** The command's own flags that were given, name → values in order; a plain yes is `['true']`. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** Settings that were given as flags: snake_case name → values in order. */
  readonly settings: ReadonlyMap<string, readonly string[]>;
}

/** The process as the commands see it: cli/process_host.ts outside of tests. */
export interface Host {
  /** The command line, from the command on. */
  readonly words: readonly string[];
  out(text: string): void;
  err(text: string): void;
  /** Whoever read standard output has gone: nothing more need be said. */
  outIsOver?(): boolean;
  /** `bun 1.4.5, linux x64`. */
  readonly runtime: string;
  /** Whether colours may be used on each of the two. */
  readonly outColours: boolean;
  readonly errColours: boolean;
  /** A terminal, which `status --watch` may repaint. */
  readonly outIsTerminal: boolean;
  readonly clock: Clock;
  readonly io: SourceIo;
  readonly files: FileRoom;
  readonly background: Background;
  /** The packaged service of this machine; a host that is none has none. */
  readonly service?: ServiceRoom;
  readonly control: ControlCall;
  readonly probe: ProbeServer;
  /** A file with the machine's own CAs; throws AgentError when it has none. */
  systemCaFile(): string;
  /** Whether this machine has the group, by its name or number. */
  hasGroup(group: string): boolean;
  /** Calls back at the first Ctrl-C or SIGTERM; undone by what it returns. */
  onInterrupt(stop: () => void): () => void;
}

/** sysexits.h where it has a word for it; docs/reference/command_line.md prints this table. */
export const EXIT_CODES = {
  0: 'done',
  1: 'failed, in a way that has no code of its own; `render --diff`: something would change',
  64: 'the command line was wrong',
  69: 'the agent is not running, or a server cannot be reached',
  70: 'a bug in pgsidecar',
  73: 'a file could not be written',
  75: 'the time was up',
  77: 'permission denied',
  78: 'the configuration cannot be used',
} as const;

export type ExitCode = keyof typeof EXIT_CODES;

/** The single value of a flag, the last one winning as everywhere in UNIX. */
export function flagValue(call: Call, name: string): string | undefined {
  return call.flags.get(name)?.at(-1);
}

export function flagIsSet(call: Call, name: string): boolean {
  return call.flags.has(name);
}
