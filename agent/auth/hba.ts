// Who may come in, and how, by who he is and where he comes from: reads pg_hba.conf as PostgreSQL 16 does.

import { type Problem, problem } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Origin } from '../base/origin.ts';
import { HBA_PROBLEMS_MAX, type HbaLine, type HbaWord, hbaTooLong, readHbaWords } from './hba_words.ts';
import { type IdentMaps, isDirective, namesFile } from './ident.ts';
import { type NamePattern, readNamePattern } from './name_pattern.ts';
import { type AddressRange, maskOf, parseAddress } from './network_address.ts';
import { NOT_SPOKEN } from './not_spoken.ts';

export type HbaConnection = (typeof CONNECTIONS)[number];
export type HbaMethod = (typeof METHODS)[keyof typeof METHODS];
export type DatabasePattern = NamePattern | { readonly kind: 'sameuser' } | { readonly kind: 'replication' };

export interface HbaRule {
  readonly origin: Origin;
  readonly connection: HbaConnection;
  readonly databases: readonly DatabasePattern[];
  readonly users: readonly NamePattern[];
  /** Undefined: wherever he comes from. */
  readonly range: AddressRange | undefined;
  readonly method: HbaMethod;
  /** For peer and cert; undefined: whoever is named outside is the role of the same name. */
  readonly map: string | undefined;
  /** Beside the method's own proof. */
  readonly clientcert: 'verify-ca' | 'verify-full' | undefined;
}

export interface HbaReading {
  /** In the order of the file, which decides. */
  readonly rules: readonly HbaRule[];
  readonly problems: readonly Problem[];
}

const CONNECTIONS = ['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc'] as const;

/** PostgreSQL's word, and ours for the same proof. */
const METHODS = {
  trust: 'trust',
  reject: 'reject',
  md5: 'md5',
  password: 'plain',
  'scram-sha-256': 'scram-sha-256',
  peer: 'peer',
  // As PostgreSQL: on a local line that is what ident means.
  ident: 'peer',
  cert: 'cert',
} as const;

export function parseHbaFile(text: string, place: string, maps: IdentMaps): HbaReading {
  const rules: HbaRule[] = [];
  const problems: Problem[] = [];
  const tooLong = hbaTooLong(text, place);
  if (tooLong !== undefined) return { rules, problems: [tooLong] };
  for (const line of readHbaWords(text)) {
    if (problems.length >= HBA_PROBLEMS_MAX) break;
    const reader = new RuleReader(line, { place, line: line.line }, maps);
    const rule = reader.read();
    problems.push(...reader.problems);
    if (rule !== undefined) rules.push(rule);
  }
  if (rules.length === 0 && problems.length === 0) {
    const details = {
      what: 'file',
      value: place,
      expected: 'at least one line: without any, nobody comes in',
    };
    problems.push(problem('error', 'hba_unreadable', details, { place }));
  }
  return { rules, problems };
}

/** One line, field by field. Whatever is wrong is noted, and then there is no rule: a line is never half read. */
class RuleReader {
  readonly problems: Problem[] = [];
  readonly #origin: Origin;
  readonly #maps: IdentMaps;
  readonly #line: HbaLine;
  #next = 0;

  constructor(line: HbaLine, origin: Origin, maps: IdentMaps) {
    this.#line = line;
    this.#origin = origin;
    this.#maps = maps;
  }

  read(): HbaRule | undefined {
    const line = this.#line.fields.map(print).join(' ');
    if (this.#line.unclosed) return this.#wrong('line', line, 'a " that closes the one before');
    if (isDirective(this.#line)) {
      return this.#wrong('directive', line, 'the lines themselves: pgsidecar follows no include');
    }
    const file = this.#line.fields.flat().find(namesFile);
    if (file !== undefined) {
      return this.#wrong('name', file.text, 'the names themselves: pgsidecar follows no @file');
    }
    const connection = this.#connection();
    if (connection === undefined) return undefined;
    const databases = this.#list('database', (word) => this.#database(word));
    const users = this.#list('user', (word) => this.#user(word));
    const range = connection === 'local' ? undefined : this.#range();
    // Where the address is wrong nobody knows which field the method would be.
    if (this.problems.length > 0 && range === 'wrong') return undefined;
    const method = this.#method(connection);
    if (method === undefined) return undefined;
    const options = this.#options(connection, method);
    if (this.problems.length > 0 || range === 'wrong') return undefined;
    return { origin: this.#origin, connection, databases, users, range, method, ...options };
  }

  #wrong(what: string, value: string, expected: string): undefined {
    this.problems.push(problem('error', 'hba_unreadable', { what, value, expected }, this.#origin));
    return undefined;
  }

  /** The next field, where one word is wanted. */
  #one(what: string, expected: string): HbaWord | undefined {
    const field = this.#line.fields[this.#next++];
    if (field?.length === 1) return field[0]!;
    const value = field === undefined ? '' : print(field);
    return this.#wrong(what, value, field === undefined ? expected : `one ${what}, not a list`);
  }

  #connection(): HbaConnection | undefined {
    const expected = 'local, host, hostssl or hostnossl';
    const word = this.#one('connection type', expected);
    if (word === undefined) return undefined;
    const known = CONNECTIONS.find((each) => each === word.text);
    return known ?? this.#wrong('connection type', word.text, expected);
  }

  #list<T>(what: string, read: (word: HbaWord) => T | undefined): readonly T[] {
    const field = this.#line.fields[this.#next++];
    if (field === undefined) this.#wrong(what, '', `a ${what}, or all`);
    return (field ?? []).map(read).filter((each) => each !== undefined);
  }

  #database(word: HbaWord): DatabasePattern | undefined {
    if (!word.quoted && (word.text === 'samerole' || word.text === 'samegroup')) {
      return this.#wrong('database', word.text, 'names, all or sameuser: pgsidecar knows no memberships');
    }
    if (!word.quoted && word.text === 'sameuser') return { kind: 'sameuser' };
    if (!word.quoted && word.text === 'replication') return { kind: 'replication' };
    return this.#pattern('database', word);
  }

  #user(word: HbaWord): NamePattern | undefined {
    if (!word.quoted && word.text.startsWith('+')) {
      return this.#wrong('user', word.text, 'names or all: pgsidecar knows no memberships');
    }
    return this.#pattern('user', word);
  }

  #pattern(what: string, word: HbaWord): NamePattern | undefined {
    const pattern = readNamePattern(word);
    return typeof pattern === 'string' ? this.#wrong(what, word.text, pattern) : pattern;
  }

  /** `10.0.0.0/8`, or an address and then its mask. */
  #range(): AddressRange | 'wrong' | undefined {
    const expected = 'an address with its mask (10.0.0.0/8, ::1/128), or all';
    const word = this.#one('address', expected);
    if (word === undefined) return 'wrong';
    const wrong = (reason: string, value = word.text): 'wrong' => {
      this.#wrong('address', value, reason);
      return 'wrong';
    };
    if (!word.quoted && word.text === 'all') return undefined;
    if (!word.quoted && (word.text === 'samehost' || word.text === 'samenet')) {
      return wrong(`${expected}: pgsidecar does not look at the machine's own addresses`);
    }
    const [host = '', length, ...more] = word.text.split('/');
    const address = parseAddress(host);
    if (address === undefined || more.length > 0) {
      return wrong(`${expected}: names of hosts are not looked up`);
    }
    if (length !== undefined) {
      const mask = maskOf(lengthFamily(host), length);
      if (mask === undefined) return wrong(expected);
      return lengthFamily(host) === address.family
        ? { address, mask }
        : wrong('the IPv4 address itself, in place of the IPv6 one that stands for it');
    }
    const second = this.#one('mask', 'a mask (255.0.0.0), or one in the address (10.0.0.0/8)');
    if (second === undefined) return 'wrong';
    const mask = parseAddress(second.text);
    if (mask === undefined || mask.family !== address.family) {
      return wrong('a mask of the same kind behind it', `${word.text} ${second.text}`);
    }
    return { address, mask: mask.bits };
  }

  #method(connection: HbaConnection): HbaMethod | undefined {
    const expected = Object.keys(METHODS).join(', ');
    const word = this.#one('method', expected);
    if (word === undefined) return undefined;
    if (!Object.hasOwn(METHODS, word.text)) {
      const instead = Object.hasOwn(NOT_SPOKEN, word.text) ? NOT_SPOKEN[word.text] : undefined;
      if (instead !== undefined) return this.#wrong('method', word.text, instead);
      const meant = nearest(word.text, Object.keys(METHODS));
      return this.#wrong(
        'method',
        word.text,
        `one of ${expected}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      );
    }
    const method = METHODS[word.text as keyof typeof METHODS];
    if (method === 'peer' && connection !== 'local') {
      return this.#wrong(
        'method',
        word.text,
        'another on this line: who is at the other end is only known on a local one',
      );
    }
    if (method === 'cert' && connection !== 'hostssl') {
      return this.#wrong('method', word.text, 'hostssl on its line: there is no certificate without TLS');
    }
    if (method === 'plain' && connection === 'hostnossl') {
      return this.#wrong('method', word.text, 'hostssl on its line: no password is asked for in the clear');
    }
    return method;
  }

  #options(connection: HbaConnection, method: HbaMethod): Pick<HbaRule, 'map' | 'clientcert'> {
    let map: string | undefined;
    let clientcert: HbaRule['clientcert'];
    for (const { text } of this.#line.fields.slice(this.#next).flat()) {
      const [name, value] = pairOf(text);
      const wrong = (expected: string) => this.#wrong('option', text, expected);
      if (value === undefined) wrong('name=value');
      else if (name === 'map') {
        if (method !== 'peer' && method !== 'cert') wrong('it with peer or cert only');
        else if (!Object.hasOwn(this.#maps, value)) wrong(`a map of auth_ident_file: ${namesOf(this.#maps)}`);
        map = value;
      } else if (name === 'clientcert') {
        if (connection !== 'hostssl') wrong('hostssl on its line: there is no certificate without TLS');
        else if (value !== 'verify-full' && (value !== 'verify-ca' || method === 'cert'))
          wrong(method === 'cert' ? 'verify-full, which cert is already' : 'verify-ca or verify-full');
        else clientcert = value;
      } else if (name === 'clientname') {
        if (value !== 'CN') wrong('CN: pgsidecar compares the common name alone');
        else if (connection !== 'hostssl') wrong('hostssl on its line: there is no certificate without TLS');
      } else wrong('map, clientcert or clientname');
    }
    return { map, clientcert };
  }
}

/** What a written length counts: the bits of the address as it is written. */
function lengthFamily(host: string): 4 | 6 {
  return host.includes(':') ? 6 : 4;
}

function pairOf(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function namesOf(maps: IdentMaps): string {
  return Object.keys(maps).join(', ') || 'it has none';
}

function print(field: readonly HbaWord[]): string {
  return field.map(({ text }) => text).join(',');
}
