// What the login.gov dialect of application.yml says of databases: identity-idp's keys, in identity-idp's own way.

import { type Problem, problem } from '../../base/errors.ts';
import type { Origin } from '../../base/origin.ts';
import { DraftWords } from '../draft_words.ts';
import { isAgentSocket } from '../libpq_keywords.ts';
import type { DatabaseDraft, Located, SourceIo } from '../source.ts';
import type { YamlList, YamlNode } from '../yaml_text.ts';
import { takePassword } from './libpq_service.ts';
import { isNothing, type RefusedIn } from './yaml_file.ts';

/** The keys that tell this dialect from figaro's; there is no other reader of such names. */
export const LOGIN_GOV_KEYS = [
  'database_host',
  'database_socket',
  'database_read_replica_host',
  'database_worker_jobs_host',
] as const;

/** libpq's keyword → the key. What a database does not have of its own, identity-idp's database.yml takes from the writer. */
const WRITER = {
  host: 'database_host',
  port: 'database_port',
  dbname: 'database_name',
  user: 'database_username',
  password: 'database_password',
  password_next: 'database_password_next',
  sslmode: 'database_sslmode',
} as const;
// sslmode is not among them: database.yml has verify-full for the replica, whatever the writer has.
const READ_REPLICA = {
  host: 'database_read_replica_host',
  port: ['database_read_replica_port', 'database_port'],
  dbname: 'database_name',
  user: 'database_readonly_username',
  password: 'database_readonly_password',
  password_next: 'database_readonly_password_next',
} as const;
const WORKER_JOBS = {
  host: 'database_worker_jobs_host',
  port: ['database_worker_jobs_port', 'database_port'],
  dbname: 'database_worker_jobs_name',
  user: 'database_worker_jobs_username',
  password: 'database_worker_jobs_password',
  password_next: 'database_worker_jobs_password_next',
  sslmode: 'database_worker_jobs_sslmode',
} as const;

type Keys = Readonly<Record<string, string | readonly string[]>>;

/** `values` are the merged file: the default, the override, the section of the environment. */
export function loginGovDatabases(
  values: ReadonlyMap<string, YamlNode>,
  refusedIn: RefusedIn,
  io: SourceIo,
): {
  readonly databases: readonly DatabaseDraft[];
  readonly problems: readonly Problem[];
  readonly files: readonly string[];
} {
  const reader = new Reader(values, refusedIn, io);
  const drafts = [
    reader.writer(),
    reader.other('read_replica', READ_REPLICA),
    reader.other('worker_jobs', WORKER_JOBS),
  ];
  return {
    databases: drafts.filter((each) => each !== undefined),
    problems: reader.problems,
    files: reader.files,
  };
}

class Reader {
  readonly problems: Problem[] = [];
  readonly files: string[] = [];
  readonly #values: ReadonlyMap<string, YamlNode>;
  readonly #refusedIn: RefusedIn;
  readonly #io: SourceIo;
  /** A key that two databases share is read once, and complained about once. */
  readonly #read = new Map<string, Located<string> | undefined>();

  constructor(values: ReadonlyMap<string, YamlNode>, refusedIn: RefusedIn, io: SourceIo) {
    this.#values = values;
    this.#refusedIn = refusedIn;
    this.#io = io;
  }

  writer(): DatabaseDraft | undefined {
    const words = new DraftWords();
    this.#takeKeys(WRITER, words);
    this.#takeSocket(words);
    const { host, dbname, user } = words.fields;
    const origin = (host ?? dbname ?? user)?.origin ?? words.agentSocket;
    if (origin === undefined) return undefined;
    words.takeRole('writer', origin);
    return this.#finish('primary', words, origin, this.#pool());
  }

  other(key: 'read_replica' | 'worker_jobs', keys: Keys): DatabaseDraft | undefined {
    const words = new DraftWords();
    this.#takeKeys({ host: keys.host ?? [] }, words);
    const origin = words.fields.host?.origin ?? words.agentSocket;
    // Without a host of its own the application does not use it.
    if (origin === undefined) return undefined;
    this.#takeKeys(keys, words);
    words.takeRole(key === 'read_replica' ? 'replica' : 'writer', origin);
    return this.#finish(key, words, origin);
  }

  #finish(key: string, words: DraftWords, origin: Origin, pool?: Located<number>): DatabaseDraft {
    this.files.push(...takePassword(words, this.#io));
    words.finish();
    this.problems.push(...words.problems);
    return words.draft(key, origin, pool);
  }

  #takeKeys(keys: Keys, words: DraftWords): void {
    for (const [keyword, written] of Object.entries(keys)) {
      if (words.has(keyword)) continue;
      for (const key of [written].flat()) {
        const located = this.#text(key, keyword, words);
        if (located === undefined || words.has(keyword)) continue;
        words.take(keyword, located.value, located.origin, key);
      }
    }
    words.leaveOutAgentSockets();
  }

  /**
   * identity-idp goes to `database_socket` when it is set: once the application uses the agent, that is the agent's own
   * socket, and before it did, another pooler's. So the agent goes to `database_host`, and to the socket only where there
   * is no host at all.
   */
  #takeSocket(words: DraftWords): void {
    const socket = this.#text('database_socket', 'host', words);
    if (socket === undefined) return;
    if (isAgentSocket(socket.value)) words.agentSocket ??= socket.origin;
    else if (words.fields.host === undefined)
      words.take('host', socket.value, socket.origin, 'database_socket');
    else {
      const winner = `database_host (${words.fields.host.origin.place}:${words.fields.host.origin.line})`;
      const details = { setting: 'database_socket', winner };
      words.problems.push(problem('warning', 'contradiction', details, socket.origin));
    }
  }

  /** `database_pool_idp` is how many connections each process of the application keeps: nothing that the agent could use as its own. */
  #pool(): Located<number> | undefined {
    const node = this.#values.get('database_pool_idp');
    if (node === undefined || isNothing(node)) return undefined;
    const value = node.kind === 'scalar' ? node.value : undefined;
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) {
      return { value: number, origin: node.origin };
    }
    const written = node.kind === 'scalar' ? node.text : 'a list or mapping';
    const details = { setting: 'database_pool_idp', value: written, expected: 'a whole number' };
    this.problems.push(problem('error', 'setting_invalid', details, node.origin));
    return undefined;
  }

  /** The text of a key; undefined when it says nothing, or cannot be used, which is a problem then. */
  #text(key: string, keyword: string, words: DraftWords): Located<string> | undefined {
    const node = this.#values.get(key);
    if (node === undefined || isNothing(node)) return undefined;
    // A secret's identity is no text, and it goes to its own field.
    if (node.kind === 'list' && listWord(node, 0) === 'secrets_manager')
      return this.#secret(node, key, keyword, words);
    if (!this.#read.has(key)) this.#read.set(key, this.#textOf(node, key, keyword));
    return this.#read.get(key);
  }

  #textOf(node: YamlNode, key: string, keyword: string): Located<string> | undefined {
    const secret = keyword === 'password' || keyword === 'password_next';
    if (node.kind === 'scalar') {
      const refused = this.#refusedIn(node);
      this.problems.push(...refused);
      if (refused.length > 0) return undefined;
      if (typeof node.value === 'string')
        return node.value === '' ? undefined : { value: node.value, origin: node.origin };
      // identity-hostdata takes a port as a number, and raises for any other value that is no string.
      if (keyword === 'port' && typeof node.value === 'number')
        return { value: String(node.value), origin: node.origin };
      return this.#invalid(key, secret ? '***' : node.text, 'a text: put it in quotes', node.origin);
    }
    const variable = node.kind === 'list' && listWord(node, 0) === 'env' ? listWord(node, 1) : undefined;
    if (variable === undefined) {
      const value = secret ? '***' : `a ${node.kind === 'list' ? 'list' : 'mapping'}`;
      return this.#invalid(key, value, "a text, or ['env', NAME]", node.origin);
    }
    const value = Object.hasOwn(this.#io.env, variable) ? this.#io.env[variable] : undefined;
    if (value !== undefined) return value === '' ? undefined : { value, origin: node.origin };
    this.problems.push(problem('error', 'variable_unset', { setting: key, variable }, node.origin));
    return undefined;
  }

  #secret(node: YamlList, key: string, keyword: string, words: DraftWords): undefined {
    const id = listWord(node, 1);
    if (keyword === 'password' && id !== undefined)
      words.fields.secret_id ??= { value: id, origin: node.origin };
    else if (keyword === 'password_next' && id !== undefined)
      words.fields.secret_id_next ??= { value: id, origin: node.origin };
    else
      this.#invalid(
        key,
        'a secret',
        'a text: only a password can come from the secrets manager',
        node.origin,
      );
    return undefined;
  }

  #invalid(setting: string, value: string, expected: string, origin: Origin): undefined {
    this.problems.push(problem('error', 'setting_invalid', { setting, value, expected }, origin));
    return undefined;
  }
}

/** A word of a list of exactly two: `['env', NAME]`. */
export function listWord(list: YamlList, index: 0 | 1): string | undefined {
  const item = list.items.length === 2 ? list.items[index] : undefined;
  return item?.kind === 'scalar' && typeof item.value === 'string' && item.value !== ''
    ? item.value
    : undefined;
}
