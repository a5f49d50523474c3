// A file of the application whose lines lead to the agent, made to lead to the server again; all else in it stays as it is.

import { secretKind } from '../auth/secret_kind.ts';
import { AgentError } from '../base/errors.ts';
import { isSocketHost } from '../base/socket_host.ts';
import { conninfoWords, maskConninfo } from '../config/conninfo.ts';
import { schemeOf } from '../config/conninfo_url.ts';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import { directUrl } from './direct_url.ts';
import { type FileLine, linesOf, neighbour, quoted, textOf } from './file_lines.ts';
import type { Library } from './libraries.ts';

export interface EjectWishes {
  /** As the operator wrote it, for complaints. */
  readonly path: string;
  readonly systemCaFile: string;
  /** Without it, what the URL in the file looks like. */
  readonly library?: Library;
}

export interface Change {
  /** Counted from 1, in the file as it was. */
  readonly line: number;
  /** The variable or key. */
  readonly what: string;
  /** Both as they may be shown. */
  readonly from: string;
  readonly to: string;
}

export interface Ejection {
  readonly text: string;
  /** None: the file leads to the server already. */
  readonly changes: readonly Change[];
  /** `LINE: sentence`. */
  readonly warnings: readonly string[];
}

/** Throws eject_refused when the file names the agent in a way that is not understood, or no server at all. */
export function ejectText(text: string, settings: Settings, wishes: EjectWishes): Ejection {
  const work = new Work(text, settings, wishes);
  for (const line of work.lines) work.take(line);
  return work.finish();
}

interface Login {
  readonly user: string | undefined;
  readonly password: string;
}

/** Names of variables and keys that say a host; the port, the database and the TLS beside it end alike. */
const HOST = /^(.*_)?(?:DB|DATABASE)_HOST$|^(?:PG)?HOST$/i;
const SOCKET = /^(database(?:_\w+)?)_socket$/;
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

class Work {
  readonly lines: readonly FileLine[];
  readonly #settings: Settings;
  readonly #wishes: EjectWishes;
  readonly #changes: Change[] = [];
  readonly #warnings: string[] = [];
  #leadsToServer = false;

  constructor(text: string, settings: Settings, wishes: EjectWishes) {
    this.lines = linesOf(text);
    this.#settings = settings;
    this.#wishes = wishes;
  }

  take(line: FileLine): void {
    const { key, value } = line;
    if (key === undefined || value === undefined || value === '') return;
    if (schemeOf(value) !== undefined) this.#takeUrl(line, value);
    else if (HOST.test(key)) this.#takeHost(line, key, value);
    else if (SOCKET.test(key)) this.#takeSocket(line, key, value);
  }

  finish(): Ejection {
    const left = this.lines.find((line) => !line.isComment && !line.isOurs && this.#namesAgent(line));
    if (left !== undefined) {
      throw this.#refused(`line ${left.number} names the agent's socket in a way that is not understood`);
    }
    if (this.#changes.length === 0 && !this.#leadsToServer) {
      const what = 'no URL, host or database_socket in it';
      throw this.#refused(`${what} leads to the agent at ${this.#settings.unix_socket_dir}, nor to a server`);
    }
    return { text: textOf(this.lines), changes: this.#changes, warnings: this.#warnings };
  }

  #takeUrl(line: FileLine, url: string): void {
    const read = conninfoWords(url);
    if (!('words' in read)) return;
    const { host = '', port = '', dbname, user, password = '', ...others } = Object.fromEntries(read.words);
    if (!this.#includesAgent(host, port)) {
      this.#leadsToServer ||= host !== '';
      return;
    }
    const database = this.#databaseOf(line, dbname ?? user);
    const login = this.#loginOf(line, database, { user, password });
    const { library, systemCaFile } = this.#wishes;
    const fresh = {
      library: library ?? libraryOf(url),
      systemCaFile,
      scheme: url.slice(0, url.indexOf('://')),
      more: withoutServerWords(others),
      login,
    };
    const text = directUrl(database, { ...fresh, showSecrets: true });
    const shown = directUrl(database, { ...fresh, showSecrets: false });
    this.#replace(line, text, maskConninfo(url).replaceAll('"', ''), shown);
  }

  /**
   * The line's own, as it stands. Whoever owns the file may read what is written into it: a secret that the file did not hold
   * may be another application's, whose database the line asks for and whose password the agent has.
   */
  #loginOf(line: FileLine, database: DatabaseSettings, own: Login): { user: string; password: string } {
    const { user = '', password } = own;
    const served = database.password;
    if (database.forceUser && user !== database.user) {
      throw this.#refused(
        `line ${line.number} logs in as "${user}", and the agent as "${database.user}" for everybody: write that login by hand`,
      );
    }
    if (password === '') {
      this.#warnings.push(
        `${line.number}: no password stands in it, and none was written: the server has to let it in without, or the library finds it elsewhere`,
      );
    } else if (user === database.user && served !== undefined && secretKind(served) === 'plain') {
      const known = [served, database.nextPassword].some((each) => each?.open() === password);
      if (!known) {
        throw this.#refused(
          `line ${line.number} has another password than the agent's at the server, and no secret is written that the file did not hold: write it by hand`,
        );
      }
    }
    return { user, password };
  }

  #takeHost(line: FileLine, key: string, value: string): void {
    const portLine = neighbour(this.lines, line, wordInPlace(key, ['PORT']));
    const port = portLine?.value ?? '';
    if (!this.#includesAgent(value, port)) {
      this.#leadsToServer = true;
      return;
    }
    const nameLine = neighbour(this.lines, line, wordInPlace(key, ['NAME', 'DATABASE']));
    const database = this.#databaseOf(line, nameLine?.value);
    if (database.forceUser) {
      throw this.#refused(`line ${line.number} is for a database of which the agent forces the user`);
    }
    const host = database.hosts.map((each) => each.host).join(',');
    const ports = [...new Set(database.hosts.map((each) => String(each.port)))];
    const wanted = ports.length === 1 ? ports[0]! : database.hosts.map((each) => each.port).join(',');
    this.#replace(line, host, value, host);
    // A replica has a name of its own at the agent, and the writer's at the server.
    if (nameLine?.value !== undefined && nameLine.value !== database.dbname) {
      this.#replace(nameLine, database.dbname, nameLine.value, database.dbname);
    }
    if (portLine !== undefined && port !== '') {
      if (port !== wanted) this.#replace(portLine, wanted, port, wanted);
    } else if (wanted !== '5432') {
      throw this.#refused(
        `line ${line.number} has no port beside it, and the server's is ${wanted}: write one`,
      );
    }
    const modeLine = neighbour(this.lines, line, wordInPlace(key, ['SSLMODE']));
    if (modeLine === undefined && !isSocketHost(host)) {
      this.#warnings.push(
        `${line.number}: no sslmode stands beside ${key}: the agent reached the server with ${database.sslmode}, the library may ask for less`,
      );
    }
  }

  /** login.gov's files name the server as well, which the agent needs: only the way past it goes. */
  #takeSocket(line: FileLine, key: string, value: string): void {
    if (!this.#includesAgent(value, '')) return;
    const hostKey = key.replace(SOCKET, '$1_host');
    const host = this.lines.find(
      (each) => each.key === hostKey && !['', '~', 'null'].includes(each.value ?? ''),
    );
    if (host === undefined)
      throw this.#refused(`line ${line.number} goes, and no ${hostKey} is there to take its place`);
    line.remove();
    this.#changes.push({ line: line.number, what: key, from: value, to: `(removed; ${hostKey} counts)` });
  }

  #replace(line: FileLine, value: string, from: string, to: string): void {
    line.replace(quoted(line, value));
    this.#changes.push({ line: line.number, what: line.key!, from, to });
  }

  #databaseOf(line: FileLine, name: string | undefined): DatabaseSettings {
    const { databases } = this.#settings;
    if (name !== undefined && Object.hasOwn(databases, name)) return databases[name]!;
    const all = Object.values(databases);
    const served = all.map((each) => each.name).join(', ');
    if (name !== undefined) {
      throw this.#refused(
        `line ${line.number} asks for the database "${name}", and the agent serves ${served}`,
      );
    }
    const places = new Set(all.map((each) => JSON.stringify(each.hosts)));
    if (places.size === 1) return all[0]!;
    throw this.#refused(`line ${line.number} does not say for which database it is: ${served}`);
  }

  #includesAgent(host: string, port: string): boolean {
    const ports = port.split(',');
    return host.split(',').some((each, index) => {
      const at = Number((ports.length === 1 ? ports[0] : ports[index]) || 5432);
      return at === this.#settings.listen_port && this.#isAgent(each);
    });
  }

  #isAgent(host: string): boolean {
    const { unix_socket_dir: directory, listen_addr: addresses } = this.#settings;
    if (host.startsWith('/')) return directory !== '' && plainPath(host) === plainPath(directory);
    return addresses.length > 0 && [...LOOPBACK, ...addresses].includes(host);
  }

  /** As the line stands now. A setting of the agent itself may name its directory. */
  #namesAgent({ text, key = '' }: FileLine): boolean {
    const directory = plainPath(this.#settings.unix_socket_dir);
    if (directory === '' || text === undefined || key.startsWith('PGSIDECAR_')) return false;
    const found = text.replace(/%2f/gi, '/').replace(/\/+/g, '/').split(directory).slice(1);
    return found.some((behind) => !/^[\w.-]/.test(behind));
  }

  #refused(reason: string): AgentError {
    return new AgentError('eject_refused', { path: this.#wishes.path, reason });
  }
}

function plainPath(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}

/** The names that say PORT where `key` says HOST: beside `SHOP_DB_HOST`, `PGHOST` and `host`. */
function wordInPlace(key: string, words: readonly string[]): readonly string[] {
  const stem = key.slice(0, -'HOST'.length);
  const isLower = key === key.toLowerCase();
  return words.map((word) => `${stem}${isLower ? word.toLowerCase() : word}`);
}

/** What the URL says of the way to the server is said anew. */
function withoutServerWords(words: Readonly<Record<string, string>>): Record<string, string> {
  const said = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation', 'target_session_attrs'];
  return Object.fromEntries(Object.entries(words).filter(([name]) => ![...said, 'hostaddr'].includes(name)));
}

/** The form that `pgsidecar url --for` prints for it. */
function libraryOf(url: string): Library {
  const authority = /^[^:]+:\/\/([^/?]*)/.exec(url)?.[1] ?? '';
  const front = authority.slice(authority.lastIndexOf('@') + 1);
  if (/^[^:]+\+/.test(url)) return 'sqlalchemy';
  if (/%2F/i.test(front)) return 'rails';
  return front === 'localhost' && !/[?&]host=[^&]*(?:,|%2C)/i.test(url) ? 'node' : 'libpq';
}
