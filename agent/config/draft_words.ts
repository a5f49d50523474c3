// Gathers what one place says of one database, word by word, into the fields of a draft; the first to say a thing wins.

import { type Problem, problem } from '../base/errors.ts';
import type { Origin } from '../base/origin.ts';
import {
  HARMLESS_VALUES,
  isAgentSocket,
  type KeywordUse,
  LIBPQ_KEYWORDS,
  remedyAgainst,
} from './libpq_keywords.ts';
import type { DatabaseDraft, DatabaseField, Located } from './source.ts';

export type Fields = Partial<Record<DatabaseField, Located<string | number>>>;

/** Also the number of hosts that libpq would have to try; nobody writes more. */
export const HOSTS_MAX = 64;
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];
const SSL_NEGOTIATIONS = ['postgres', 'direct'];

/**
 * Words arrive from the strongest place first: what is said already stays. Empty values say nothing, as in libpq.
 * Problems of values that lose are not told.
 */
export class DraftWords {
  readonly fields: Fields = {};
  readonly parameters: Record<string, Located<string>> = Object.create(null);
  /** Keywords that need a look into another file: `service`, `servicefile`, `passfile`. */
  readonly asides: Record<string, Located<string>> = {};
  readonly problems: Problem[] = [];
  /** The hosts were the agent's own socket and nothing else: whatever was said of them is passed over. */
  agentSocket: Origin | undefined;

  /** Takes one of libpq's words, or `password_next`, which the operator wrote as `writtenAs`; false when there is no such word. */
  take(keyword: string, value: string, origin: Origin, writtenAs: string = keyword): boolean {
    const use = useOf(keyword);
    if (use === undefined) return false;
    if (value === '' || use.kind === 'quiet') return true;
    if (use.kind === 'field') this.#takeField(use.field, value, origin, writtenAs);
    else if (use.kind === 'parameter') this.takeParameter(keyword, value, origin);
    else if (use.kind === 'aside') this.#takeAside(keyword, value, origin);
    else if (!HARMLESS_VALUES[keyword]?.includes(value)) {
      this.problems.push(problem('warning', 'keyword_not_followed', { keyword: writtenAs }, origin));
    }
    return true;
  }

  /** A run-time parameter of the server; `client_encoding=auto` is a matter between libpq and its terminal. */
  takeParameter(name: string, value: string, origin: Origin): void {
    if (name === 'client_encoding' && value === 'auto') return;
    this.parameters[name] ??= { value, origin };
  }

  takeRole(role: 'writer' | 'replica', origin: Origin): void {
    this.fields.role ??= { value: role, origin };
  }

  /** Whether the keyword is said already, so that a weaker place has nothing to add. */
  has(keyword: string): boolean {
    const use = useOf(keyword);
    if (use?.kind === 'field') return this.fields[use.field] !== undefined;
    if (use?.kind === 'parameter') return this.parameters[keyword] !== undefined;
    if (keyword === 'hostaddr') return this.fields.host !== undefined;
    if (keyword === 'requiressl') return this.fields.sslmode !== undefined;
    if (keyword === 'target_session_attrs') return this.fields.role !== undefined;
    return this.asides[keyword] !== undefined;
  }

  /** Adds what a weaker place says to what is here. */
  fillFrom(weaker: DraftWords): void {
    for (const [name, located] of Object.entries(weaker.fields) as [
      DatabaseField,
      Located<string | number>,
    ][]) {
      this.fields[name] ??= located;
    }
    for (const [name, located] of Object.entries(weaker.parameters)) this.parameters[name] ??= located;
    for (const [name, located] of Object.entries(weaker.asides)) this.asides[name] ??= located;
    this.agentSocket ??= weaker.agentSocket;
    this.problems.push(...weaker.problems);
  }

  /** False when what was said could not be read at all: further complaints about the gaps would only hide the reason. */
  isUsable(): boolean {
    const { host, dbname, user } = this.fields;
    const said = host !== undefined || dbname !== undefined || user !== undefined;
    return said || this.problems.every((each) => each.severity !== 'error');
  }

  draft(key: string, origin: Origin, applicationPool?: Located<number>): DatabaseDraft {
    const { fields, parameters } = this;
    return { key, origin, fields, parameters, ...(applicationPool === undefined ? {} : { applicationPool }) };
  }

  #takeField(name: DatabaseField, value: string, origin: Origin, setting: string): void {
    if (this.fields[name] !== undefined) return;
    const expected = expectedOf(name, value);
    if (expected === undefined) this.fields[name] = { value, origin };
    else this.problems.push(problem('error', 'setting_invalid', { setting, value, expected }, origin));
  }

  #takeAside(keyword: string, value: string, origin: Origin): void {
    switch (keyword) {
      case 'options':
        this.#takeOptions(value, origin);
        return;
      case 'hostaddr':
        // libpq dials the address and checks the certificate for the host; the agent looks the host up by itself.
        this.fields.host ??= { value, origin };
        return;
      case 'requiressl':
        if (value === '1') this.fields.sslmode ??= { value: 'require', origin };
        return;
      case 'target_session_attrs':
        if (/^(standby|prefer-standby|read-only)$/.test(value)) this.takeRole('replica', origin);
        return;
      default:
        this.asides[keyword] ??= { value, origin };
    }
  }

  /** `-c name=value`, `-cname=value`, `--name=value`, blanks escaped by a backslash (PostgreSQL's pg_split_opts). */
  #takeOptions(options: string, origin: Origin): void {
    const words = (options.match(/(?:\\.|[^\\\s])+/gs) ?? []).map((word) => word.replace(/\\(.)/gs, '$1'));
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at] ?? '';
      const text = word === '-c' ? words[++at] : /^(?:-c|--)(.+)$/s.exec(word)?.[1];
      const [, name, value] = /^([\w.-]+)=(.*)$/s.exec(text ?? '') ?? [];
      if (name !== undefined && value !== undefined)
        this.takeParameter(name.replaceAll('-', '_'), value, origin);
      else
        this.problems.push(
          problem('warning', 'keyword_not_followed', { keyword: `options ${word}` }, origin),
        );
    }
  }

  /**
   * Takes the agent's own sockets out of the hosts. Beside other hosts they are the form that `pgsidecar url --fallback`
   * prints, which is as it should be; alone they would make the agent connect to itself.
   */
  leaveOutAgentSockets(): void {
    const { host, port } = this.fields;
    if (host === undefined) return;
    const hosts = String(host.value).split(',');
    const others = hosts.flatMap((each, index) => (isAgentSocket(each) ? [] : [index]));
    if (others.length === hosts.length) return;
    const ports = port === undefined ? [] : String(port.value).split(',');
    delete this.fields.host;
    delete this.fields.port;
    if (others.length === 0) {
      this.agentSocket = host.origin;
      return;
    }
    this.fields.host = { value: others.map((index) => hosts[index]).join(','), origin: host.origin };
    if (port === undefined) return;
    const kept = ports.length === 1 ? ports : others.map((index) => ports[index] ?? '');
    this.fields.port = { value: kept.join(','), origin: port.origin };
  }

  /** What only shows when all is said: as many ports as hosts, and a host that is not the agent itself. */
  finish(): void {
    this.leaveOutAgentSockets();
    const { host, port } = this.fields;
    const hosts = host === undefined ? 1 : String(host.value).split(',').length;
    const ports = port === undefined ? 1 : String(port.value).split(',').length;
    if (hosts > HOSTS_MAX) {
      const expected = `at most ${HOSTS_MAX} (HOSTS_MAX) hosts`;
      const details = { setting: 'host', value: `(${hosts} hosts)`, expected };
      this.problems.push(problem('error', 'setting_invalid', details, host?.origin));
    }
    if (ports > 1 && ports !== hosts && port !== undefined) {
      const expected = `one port, or ${hosts}: one for each host`;
      const details = { setting: 'port', value: String(port.value), expected };
      this.problems.push(problem('error', 'setting_invalid', details, port.origin));
    }
    // With the server's address from elsewhere, the application may well be pointed at the agent already.
    if (host === undefined && this.agentSocket !== undefined) {
      this.problems.push(
        problem('warning', 'agent_socket', { remedy: remedyAgainst(this.agentSocket) }, this.agentSocket),
      );
    }
  }
}

/** Of libpq's keywords; and `password_next`, which is ours and stands beside them. */
function useOf(keyword: string): KeywordUse | undefined {
  if (keyword === 'password_next') return { kind: 'field', field: keyword };
  return Object.hasOwn(LIBPQ_KEYWORDS, keyword) ? LIBPQ_KEYWORDS[keyword] : undefined;
}

/** What was expected instead of `value`; undefined when it will do. */
function expectedOf(name: DatabaseField, value: string): string | undefined {
  switch (name) {
    case 'sslmode':
      return SSL_MODES.includes(value)
        ? undefined
        : `${SSL_MODES.slice(0, -1).join(', ')} or ${SSL_MODES.at(-1)}`;
    case 'sslnegotiation':
      return SSL_NEGOTIATIONS.includes(value) ? undefined : SSL_NEGOTIATIONS.join(' or ');
    case 'port':
      return value.split(',').every((each) => each === '' || isPort(each))
        ? undefined
        : 'a port from 1 to 65535';
    case 'connect_timeout':
      return /^\s*-?\d{1,9}\s*$/.test(value) ? undefined : 'a whole number of seconds';
    default:
      return undefined;
  }
}

export function isPort(text: string): boolean {
  return /^\s*\d{1,5}\s*$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;
}
