// Fetches passwords from where the configuration says they are: a file, a command, the secrets manager's command.

import { AgentError, type Problem, problem } from '../base/errors.ts';
import { type Origin, printOrigin } from '../base/origin.ts';
import { Secret } from '../base/secret.ts';
import { absolutePath } from './absolute_path.ts';
import { commandWords } from './command_words.ts';
import type { ChosenSettings } from './merge.ts';
import type { Located, SourceIo } from './source.ts';
import { whyNotRun } from './trust.ts';

export type PasswordField = 'password' | 'password_file' | 'password_command' | 'secret_id';
/** Of the second password, while it is rotated: the same words with `_next` behind them. */
export type NextPasswordField = `${PasswordField}_next`;
export type PasswordFields = Readonly<Partial<Record<PasswordField | NextPasswordField, Located<unknown>>>>;

const PASSWORD_FIELDS = ['password', 'password_file', 'password_command', 'secret_id'] as const;
/** Longer than any password, verifier or token that PostgreSQL takes. */
const SECRET_CHARS_MAX = 65_536;

/** Where a password was said, of the four. */
export function passwordOrigin(fields: PasswordFields): Origin | undefined {
  const field = PASSWORD_FIELDS.find((each) => fields[each] !== undefined);
  return field === undefined ? undefined : fields[field]!.origin;
}

/** What is said of the second password, in the words of the first. */
function nextOf(fields: PasswordFields): PasswordFields {
  const said = PASSWORD_FIELDS.flatMap((field) => {
    const located = fields[`${field}_next`];
    return located === undefined ? [] : [[field, located] as const];
  });
  return Object.fromEntries(said);
}

/** What was said of a password and came to a secret or to nothing; `lost` when it could not be had. */
export type Fetched = Secret | 'lost' | undefined;

export interface FetchedPasswords {
  readonly secret: Fetched;
  /** Undefined also where it is lost, which is a problem already. */
  readonly next: Secret | undefined;
}

/** One for each load: a command that two databases name runs once. */
export class SecretFetcher {
  readonly problems: Problem[] = [];
  /** The password files, for the watcher. */
  readonly files: string[] = [];
  readonly #io: SourceIo;
  readonly #settings: ChosenSettings;
  readonly #running = new Map<string, Promise<string>>();

  constructor(io: SourceIo, settings: ChosenSettings) {
    this.#io = io;
    this.#settings = settings;
  }

  /** The password, and the next one while it is rotated. */
  async fetchBoth(owner: string, fields: PasswordFields): Promise<FetchedPasswords> {
    const [secret, next] = await Promise.all([
      this.fetch(owner, fields),
      this.fetch(`${owner} (password_next)`, nextOf(fields)),
    ]);
    return { secret, next: next === 'lost' ? undefined : next };
  }

  /** Undefined when no password is said; `lost` when it could not be had, which is then among the problems. */
  async fetch(owner: string, fields: PasswordFields): Promise<Fetched> {
    const said = PASSWORD_FIELDS.filter((field) => fields[field] !== undefined);
    const [field, second] = said;
    if (field === undefined) return undefined;
    const located = fields[field]!;
    if (second !== undefined) {
      const other = printOrigin(fields[second]!.origin);
      return this.#fail(owner, located, `${field} and ${second} (${other}) are both set; keep one of them`);
    }
    try {
      const text = await this.#text(field, String(located.value), located);
      if (text === '') return this.#fail(owner, located, `${field} gave nothing`);
      if (text.includes('\0')) return this.#fail(owner, located, `${field} gave a NUL byte`);
      if (text.length > SECRET_CHARS_MAX)
        return this.#fail(owner, located, `${field} gave over ${SECRET_CHARS_MAX} characters`);
      return new Secret(text);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      return this.#fail(owner, located, error.message);
    }
  }

  #text(field: PasswordField, value: string, located: Located): string | Promise<string> {
    if (field === 'password') return value;
    if (field === 'password_file') return this.#file(value, located);
    if (field === 'password_command') return this.#run(commandWords(value), field, located.origin);
    const command = this.#settings.secrets_command.value as string;
    if (command === '') {
      const reason = "it is not set, and fetches what ['secrets_manager', id] names";
      throw new AgentError('command_failed', { command: 'secrets_command', reason });
    }
    const words = commandWords(command);
    const { origin } = this.#settings.secrets_command;
    if (words === undefined) return this.#run(words, 'secrets_command', origin);
    // The application's file says the id, and the command may be another's.
    if (value.startsWith('-')) {
      const reason = `the id "${value}" begins with a dash, and would be an option to it`;
      throw new AgentError('command_failed', { command: 'secrets_command', reason });
    }
    // Put in after the words are split: an id cannot become an argument more.
    const [program, ...args] = words;
    const filled = args.map((word) => word.replaceAll('{id}', value));
    const all: [string, ...string[]] = [program, ...(command.includes('{id}') ? filled : [...args, value])];
    return this.#run(all, 'secrets_command', origin);
  }

  #file(value: string, located: Located): string {
    const path = absolutePath(value, located.origin, this.#io);
    this.files.push(path);
    const text = this.#io.read(path);
    const advice = 'it should hold the password';
    if (text === undefined && this.#io.isUnreadable?.(path))
      throw new AgentError('config_unreadable', { reason: advice }, { place: path });
    if (text === undefined) throw new AgentError('config_missing', { path, advice });
    return text.replace(/\r?\n$/, '');
  }

  #run(words: ReturnType<typeof commandWords>, setting: string, origin: Origin): Promise<string> {
    const why = whyNotRun(this.#io.ownerOf?.(origin.place), this.#io.caller);
    if (why !== undefined) throw new AgentError('command_failed', { command: setting, reason: why });
    if (words === undefined) {
      const reason = `expected a program and its arguments, with every quote closed`;
      throw new AgentError('command_failed', { command: setting, reason });
    }
    const key = JSON.stringify(words);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const [program, ...args] = words;
    const started = this.#io.run(program, args, this.#settings.secret_command_timeout.value as number);
    this.#running.set(key, started);
    return started;
  }

  #fail(owner: string, located: Located, reason: string): 'lost' {
    this.problems.push(problem('error', 'secret_unreadable', { owner, reason }, located.origin));
    return 'lost';
  }
}
