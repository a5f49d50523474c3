// Who may log in to the agent: the roles of the databases, the auth_file's users, and those under `users:`.

import { asksForSecret } from '../auth/client_login.ts';
import { whyNotBoth } from '../auth/credential.ts';
import { secretKind } from '../auth/secret_kind.ts';
import { parseUserlist } from '../auth/userlist.ts';
import { type Problem, problem } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { type Origin, printOrigin } from '../base/origin.ts';
import { Secret } from '../base/secret.ts';
import { ANY_DATABASE } from './any_database.ts';
import { complaintAbout } from './complaints.ts';
import type { ConfigWords } from './config_words.ts';
import type { ChosenSettings } from './merge.ts';
import { readValue } from './read_value.ts';
import type { Fetched, FetchedPasswords } from './secrets.ts';
import type { DatabaseSettings, PoolMode, UserSettings } from './settings.ts';
import type { Located, SourceIo, UserDraft, UserField } from './source.ts';
import { USER_KEYS } from './table/keys.ts';
import type { SettingValue } from './table/row.ts';
import { unsafeSeverity } from './unsafe.ts';
import { readValidUntil, VALID_UNTIL_EXPECTED } from './valid_until.ts';

const EVERY_DATABASE = ['*'] as const;

/** A user while its parts come together; the last to say a thing wins, so the weakest speaks first. */
interface Growing {
  origin: Origin;
  /** `lost`: said, and not to be had, which somebody else complained about. */
  secret: Fetched;
  nextSecret: Secret | undefined;
  /** Where the secret was said, when that is not where the user was. */
  secretOrigin: Origin;
  databaseSecrets: Readonly<Record<string, Secret>>;
  databaseNextSecrets: Readonly<Record<string, Secret>>;
  databases: readonly string[];
  fields: Partial<Record<UserField, SettingValue>>;
}

export interface ResolvedUser {
  readonly settings: UserSettings;
  /** Where its secret was said. */
  readonly secretOrigin: Origin;
}

export class UserResolver {
  readonly problems: Problem[] = [];
  readonly files: string[] = [];
  readonly #users = new Map<string, Growing>();
  readonly #settings: ChosenSettings;
  readonly #words: ConfigWords;
  #asksServers = false;

  constructor(settings: ChosenSettings, words: ConfigWords) {
    this.#settings = settings;
    this.#words = words;
  }

  /** The application logs in to the agent as it did to the server: same role, same password. */
  addDatabase(
    { name, user, origin }: DatabaseSettings,
    { secret: password, next }: FetchedPasswords,
    secretOrigin = origin,
  ): void {
    const there = this.#users.get(user);
    if (there === undefined) {
      const secrets = { secret: password, nextSecret: next, secretOrigin };
      this.#users.set(user, { ...blank(origin), ...secrets, databases: [name] });
      return;
    }
    there.databases = [...there.databases, name];
    if (there.secret === undefined) {
      there.secret = password;
      there.nextSecret = next;
      there.secretOrigin = secretOrigin;
    } else if (
      password instanceof Secret &&
      !(there.secret instanceof Secret && there.secret.equals(password))
    ) {
      // Two servers may well have one role with two passwords.
      there.databaseSecrets = { ...there.databaseSecrets, [name]: password };
      if (next !== undefined) there.databaseNextSecrets = { ...there.databaseNextSecrets, [name]: next };
    } else if (password instanceof Secret && next !== undefined && there.nextSecret?.equals(next) === false) {
      // One password that is to become two.
      there.databaseSecrets = { ...there.databaseSecrets, [name]: password };
      there.databaseNextSecrets = { ...there.databaseNextSecrets, [name]: next };
    } else {
      there.nextSecret ??= next;
    }
  }

  addAuthFile(io: SourceIo): void {
    const { value, origin } = this.#settings.auth_file;
    const path = String(value);
    if (path === '') return;
    this.files.push(path);
    const text = io.read(path);
    if (text === undefined) {
      // One that is there and cannot be read was told by the reader.
      if (io.isUnreadable?.(path)) return;
      const advice = `auth_file names it, at ${printOrigin(origin)}`;
      this.problems.push(problem(unsafeSeverity(this.#settings), 'config_missing', { path, advice }, origin));
      return;
    }
    const userlist = parseUserlist(text, path);
    const severity = unsafeSeverity(this.#settings);
    this.problems.push(
      ...userlist.problems.map((each) => ({
        ...each,
        severity: each.severity === 'warning' ? each.severity : severity,
      })),
    );
    for (const { name, secret, nextSecret, line } of userlist.users) {
      const at = { place: path, line };
      const there = this.#users.get(name) ?? blank(at);
      this.#users.set(name, {
        ...there,
        secret,
        nextSecret,
        secretOrigin: at,
        databaseSecrets: {},
        databaseNextSecrets: {},
        databases: EVERY_DATABASE,
      });
    }
  }

  /** `secret` and `next` are what the draft's password fields came to. */
  addDraft(draft: UserDraft, { secret, next }: FetchedPasswords, secretOrigin = draft.origin): void {
    const known = this.#users.has(draft.name);
    const there = this.#users.get(draft.name) ?? blank(draft.origin);
    const fields: Partial<Record<UserField, SettingValue>> = {};
    for (const [key, located] of Object.entries(draft.fields) as [
      UserField,
      UserDraft['fields'][UserField] & {},
    ][]) {
      const row = USER_KEYS[key]!;
      const read = readValue(row, located.value);
      if (key === 'valid_until') fields[key] = this.#validUntil(located);
      else if ('value' in read) fields[key] = read.value;
      else this.problems.push(complaintAbout(key, row, located, read.expected));
    }
    const databases = fields.databases as readonly string[] | undefined;
    this.#users.set(draft.name, {
      ...there,
      ...(secret === undefined
        ? {}
        : { secret, secretOrigin, nextSecret: next, databaseSecrets: {}, databaseNextSecrets: {} }),
      ...(next === undefined ? {} : { nextSecret: next }),
      origin: draft.origin,
      databases: databases ?? (known ? there.databases : EVERY_DATABASE),
      fields: { ...there.fields, ...fields },
    });
  }

  #validUntil(located: Located): string {
    const read = readValidUntil(String(located.value));
    const row = USER_KEYS.valid_until!;
    if (read === undefined)
      this.problems.push(complaintAbout('valid_until', row, located, VALID_UNTIL_EXPECTED));
    return read ?? '';
  }

  /** `databases`: the names that are served; `asksServers`: who has no secret here may have one there (auth_query). */
  resolve(databases: readonly string[], asksServers = false): readonly ResolvedUser[] {
    this.#asksServers = asksServers;
    return [...this.#users].map(([name, grown]) => ({
      settings: this.#resolve(name, grown, databases),
      secretOrigin: grown.secretOrigin,
    }));
  }

  #resolve(name: string, grown: Growing, served: readonly string[]): UserSettings {
    for (const database of grown.databases) {
      if (database === '*' || served.includes(database) || served.includes(ANY_DATABASE)) continue;
      const meant = nearest(database, served);
      const advice = meant === undefined ? `it serves ${served.join(', ')}` : `did you mean "${meant}"?`;
      this.#unusable(name, grown.origin, `pgsidecar serves no database "${database}"; ${advice}`);
    }
    this.#checkSecret(name, grown);
    const { fields } = grown;
    const number = (key: UserField) => fields[key] as number | undefined;
    return {
      name,
      secret: grown.secret === 'lost' ? undefined : grown.secret,
      ...(grown.nextSecret === undefined ? {} : { nextSecret: grown.nextSecret }),
      databaseSecrets: grown.databaseSecrets,
      ...(Object.keys(grown.databaseNextSecrets).length === 0
        ? {}
        : { databaseNextSecrets: grown.databaseNextSecrets }),
      ...(fields.valid_until === undefined || fields.valid_until === ''
        ? {}
        : { validUntil: String(fields.valid_until) }),
      databases: grown.databases,
      poolMode: fields.pool_mode as PoolMode | undefined,
      poolSize: number('pool_size'),
      reservePoolSize: number('reserve_pool_size'),
      queryWaitTimeoutMs: number('query_wait_timeout'),
      queryTimeoutMs: number('query_timeout'),
      transactionTimeoutMs: number('transaction_timeout'),
      idleTransactionTimeoutMs: number('idle_transaction_timeout'),
      clientIdleTimeoutMs: number('client_idle_timeout'),
      maxUserConnections: (fields.max_user_connections ??
        this.#settings.max_user_connections.value) as number,
      maxUserClientConnections: (fields.max_user_client_connections ??
        this.#settings.max_user_client_connections.value) as number,
      origin: grown.origin,
    };
  }

  #checkSecret(name: string, grown: Growing): void {
    const { origin, secret, nextSecret, secretOrigin } = grown;
    const authType = String(this.#settings.auth_type.value);
    if ((!asksForSecret(authType) && authType !== 'hba') || secret === 'lost') return;
    const isChallenged = secret !== undefined && nextSecret !== undefined && authType !== 'plain';
    const why = isChallenged ? whyNotBoth(secret, nextSecret) : undefined;
    if (why !== undefined) return this.#unusable(name, secretOrigin, why);
    // By a line of the HBA file too he may come without one; where a line asks for it, he does not get in.
    if (authType === 'hba') return;
    if (secret === undefined && nextSecret === undefined) {
      if (this.#asksServers) return;
      const advice = this.#words.writePassword(name, String(this.#settings.auth_file.value));
      const reason = `it has no password, and auth_type ${authType} asks for one; ${advice}`;
      this.#unusable(name, origin, reason, unsafeSeverity(this.#settings));
    } else if (authType === 'scram-sha-256' && [secret, nextSecret].some(isMd5)) {
      const reason =
        'an md5 hash cannot answer auth_type scram-sha-256; write a password or a SCRAM verifier';
      this.#unusable(name, secretOrigin, reason, unsafeSeverity(this.#settings));
    }
  }

  #unusable(user: string, origin: Origin, reason: string, severity: Problem['severity'] = 'error'): void {
    this.problems.push(problem(severity, 'user_unusable', { user, reason }, origin));
  }
}

function isMd5(secret: Secret | undefined): boolean {
  return secret !== undefined && secretKind(secret) === 'md5';
}

function blank(origin: Origin): Growing {
  return {
    origin,
    secret: undefined,
    nextSecret: undefined,
    secretOrigin: origin,
    databaseSecrets: {},
    databaseNextSecrets: {},
    databases: [],
    fields: {},
  };
}
