// Reads databases from Rails' config/database.yml: one or several for an environment, URLs from the environment besides.

import { type Problem, problem } from '../../base/errors.ts';
import type { Origin } from '../../base/origin.ts';
import { readConninfo } from '../conninfo.ts';
import { DraftWords } from '../draft_words.ts';
import { FRAMEWORK_WORDS, LIBPQ_KEYWORDS } from '../libpq_keywords.ts';
import type { DatabaseDraft, Located, SourceIo, SourceReading } from '../source.ts';
import type { YamlMap, YamlNode, YamlScalar } from '../yaml_text.ts';
import { absolutePath } from './read_text.ts';
import { completeAsLibpq, type Variables } from './variable_words.ts';
import { DATABASES_MAX, environmentVariables, PRIMARY } from './variables.ts';
import { isNothing, rubyText, YamlFile } from './yaml_file.ts';

const ADAPTERS = /^(postgresql|postgis|postgres|pg|postgresql_\w+|postgresql-\w+)$/;
const MEANT: Readonly<Record<string, 'number' | 'secret'>> = {
  port: 'number',
  connect_timeout: 'number',
  password: 'secret',
  password_next: 'secret',
  url: 'secret',
};
/** Rails' names for libpq's. */
const RAILS_WORDS: Readonly<Record<string, string>> = { database: 'dbname', username: 'user' };

export function readDatabaseYml(path: string, environment: string, io: SourceIo): SourceReading {
  const reader = new Reader(path, environment, io);
  reader.read();
  const { databases, problems } = reader;
  return { format: 'database.yml', databases, settings: {}, problems, files: [...new Set(reader.files)] };
}

class Reader {
  readonly databases: DatabaseDraft[] = [];
  readonly problems: Problem[] = [];
  readonly files: string[] = [];
  readonly #path: string;
  readonly #environment: string;
  readonly #io: SourceIo;
  readonly #file: YamlFile;
  readonly #variables: Variables;

  constructor(path: string, environment: string, io: SourceIo) {
    this.#path = path;
    this.#environment = environment;
    this.#io = io;
    this.#file = new YamlFile(path, io);
    this.#variables = environmentVariables(io.env);
    this.files.push(absolutePath(path, io));
    this.problems.push(...this.#file.problems);
  }

  read(): void {
    const { root, missing } = this.#file;
    if (missing) {
      const reason = 'there is no such file';
      this.problems.push(problem('error', 'config_unreadable', { reason }, { place: this.#path }));
    }
    if (missing || this.problems.some((each) => each.severity === 'error')) return;
    const section = root?.entries.get(this.#environment);
    if (section === undefined || isNothing(section)) this.#missingSection(root);
    else if (section.kind === 'scalar') this.#database(PRIMARY, section);
    else if (section.kind === 'map' && isSeveral(section)) this.#several(section);
    else this.#database(PRIMARY, section);
  }

  #missingSection(root: YamlMap | undefined): void {
    // Rails makes a database out of DATABASE_URL alone.
    if (this.#io.env.DATABASE_URL) {
      this.#finish(PRIMARY, new DraftWords(), { place: 'environment', key: 'DATABASE_URL' }, undefined);
      return;
    }
    const sections = [...(root?.entries ?? [])].flatMap(([name, node]) =>
      node.kind === 'map' ? [name] : [],
    );
    const details = { environment: this.#environment, sections: sections.join(', ') || 'none' };
    this.problems.push(problem('error', 'environment_missing', details, { place: this.#path }));
  }

  #several(section: YamlMap): void {
    for (const [name, node] of section.entries) {
      if (this.databases.length === DATABASES_MAX) {
        const reason = `it has more than ${DATABASES_MAX} (DATABASES_MAX) databases`;
        this.problems.push(problem('error', 'yaml_limit', { reason }, node.origin));
        return;
      }
      this.#database(name, node);
    }
  }

  #database(name: string, node: YamlNode): void {
    const words = new DraftWords();
    if (node.kind === 'scalar') {
      const url = this.#text(node, 'url', words);
      if (url !== undefined) this.#finish(name, words, node.origin, url);
      return;
    }
    if (node.kind === 'list') {
      const details = { setting: name, value: 'a list', expected: 'the words of a database' };
      this.problems.push(problem('error', 'setting_invalid', details, node.origin));
      return;
    }
    const { entries } = node;
    const urlNode = entries.get('url');
    const url = urlNode?.kind === 'scalar' ? this.#text(urlNode, 'url', words) : undefined;
    this.#finish(name, words, node.origin, url, node);
  }

  /** The URL wins over the words beside it; the file's URL over that of the environment, which then is not looked at. */
  #finish(
    name: string,
    words: DraftWords,
    origin: Origin,
    fileUrl: Located<string> | undefined,
    node?: YamlMap,
  ): void {
    const url = fileUrl ?? this.#environmentUrl(name);
    const read = url === undefined ? undefined : readConninfo(url.value, url.origin);
    // Where the URL leads to the agent itself, its host is left out, and the words beside it still name the server.
    if (read !== undefined) words.fillFrom(read.words);
    const adapter = read === undefined && node !== undefined ? this.#adapter(node, words) : 'postgresql';
    let pool = url === undefined ? undefined : poolOf(read?.pool, url.origin);
    const other = read?.foreign === true || !ADAPTERS.test(adapter);
    if (!other && node !== undefined) pool = this.#takeEntries(node, words) ?? pool;
    if (!other) {
      this.files.push(...completeAsLibpq(words, this.#variables, this.#io));
      words.finish();
    } else if (read === undefined) {
      const details = { what: `database "${name}"`, adapter: adapter || 'a database without an adapter' };
      const at = node?.entries.get('adapter')?.origin ?? origin;
      words.problems.push(problem('warning', 'not_postgres', details, at));
    }
    for (const each of words.problems)
      if (!this.problems.some(({ sentence }) => sentence === each.sentence)) this.problems.push(each);
    if (!other && words.isUsable()) this.databases.push(words.draft(name, origin, pool));
  }

  /** `CACHE_DATABASE_URL` for the database `cache`; DATABASE_URL is for `primary` alone. */
  #environmentUrl(name: string): Located<string> | undefined {
    const names = [`${name.toUpperCase()}_DATABASE_URL`, ...(name === PRIMARY ? ['DATABASE_URL'] : [])];
    for (const key of names) {
      const value = Object.hasOwn(this.#io.env, key) ? this.#io.env[key] : undefined;
      if (value !== undefined && value !== '') return { value, origin: { place: 'environment', key } };
    }
    return undefined;
  }

  #adapter(node: YamlMap, words: DraftWords): string {
    const adapter = node.entries.get('adapter');
    return adapter?.kind === 'scalar' ? (this.#text(adapter, 'adapter', words)?.value ?? '') : '';
  }

  /** Everything that Rails hands on to libpq, and what pgsidecar reads of Rails' own; answers the size of Rails' pool. */
  #takeEntries(node: YamlMap, words: DraftWords): Located<number> | undefined {
    let pool: Located<number> | undefined;
    // Where both are written, Rails lets its own names win over libpq's.
    const byName = ([key]: readonly [string, YamlNode]) => (Object.hasOwn(RAILS_WORDS, key) ? 0 : 1);
    for (const [key, value] of [...node.entries].toSorted((a, b) => byName(a) - byName(b))) {
      if (key === 'url' || key === 'adapter' || isNothing(value)) continue;
      if (key === 'variables' && value.kind === 'map') this.#takeVariables(value, words);
      else if (value.kind !== 'scalar') continue;
      else if (key === 'pool' || key === 'max_connections') pool = this.#pool(value, words) ?? pool;
      else if (key === 'replica') {
        if (value.value === true) words.takeRole('replica', value.origin);
      } else this.#takeWord(key, value, words);
    }
    return pool;
  }

  #takeWord(key: string, value: YamlScalar, words: DraftWords): void {
    const keyword = RAILS_WORDS[key] ?? key;
    if (FRAMEWORK_WORDS.has(key)) {
      this.#told(value, words, 'warning');
      return;
    }
    if (!Object.hasOwn(LIBPQ_KEYWORDS, keyword) && keyword !== 'password_next') {
      words.problems.push(problem('warning', 'conninfo_word_unknown', { keyword: key }, value.origin));
      return;
    }
    if (words.has(keyword)) return;
    const text = this.#text(value, key, words);
    if (text !== undefined) words.take(keyword, text.value, text.origin, key);
  }

  /** Rails sets these on every connection; `default` is for what the server has anyway. */
  #takeVariables(map: YamlMap, words: DraftWords): void {
    for (const [name, value] of map.entries) {
      if (value.kind !== 'scalar' || value.value === null) continue;
      const text = this.#text(value, name, words, 'number');
      if (text !== undefined && !/^:?default$/.test(text.value))
        words.takeParameter(name, text.value, text.origin);
    }
  }

  #pool(value: YamlScalar, words: DraftWords): Located<number> | undefined {
    return this.#told(value, words, 'warning')
      ? undefined
      : poolOf(value.text.replaceAll('_', ''), value.origin);
  }

  /** Undefined when the value holds an expression that is not read, or nothing. */
  #text(
    node: YamlScalar,
    setting: string,
    words: DraftWords,
    meant: 'text' | 'number' = 'text',
  ): Located<string> | undefined {
    if (this.#told(node, words, 'error')) return undefined;
    const text = rubyText(node, setting, MEANT[setting] ?? meant, words.problems);
    return text.value === '' ? undefined : text;
  }

  /** Says what is wrong with the expressions in a value: an error where the value is needed, else a warning. */
  #told(node: YamlScalar, words: DraftWords, severity: Problem['severity']): boolean {
    const refused = this.#file.refusedIn(node.text);
    words.problems.push(...refused.map((each) => ({ ...each, severity })));
    return refused.length > 0;
  }
}

/** Rails: an environment has several databases when every word of it is a mapping. */
function isSeveral(section: YamlMap): boolean {
  const entries = [...section.entries].filter(([, node]) => !isNothing(node));
  return entries.length > 0 && entries.every(([key, node]) => node.kind === 'map' && key !== 'variables');
}

function poolOf(text: string | undefined, origin: Origin): Located<number> | undefined {
  return text !== undefined && /^\d{1,6}$/.test(text) ? { value: Number(text), origin } : undefined;
}
