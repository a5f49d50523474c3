// One merged database becomes DatabaseSettings: every value read, every default applied, no fallback left.

import { type Problem, problem } from '../base/errors.ts';
import type { Origin } from '../base/origin.ts';
import type { Secret } from '../base/secret.ts';
import { isSocketHost } from '../base/socket_host.ts';
import { absolutePath } from './absolute_path.ts';
import { ANY_DATABASE } from './any_database.ts';
import { awsBundle, isAwsHost } from './aws_bundle.ts';
import { complaintAbout, invalidSetting } from './complaints.ts';
import { CONSOLE_DATABASE } from './console_database.ts';
import { remedyAgainst } from './libpq_keywords.ts';
import type { Chosen, ChosenSettings } from './merge.ts';
import type { MergedDatabase } from './merge_databases.ts';
import { readValue } from './read_value.ts';
import type {
  AuthQuerySettings,
  DatabaseSettings,
  HostSettings,
  LoadBalance,
  PoolMode,
  SslMode,
  SslNegotiation,
} from './settings.ts';
import type { DatabaseField, SourceIo } from './source.ts';
import { DATABASE_KEYS } from './table/keys.ts';
import { type KeyRow, SECONDS, type SettingValue } from './table/row.ts';
import { rowOf, SETTING_NAMES, type SettingName } from './table.ts';

export interface ResolvedDatabase {
  readonly settings: DatabaseSettings;
  /** Every key of DATABASE_KEYS that has a value, for explain and for the contradictions' sentences. */
  readonly chosen: Readonly<Record<string, Chosen<SettingValue>>>;
}

const PORT_DEFAULT = { value: '5432', origin: { place: 'default' }, wonOver: [] } as const;
/** As PostgreSQL names them: `work_mem`, `auto_explain.log_min_duration`. */
const PARAMETER_NAME = /^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$/;
/** What else stands in a startup packet; the agent fills these in itself. */
const STARTUP_NAMES: ReadonlySet<string> = new Set(['user', 'database', 'replication', 'options']);
/** For `user`: every client logs in as himself. */
const EVERYBODY = '*';
/** sockaddr_un has room for no more; nor has a host name. */
const HOST_CHARS_MAX = 255;

/** Which row of the settings table speaks for a database that does not say `pool_size` itself. */
const FALLBACKS: ReadonlyMap<string, SettingName> = new Map(
  SETTING_NAMES.flatMap((name) => {
    const key = rowOf(name).perDatabase;
    return key === undefined ? [] : [[key, name] as const];
  }),
);

export class DatabaseResolver {
  readonly problems: Problem[] = [];
  readonly #settings: ChosenSettings;
  readonly #io: SourceIo;

  constructor(settings: ChosenSettings, io: SourceIo) {
    this.#settings = settings;
    this.#io = io;
  }

  /** Undefined when something that it cannot do without is missing, which is then among the problems. */
  resolve(
    merged: MergedDatabase,
    password: Secret | undefined,
    nextPassword?: Secret,
  ): ResolvedDatabase | undefined {
    if (merged.name === CONSOLE_DATABASE) {
      const reason =
        'the name is that of the console; give it another one, by `from:` under `databases:` of pgsidecar.yml';
      this.#unusable(merged, reason);
      return undefined;
    }
    const chosen = this.#chosen(merged);
    this.#leaveOutOwnSocket(chosen);
    const hosts = this.#hosts(merged, chosen);
    const authUser = String(chosen.auth_user?.value ?? '');
    // Where everybody logs in as himself there may be no application's own role.
    const user = chosen.user ?? (authUser === '' ? undefined : chosen.auth_user);
    if (user === undefined) {
      const reason =
        "no user is said, and libpq's rule (the system user of the application) is not known here; write `user`, or `auth_user`";
      this.#unusable(merged, reason);
    }
    if (hosts === undefined || user === undefined) return undefined;
    const overTcp = hosts.some(({ host }) => !isSocketHost(host));
    if (!overTcp) chosen.sslmode = { value: 'disable', origin: chosen.host!.origin, wonOver: [] };
    else this.#chooseBundle(hosts, chosen);
    const text = (key: string) => String(chosen[key]?.value ?? '');
    const number = (key: string) => chosen[key]?.value as number;
    const settings: DatabaseSettings = {
      name: merged.name,
      role: text('role') === 'replica' ? 'replica' : 'writer',
      hosts,
      dbname: text('dbname'),
      user: user.value === EVERYBODY ? '' : String(user.value),
      password,
      ...(nextPassword === undefined ? {} : { nextPassword }),
      forceUser: chosen.force_user?.value === true,
      ...(chosen.admit_user?.value === false ? { admitsUser: false as const } : {}),
      sslmode: text('sslmode') as SslMode,
      sslrootcert: text('sslrootcert'),
      sslcert: text('sslcert') || undefined,
      sslkey: text('sslkey') || undefined,
      sslnegotiation: text('sslnegotiation') as SslNegotiation,
      loadBalanceHosts: text('load_balance_hosts') as LoadBalance,
      poolMode: text('pool_mode') as PoolMode,
      poolSize: number('pool_size'),
      minPoolSize: number('min_pool_size'),
      reservePoolSize: number('reserve_pool_size'),
      maxDbConnections: number('max_db_connections'),
      maxDbClientConnections: number('max_db_client_connections'),
      queryWaitTimeoutMs: number('query_wait_timeout'),
      serverLifetimeMs: number('server_lifetime'),
      connectQuery: text('connect_query'),
      connectTimeoutMs: this.#connectTimeoutMs(chosen),
      parameters: this.#parameters(merged),
      ...(authUser === '' ? {} : { auth: this.#auth(merged, chosen) }),
      origin: merged.origin,
    };
    return { settings, chosen };
  }

  #auth({ name }: MergedDatabase, chosen: Readonly<Record<string, Chosen<SettingValue>>>): AuthQuerySettings {
    const { auth_user, auth_query, auth_dbname } = chosen as Record<string, Chosen<SettingValue>>;
    const query = String(auth_query!.value);
    if (!/\$1(?![0-9])/.test(query))
      this.#invalid('auth_query', auth_query!, 'a query with $1, where the name of the user goes');
    return {
      user: String(auth_user!.value),
      query,
      database: String(auth_dbname?.value ?? '') || (name === ANY_DATABASE ? '' : name),
    };
  }

  /** libpq's 0, and anything below it, is "no limit", which the agent never grants. */
  #connectTimeoutMs(chosen: Readonly<Record<string, Chosen<SettingValue>>>): number {
    const seconds = Number(chosen.connect_timeout?.value ?? 0);
    return seconds > 0 ? seconds * SECONDS : (this.#settings.server_connect_timeout.value as number);
  }

  #chosen(merged: MergedDatabase): Record<string, Chosen<SettingValue>> {
    const chosen: Record<string, Chosen<SettingValue>> = {};
    for (const [key, row] of Object.entries(DATABASE_KEYS)) {
      if (key === 'from' || key === 'url') continue;
      const own = this.#read(merged, key as DatabaseField, row);
      const name = FALLBACKS.get(key);
      const general = name === undefined ? undefined : this.#settings[name];
      if (own === undefined) {
        if (general !== undefined) chosen[key] = general;
        else if (key === 'port') chosen[key] = PORT_DEFAULT;
        continue;
      }
      const behind = general === undefined ? [] : [general, ...general.wonOver];
      chosen[key] = { ...own, wonOver: [...own.wonOver, ...behind] };
    }
    return withReservePool(merged, chosen);
  }

  /** They go into the startup packet, where a name of its own or a NUL would say something else than a parameter. */
  #parameters({ parameters }: MergedDatabase): Record<string, string> {
    const entries = Object.entries(parameters);
    for (const [name, { value, origin }] of entries) {
      const setting = `parameters.${name}`;
      const expected =
        !PARAMETER_NAME.test(name) || STARTUP_NAMES.has(name)
          ? "a run-time parameter's name"
          : value.includes('\0')
            ? 'a text without NUL bytes'
            : undefined;
      if (expected !== undefined)
        this.problems.push(invalidSetting(setting, undefined, value, origin, expected));
    }
    return Object.fromEntries(entries.map(([name, { value }]) => [name, value]));
  }

  #read(merged: MergedDatabase, key: DatabaseField, row: KeyRow): Chosen<SettingValue> | undefined {
    const written = merged.fields[key];
    if (written === undefined) return undefined;
    const read = readValue(row, written.value);
    if ('expected' in read) {
      this.problems.push(complaintAbout(key, row, written, read.expected));
      return undefined;
    }
    const wonOver = written.wonOver.map((each) => ({
      value: row.secret ? '***' : String(each.value),
      origin: each.origin,
    }));
    const { value } = read;
    if (row.type !== 'path' || value === '' || value === 'system')
      return { value, origin: written.origin, wonOver };
    return {
      value: absolutePath(String(value), written.origin, this.#io),
      origin: written.origin,
      wonOver,
    };
  }

  #hosts(
    merged: MergedDatabase,
    chosen: Readonly<Record<string, Chosen<SettingValue>>>,
  ): readonly HostSettings[] | undefined {
    const written = String(chosen.host?.value ?? '');
    if (written === '') {
      this.#unusable(
        merged,
        'no host is said; write where PostgreSQL is (/var/run/postgresql for the local socket)',
      );
      return undefined;
    }
    const names = written.split(',').map((each) => each.trim());
    const ports = String((chosen.port ?? PORT_DEFAULT).value)
      .split(',')
      .map((each) => each.trim() || PORT_DEFAULT.value);
    if (ports.length !== 1 && ports.length !== names.length) {
      this.#invalid('port', chosen.port!, `one port, or ${names.length}: one for each host`);
      return undefined;
    }
    const hosts: HostSettings[] = [];
    for (const [index, host] of names.entries()) {
      const port = readValue(
        { type: 'integer', min: 1, max: 65_535, doc: '' },
        ports[ports.length === 1 ? 0 : index],
      );
      if ('expected' in port) this.#invalid('port', chosen.port!, port.expected);
      else if (host === '' || host.length > HOST_CHARS_MAX || /[\s\0]/.test(host)) {
        this.#invalid(
          'host',
          chosen.host!,
          'a host name, an address or a directory, several separated by commas',
        );
      } else if (this.#isOwnSocket(host, port.value as number)) {
        const { origin } = chosen.host!;
        const expected = `PostgreSQL's host, and this is the agent's own socket${remedyAgainst(origin)}`;
        this.#invalid('host', chosen.host!, expected);
      } else hosts.push({ host, port: port.value as number });
    }
    return hosts.length === names.length ? hosts : undefined;
  }

  /**
   * `pgsidecar url --fallback` names the agent's socket before the server. In its usual directory the sources know it by
   * themselves; the one that unix_socket_dir names is known only here.
   */
  #leaveOutOwnSocket(chosen: Record<string, Chosen<SettingValue>>): void {
    const { host, port = PORT_DEFAULT } = chosen;
    const hosts = String(host?.value ?? '').split(',');
    const ports = String(port.value).split(',');
    if (host === undefined || (ports.length !== 1 && ports.length !== hosts.length)) return;
    const portOf = (index: number) => (ports.length === 1 ? ports[0]! : ports[index]!).trim();
    const others = hosts.flatMap((each, index) => {
      return this.#isOwnSocket(each.trim(), Number(portOf(index) || PORT_DEFAULT.value)) ? [] : [index];
    });
    if (others.length === 0 || others.length === hosts.length) return;
    chosen.host = { ...host, value: others.map((index) => hosts[index]).join(',') };
    if (ports.length > 1) chosen.port = { ...port, value: others.map(portOf).join(',') };
  }

  /** An application that was pointed at the agent may be what the agent reads: it would connect to itself. */
  #isOwnSocket(host: string, port: number): boolean {
    const { unix_socket_dir, listen_port } = this.#settings;
    return host.replace(/\/+$/, '') === unix_socket_dir.value && port === listen_port.value;
  }

  /** Nobody said which CAs: RDS signs with its own, which no system has, so the AWS bundle is taken where it lies. */
  #chooseBundle(hosts: readonly HostSettings[], chosen: Record<string, Chosen<SettingValue>>): void {
    if (chosen.sslrootcert?.origin.place !== 'default' || !hosts.every(({ host }) => isAwsHost(host))) return;
    const bundle = awsBundle(this.#io);
    if (bundle === undefined) return;
    chosen.sslrootcert = { value: bundle, origin: { place: 'AWS bundle' }, wonOver: [chosen.sslrootcert] };
  }

  #unusable(merged: MergedDatabase, reason: string): void {
    this.problems.push(
      problem('error', 'database_unusable', { database: merged.name, reason }, merged.origin),
    );
  }

  #invalid(
    setting: string,
    { value, origin }: { value: SettingValue; origin: Origin },
    expected: string,
  ): void {
    this.problems.push(complaintAbout(setting, DATABASE_KEYS[setting]!, { value, origin }, expected));
  }
}

/** PgBouncer's older name says the same, where the newer one is not written. */
function withReservePool(
  { fields }: MergedDatabase,
  { reserve_pool: older, ...chosen }: Record<string, Chosen<SettingValue>>,
): Record<string, Chosen<SettingValue>> {
  if (older !== undefined && fields.reserve_pool_size === undefined) chosen.reserve_pool_size = older;
  return chosen;
}
