// In whose name a pool logs in to its server, with which of two passwords, and what its clients proved to have.

import type { ClientKey } from '../auth/client_key.ts';
import { type SecretKind, secretKind } from '../auth/secret_kind.ts';
import { AgentError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { ANY_DATABASE } from '../config/any_database.ts';
import type { DatabaseSettings, Settings, UserSettings } from '../config/settings.ts';
import type { DialIdentity } from '../server/dial.ts';
import type { FoundSecret } from './auth_queries.ts';

/** A client of each of two passwords has its own; more are from passwords that no longer hold. */
const KEYS_MAX = 2;
/** Kinds that are not enough for the server. */
const CLIENTS_KEY: readonly SecretKind[] = ['scram'];

export class PoolIdentity implements DialIdentity {
  readonly user: string;
  /** The password, and the next one while it is rotated; SCRAM verifiers need a key. None where the server asks for none. */
  readonly secrets: readonly Secret[];
  /** The only secret is what auth_query found, which no configuration has. */
  readonly found: FoundSecret | undefined;
  #works: Secret | undefined;
  #keys: readonly ClientKey[] = [];

  constructor(user: string, secrets: readonly Secret[], found?: FoundSecret) {
    this.user = user;
    this.secrets = found === undefined ? secrets : [found.secret];
    this.found = found;
  }

  /** The one that worked last comes first. */
  get secretsInOrder(): readonly Secret[] {
    const works = this.#works;
    if (works === undefined || works === this.secrets[0]) return this.secrets;
    return [works, ...this.secrets.filter((each) => each !== works)];
  }

  get clientKeys(): readonly ClientKey[] {
    return this.#keys;
  }

  /** It can log in without a client: what it has is no verifier whose key only a client brings. */
  get isEnough(): boolean {
    return this.#keys.length > 0 || this.secrets.every((each) => !CLIENTS_KEY.includes(secretKind(each)));
  }

  /** The server took this one. True when that is news: it is another than last time, or not the first one at once. */
  onWorked(secret: Secret | undefined): boolean {
    const isNews = this.secrets.length > 1 && secret !== (this.#works ?? this.secrets[0]);
    this.#works = secret;
    return isNews;
  }

  /** A client proved this. True when it is news. */
  learn(key: ClientKey): boolean {
    if (this.#keys.some((each) => each.equals(key))) return false;
    this.#keys = [key, ...this.#keys].slice(0, KEYS_MAX);
    return true;
  }

  isSame(other: PoolIdentity): boolean {
    return (
      this.user === other.user &&
      this.secrets.length === other.secrets.length &&
      this.secrets.every((each, index) => each.equals(other.secrets[index]))
    );
  }

  /** What the servers of `before` logged in with is still right. */
  covers(before: PoolIdentity): boolean {
    if (this.isSame(before)) return true;
    const works = before.#works;
    return (
      works !== undefined && this.user === before.user && this.secrets.some((each) => each.equals(works))
    );
  }

  /** What was found out in the name of `before`. */
  inherit(before: PoolIdentity): void {
    if (this.user !== before.user) return;
    const works = before.#works;
    this.#works = works && this.secrets.find((each) => each.equals(works));
    this.#keys = before.#keys;
  }
}

/**
 * With the password that the database has, else with what is known of the user: where that is a SCRAM verifier, its
 * clients bring the key. With what auth_query found of the user himself where nothing else is known.
 *
 * @throws AgentError login_unusable when nobody's password is known for this user on the server.
 */
export function identityOf(
  database: DatabaseSettings,
  user: string,
  settings: Settings,
  found?: FoundSecret,
): PoolIdentity {
  const isOwn = database.forceUser || user === database.user;
  const name = isOwn ? database.user : user;
  const known = Object.hasOwn(settings.users, name) ? settings.users[name] : undefined;
  const own = isOwn ? written(database.password, database.nextPassword) : [];
  const secrets = own.length > 0 || known === undefined ? own : secretsAt(database, known);
  // Never for another role than the one that it was found for: where that is forced, its own password logs in.
  if (secrets.length === 0 && name === user && found !== undefined) return new PoolIdentity(name, [], found);
  if (!isOwn && known === undefined) {
    const reason = 'it is not among the users';
    throw new AgentError('login_unusable', { user, database: database.name, reason });
  }
  return new PoolIdentity(name, secrets);
}

function secretsAt(database: DatabaseSettings, user: UserSettings): readonly Secret[] {
  const name = database.isAny ? ANY_DATABASE : database.name;
  const { databaseSecrets, databaseNextSecrets = {}, secret, nextSecret } = user;
  return Object.hasOwn(databaseSecrets, name)
    ? written(databaseSecrets[name], databaseNextSecrets[name])
    : written(secret, nextSecret);
}

function written(...secrets: readonly (Secret | undefined)[]): readonly Secret[] {
  return secrets.filter((each) => each !== undefined);
}
