// Who may log in to the agent: the roles of the databases, the auth_file's users, and those under `users:`.

import { secretKind } from '../auth/secret_kind.ts';
import { parseUserlist } from '../auth/userlist.ts';
import { type Problem, problem } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Origin } from '../base/origin.ts';
import { Secret } from '../base/secret.ts';
import { complaintAbout } from './complaints.ts';
import type { ChosenSettings } from './merge.ts';
import { readValue } from './read_value.ts';
import type { DatabaseSettings, PoolMode, UserSettings } from './settings.ts';
import type { SourceIo, UserDraft, UserField } from './source.ts';
import { USER_KEYS } from './table/keys.ts';
import type { SettingValue } from './table/row.ts';

const EVERY_DATABASE = ['*'] as const;

/** A user while its parts come together; the last to say a thing wins, so the weakest speaks first. */
interface Growing {
  origin: Origin;
  /** `lost`: said, and not to be had, which somebody else complained about. */
  secret: Secret | 'lost' | undefined;
  /** Where the secret was said, when that is not where the user was. */
  secretOrigin: Origin;
  databaseSecrets: Readonly<Record<string, Secret>>;
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

  constructor(settings: ChosenSettings) {
    this.#settings = settings;
  }

  /** The application logs in to the agent as it did to the server: same role, same password. */
  addDatabase(
    { name, user, origin }: DatabaseSettings,
    password: Growing['secret'],
    secretOrigin = origin,
  ): void {
    const there = this.#users.get(user);
    if (there === undefined) {
      this.#users.set(user, { ...blank(origin), secret: password, secretOrigin, databases: [name] });
      return;
    }
    there.databases = [...there.databases, name];
    if (there.secret === undefined) {
      there.secret = password;
      there.secretOrigin = secretOrigin;
    } else if (
      password instanceof Secret &&
      !(there.secret instanceof Secret && there.secret.equals(password))
    ) {
      // Two servers may well have one role with two passwords.
      there.databaseSecrets = { ...there.databaseSecrets, [name]: password };
    }
  }

  addAuthFile(io: SourceIo): void {
    const { value, origin } = this.#settings.auth_file;
    const path = String(value);
    if (path === '') return;
    this.files.push(path);
    const text = io.read(path);
    if (text === undefined) {
      const advice = 'auth_file names it';
      this.problems.push(problem('error', 'config_missing', { path, advice }, origin));
      return;
    }
    const userlist = parseUserlist(text, path);
    this.problems.push(...userlist.problems);
    for (const { name, secret, line } of userlist.users) {
      const at = { place: path, line };
      const there = this.#users.get(name) ?? blank(at);
      this.#users.set(name, {
        ...there,
        secret,
        secretOrigin: at,
        databaseSecrets: {},
        databases: EVERY_DATABASE,
      });
    }
  }

  /** `secret` is what the draft's password fields came to. */
  addDraft(draft: UserDraft, secret: Growing['secret'], secretOrigin = draft.origin): void {
    const known = this.#users.has(draft.name);
    const there = this.#users.get(draft.name) ?? blank(draft.origin);
    const fields: Partial<Record<UserField, SettingValue>> = {};
    for (const [key, located] of Object.entries(draft.fields) as [
      UserField,
      UserDraft['fields'][UserField] & {},
    ][]) {
      const row = USER_KEYS[key]!;
      const read = readValue(row, located.value);
      if ('value' in read) fields[key] = read.value;
      else this.problems.push(complaintAbout(key, row, located, read.expected));
    }
    const databases = fields.databases as readonly string[] | undefined;
    this.#users.set(draft.name, {
      ...there,
      ...(secret === undefined ? {} : { secret, secretOrigin, databaseSecrets: {} }),
      origin: draft.origin,
      databases: databases ?? (known ? there.databases : EVERY_DATABASE),
      fields: { ...there.fields, ...fields },
    });
  }

  /** `databases`: the names that are served. */
  resolve(databases: readonly string[]): readonly ResolvedUser[] {
    return [...this.#users].map(([name, grown]) => ({
      settings: this.#resolve(name, grown, databases),
      secretOrigin: grown.secretOrigin,
    }));
  }

  #resolve(name: string, grown: Growing, served: readonly string[]): UserSettings {
    for (const database of grown.databases) {
      if (database === '*' || served.includes(database)) continue;
      const meant = nearest(database, served);
      const advice = meant === undefined ? `it serves ${served.join(', ')}` : `did you mean "${meant}"?`;
      this.#unusable(name, grown.origin, `pgsidecar serves no database "${database}"; ${advice}`);
    }
    this.#checkSecret(name, grown);
    const { fields } = grown;
    return {
      name,
      secret: grown.secret === 'lost' ? undefined : grown.secret,
      databaseSecrets: grown.databaseSecrets,
      databases: grown.databases,
      poolMode: fields.pool_mode as PoolMode | undefined,
      maxUserConnections: (fields.max_user_connections ??
        this.#settings.max_user_connections.value) as number,
      maxUserClientConnections: (fields.max_user_client_connections ??
        this.#settings.max_user_client_connections.value) as number,
      origin: grown.origin,
    };
  }

  #checkSecret(name: string, { origin, secret, secretOrigin }: Growing): void {
    const authType = String(this.#settings.auth_type.value);
    // By a line of the HBA file too he may come without one; where a line asks for it, he does not get in.
    if (['trust', 'peer', 'cert', 'hba'].includes(authType) || secret === 'lost') return;
    if (secret === undefined) {
      const reason = `it has no password, and auth_type ${authType} asks for one; write a password, password_file or password_command`;
      this.#unusable(name, origin, reason);
    } else if (authType === 'scram-sha-256' && secretKind(secret) === 'md5') {
      const reason =
        'an md5 hash cannot answer auth_type scram-sha-256; write a password or a SCRAM verifier';
      this.#unusable(name, secretOrigin, reason);
    }
  }

  #unusable(user: string, origin: Origin, reason: string): void {
    this.problems.push(problem('error', 'user_unusable', { user, reason }, origin));
  }
}

function blank(origin: Origin): Growing {
  return { origin, secret: undefined, secretOrigin: origin, databaseSecrets: {}, databases: [], fields: {} };
}
