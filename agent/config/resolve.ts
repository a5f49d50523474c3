// The merged sources become Settings: every default applied, every secret fetched, frozen; and an account of where it all came from.

import { isAbsolute } from 'node:path/posix';
import type { Problem } from '../base/errors.ts';
import { absolutePath } from './absolute_path.ts';
import { authContradictions, unreadAuthQuery } from './auth_contradictions.ts';
import { type ConfigWords, configWords } from './config_words.ts';
import { contradictionsOf, databaseContradictions } from './contradictions.ts';
import { expiredUsers } from './expired_users.ts';
import { type Explanation, explanationOf } from './explain.ts';
import { readHbaFiles } from './hba_files.ts';
import type { Chosen, ChosenSettings } from './merge.ts';
import type { MergedDatabase } from './merge_databases.ts';
import { checkPemFiles } from './pem_files.ts';
import { standingDefaults } from './pgbouncer_defaults.ts';
import { DatabaseResolver, type ResolvedDatabase } from './resolve_database.ts';
import { resolvePeers } from './resolve_peers.ts';
import { UserResolver } from './resolve_user.ts';
import { passwordOrigin, SecretFetcher } from './secrets.ts';
import type { Settings } from './settings.ts';
import type { SourceIo, SourceReading } from './source.ts';
import type { SettingValue } from './table/row.ts';
import { rowOf, SETTING_NAMES, type SettingName } from './table.ts';

export interface Resolution {
  /** As far as it goes: with an error among the problems it is for explain, not for use. */
  readonly settings: Settings;
  readonly explanation: Explanation;
  readonly problems: readonly Problem[];
  /** Absolute: password files, the auth_file, HBA and ident files, certificates and keys. */
  readonly files: readonly string[];
}

export async function resolveSettings(
  merged: ChosenSettings,
  mergedDatabases: readonly MergedDatabase[],
  { format, users: userDrafts = [], peers: peerDrafts = [] }: SourceReading,
  io: SourceIo,
): Promise<Resolution> {
  const chosen = withPaths(merged, io);
  const words = configWords(format);
  const secrets = new SecretFetcher(io, chosen);
  const databaseResolver = new DatabaseResolver(chosen, io);
  const [passwords, userSecrets] = await Promise.all([
    Promise.all(mergedDatabases.map((each) => secrets.fetchBoth(`database "${each.name}"`, each.fields))),
    Promise.all(userDrafts.map((each) => secrets.fetchBoth(`user "${each.name}"`, each.fields))),
  ]);
  const databases: ResolvedDatabase[] = [];
  const userResolver = new UserResolver(chosen, words);
  for (const [index, each] of mergedDatabases.entries()) {
    const fetched = passwords[index]!;
    const password = fetched.secret === 'lost' ? undefined : fetched.secret;
    const resolved = databaseResolver.resolve(each, password, fetched.next);
    if (resolved === undefined) continue;
    databases.push(resolved);
    if (resolved.settings.user === '' || resolved.settings.admitsUser === false) continue;
    userResolver.addDatabase(resolved.settings, fetched, passwordOrigin(each.fields));
  }
  userResolver.addAuthFile(io);
  for (const [index, draft] of userDrafts.entries()) {
    userResolver.addDraft(draft, userSecrets[index]!, passwordOrigin(draft.fields));
  }
  const names = mergedDatabases.map(({ name }) => name);
  const asksServers = databases.some((each) => each.settings.auth !== undefined);
  const resolvedUsers = userResolver.resolve(names, asksServers);
  const users = Object.fromEntries(resolvedUsers.map(({ settings }) => [settings.name, settings]));
  const pem = checkPemFiles(chosen, databases, io);
  const hba = readHbaFiles(chosen, io);
  const peers = resolvePeers(peerDrafts, words);
  const settings = {
    ...(Object.fromEntries(SETTING_NAMES.map((name) => [name, chosen[name].value])) as unknown as Settings),
    databases: Object.fromEntries(databases.map(({ settings: each }) => [each.name, each])),
    users,
    peers: peers.peers,
    ...(hba.hba === undefined ? {} : { hba: hba.hba }),
    ...standingDefaults(chosen),
  };
  return {
    settings: freeze(settings),
    explanation: explanationOf(chosen, mergedDatabases, databases, userDrafts, resolvedUsers),
    problems: [
      ...secrets.problems,
      ...databaseResolver.problems,
      ...userResolver.problems,
      ...peers.problems,
      ...pem.problems,
      ...hba.problems,
      ...doubts({ chosen, databases, users, names, words, now: io.now?.() }),
    ],
    files: [...secrets.files, ...userResolver.files, ...hba.files, ...pem.files],
  };
}

interface Doubted {
  readonly chosen: ChosenSettings;
  readonly databases: readonly ResolvedDatabase[];
  readonly users: Settings['users'];
  readonly names: readonly string[];
  readonly words: ConfigWords;
  readonly now: number | undefined;
}

/** What is well written by itself, and is not in its company. */
function doubts({ chosen, databases, users, names, words, now }: Doubted): Problem[] {
  return [
    ...expiredUsers(users, now),
    ...contradictionsOf(chosen),
    ...unreadAuthQuery(chosen, databases),
    ...databases.flatMap((each) => databaseContradictions(each, users[each.settings.user], chosen, words)),
    ...databases.flatMap((each) => authContradictions(each, users, names, chosen, words)),
  ];
}

/** Paths become absolute, and the control socket gets the place that follows from the others. */
function withPaths(merged: ChosenSettings, io: SourceIo): ChosenSettings {
  const chosen: Record<SettingName, Chosen<SettingValue>> = { ...merged };
  for (const name of SETTING_NAMES) {
    const { value, origin } = chosen[name];
    if (rowOf(name).type !== 'path' || value === '' || (name === 'server_tls_ca_file' && value === 'system'))
      continue;
    if (!isAbsolute(String(value)) || String(value) !== absolutePath(String(value), origin, io)) {
      chosen[name] = { ...chosen[name], value: absolutePath(String(value), origin, io) };
    }
  }
  if (chosen.control_socket.value === '') {
    const folder = chosen.unix_socket_dir.value || rowOf('unix_socket_dir').default;
    chosen.control_socket = { ...chosen.control_socket, value: `${folder}/pgsidecar.control` };
  }
  return chosen;
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const each of Object.values(value)) freeze(each);
  return Object.freeze(value);
}
