// Settings that are each well written and cannot be meant together; and those that are weak, which are warned about.

import { asksForSecret } from '../auth/client_login.ts';
import { makePeerMap } from '../auth/peer.ts';
import { secretKind } from '../auth/secret_kind.ts';
import { type Problem, problem } from '../base/errors.ts';
import { printOrigin } from '../base/origin.ts';
import { isSocketHost } from '../base/socket_host.ts';
import { settingAt } from './complaints.ts';
import type { ConfigWords } from './config_words.ts';
import type { Chosen, ChosenSettings } from './merge.ts';
import type { ResolvedDatabase } from './resolve_database.ts';
import type { DatabaseSettings, UserSettings } from './settings.ts';
import type { SettingValue } from './table/row.ts';
import type { SettingName } from './table.ts';
import { unsafe, unsafeSeverity } from './unsafe.ts';

/** sockaddr_un's path, less its final NUL. */
const SOCKET_BYTES_MAX = 107;
/** Two bytes of a client's process id are then the number of the agent: 15 bits are left to tell clients from each other. */
const CLIENTS_MAX_OF_PEER = 20_000;
const TLS_DEMANDED: readonly SettingValue[] = ['require', 'verify-ca', 'verify-full'];

const WEAK_MODES: Readonly<Record<string, string>> = {
  disable: 'passwords and data travel in the clear; write verify-full',
  allow: 'whoever sits between can turn encryption off; write verify-full',
  prefer: 'whoever sits between can turn encryption off; write verify-full',
  require: "the server's certificate is not checked, so that anybody can pose as it; write verify-full",
  'verify-ca':
    "the host's name is not checked, so that any server of the same CA can pose as it; write verify-full",
};

export function contradictionsOf(settings: ChosenSettings): Problem[] {
  return [
    ...sockets(settings),
    ...peering(settings),
    ...cleartext(settings),
    ...proofs(settings),
    ...clientTls(settings),
  ];
}

function* sockets(settings: ChosenSettings): Iterable<Problem> {
  const { unix_socket_dir: folder, listen_addr, listen_port, control_socket } = settings;
  if (folder.value === '' && (listen_addr.value as readonly string[]).length === 0) {
    const reason = 'there would be nothing to listen on, for listen_addr is empty too; set one of them';
    yield contradictory('unix_socket_dir', folder, reason);
  }
  const limit = `is longer than the ${SOCKET_BYTES_MAX} bytes that a UNIX socket may have`;
  const path = `${folder.value}/.s.PGSQL.${listen_port.value}`;
  if (folder.value !== '' && Buffer.byteLength(path) > SOCKET_BYTES_MAX) {
    yield contradictory('unix_socket_dir', folder, `${path} ${limit}`);
  } else if (Buffer.byteLength(String(control_socket.value)) > SOCKET_BYTES_MAX) {
    yield contradictory('control_socket', control_socket, `it ${limit}`);
  }
}

function* peering({ peer_id, max_client_conn }: ChosenSettings): Iterable<Problem> {
  if (peer_id.value === 0 || Number(max_client_conn.value) <= CLIENTS_MAX_OF_PEER) return;
  const reason = `with it there are process ids for ${CLIENTS_MAX_OF_PEER} clients, and max_client_conn is ${said(max_client_conn)}; lower that`;
  yield contradictory('peer_id', peer_id, reason);
}

function* cleartext(settings: ChosenSettings): Iterable<Problem> {
  const { listen_addr, auth_type, client_tls_sslmode: tls } = settings;
  const addresses = listen_addr.value as readonly string[];
  const ported = addresses.find((each) => /^[^:]+:\d+$/.test(each));
  if (ported !== undefined) {
    const reason = `${ported} has a port; write the address alone, and the port of all of them as listen_port`;
    yield contradictory('listen_addr', listen_addr, reason);
    return;
  }
  if (addresses.length === 0 || TLS_DEMANDED.includes(tls.value)) return;
  const open = addresses.find((each) => !isLoopback(each));
  if (open !== undefined) {
    const reason = `${open} is not loopback, and client_tls_sslmode is ${said(tls)}: cleartext TCP is for loopback only; set client_tls_sslmode to require, or use the UNIX socket`;
    yield unsafe(settings, 'listen_addr', listen_addr, reason);
  }
  if (auth_type.value !== 'plain') return;
  const reason = `passwords would cross TCP as they are, for client_tls_sslmode is ${said(tls)}; set that to require, or auth_type to scram-sha-256`;
  if (open !== undefined) yield unsafe(settings, 'auth_type', auth_type, reason);
  else yield weak('auth_type', auth_type, reason);
}

function* proofs({
  auth_type,
  listen_addr,
  peer_map,
  client_tls_sslmode,
}: ChosenSettings): Iterable<Problem> {
  if (auth_type.value === 'peer' && (listen_addr.value as readonly string[]).length > 0) {
    const reason = `it is for the UNIX socket, and listen_addr ${said(listen_addr)} is TCP; leave out one of the two`;
    yield contradictory('auth_type', auth_type, reason);
  }
  if (auth_type.value === 'cert' && !String(client_tls_sslmode.value).startsWith('verify')) {
    const reason = `nobody would be asked for a certificate, for client_tls_sslmode is ${said(client_tls_sslmode)}; set that to verify-full`;
    yield contradictory('auth_type', auth_type, reason);
  }
  if (auth_type.value === 'trust') {
    const danger = 'whoever reaches the socket is whoever they say they are; write scram-sha-256';
    yield weak('auth_type', auth_type, danger);
  }
  if (auth_type.value === 'any') {
    const danger = 'whoever reaches the socket is the user of the database; write scram-sha-256';
    yield weak('auth_type', auth_type, danger);
  }
  for (const entry of makePeerMap(peer_map.value as readonly string[]).unusable) {
    yield contradictory('peer_map', peer_map, `expected system_user:role, not "${entry}"`);
  }
}

function* clientTls(settings: ChosenSettings): Iterable<Problem> {
  const { client_tls_sslmode: tls } = settings;
  if (tls.value === 'disable') return;
  const needed: SettingName[] = ['client_tls_key_file', 'client_tls_cert_file'];
  if (String(tls.value).startsWith('verify')) needed.push('client_tls_ca_file');
  for (const name of needed) {
    if (settings[name].value !== '') continue;
    yield contradictory('client_tls_sslmode', tls, `it needs ${name}, which is not set`);
  }
}

/** What only shows when the databases are known. */
export function databaseContradictions(
  { settings, chosen }: ResolvedDatabase,
  user: UserSettings | undefined,
  general: ChosenSettings,
  words: ConfigWords,
): Problem[] {
  const problems: Problem[] = [];
  const above = (limit: Chosen<SettingValue> | undefined, name: string, size: string) => {
    const [value, most] = [chosen[size]!, Number(limit?.value ?? 0)];
    // A default that nobody wrote is no contradiction: the limit simply holds.
    if (limit === undefined || most === 0 || Number(value.value) <= most || value.origin.place === 'default')
      return;
    const reason = `it is larger than ${name} ${said(limit)}; lower the one or raise the other`;
    problems.push(unsafe(general, size, value, reason));
  };
  above(chosen.max_db_connections, 'max_db_connections', 'pool_size');
  above(userLimit(user, general), 'max_user_connections', 'pool_size');
  above(chosen.pool_size, 'pool_size', 'min_pool_size');

  const { sslcert, sslkey, sslmode } = settings;
  const overTcp = settings.hosts.some(({ host }) => !isSocketHost(host));
  if (sslcert !== undefined && sslkey === undefined) {
    problems.push(
      contradictory('sslcert', chosen.sslcert!, 'it needs its private key, sslkey, which is not set'),
    );
  }
  if (sslkey !== undefined && sslcert === undefined) {
    problems.push(
      contradictory('sslkey', chosen.sslkey!, 'it needs its certificate, sslcert, which is not set'),
    );
  }
  const { sslnegotiation } = chosen;
  // As libpq: without SSLRequest there is no answer that could say "no".
  if (sslnegotiation?.value === 'direct' && overTcp && !TLS_DEMANDED.includes(sslmode)) {
    const reason = `there is no TLS for certain, for sslmode is ${said(chosen.sslmode!)}; set that to verify-full`;
    problems.push(contradictory('sslnegotiation', sslnegotiation, reason));
  }
  const danger = WEAK_MODES[sslmode];
  if (danger !== undefined && overTcp) {
    problems.push(weak('sslmode', chosen.sslmode!, danger));
  }
  // What clients prove logs in to the server too, a verifier with their key. Where they prove something else they bring none.
  const isKeyless =
    user?.secret !== undefined &&
    secretKind(user.secret) !== 'plain' &&
    !asksForSecret(String(general.auth_type.value)) &&
    general.auth_type.value !== 'hba';
  const silent = settings.password === undefined && sslcert === undefined && isKeyless;
  if (silent && overTcp) {
    const details = { database: settings.name, user: settings.user };
    problems.push(problem('warning', 'database_password_missing', details, settings.origin));
  }
  return [...problems, ...hashes(settings, general, words), ...unusedNext(settings, user, words)];
}

function* hashes(
  { name: database, password, nextPassword, origin }: DatabaseSettings,
  general: ChosenSettings,
  words: ConfigWords,
): Iterable<Problem> {
  if (![password, nextPassword].some((each) => each && secretKind(each) !== 'plain')) return;
  const reason = `its password is a hash, which logs in to no server by itself; ${words.hashElsewhere}`;
  yield problem(unsafeSeverity(general), 'database_unusable', { database, reason }, origin);
}

/** Clients would come in with it, and the rotation would fail at the server. */
function* unusedNext(
  database: DatabaseSettings,
  user: UserSettings | undefined,
  { nextSecret }: ConfigWords,
): Iterable<Problem> {
  if (user?.nextSecret === undefined || database.password === undefined) return;
  if (database.nextPassword !== undefined) return;
  const details = { ...nextSecret, database: database.name, user: user.name };
  yield problem('warning', 'password_next_unused', details, user.origin);
}

/** The limit on the database's own role, where it has one of its own; else the one for all. */
function userLimit(
  user: UserSettings | undefined,
  { max_user_connections }: ChosenSettings,
): Chosen<SettingValue> {
  if (user === undefined || user.maxUserConnections === max_user_connections.value)
    return max_user_connections;
  return { value: user.maxUserConnections, origin: user.origin, wonOver: [] };
}

/** The names that mean this machine and nothing else. */
function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}

function contradictory(name: string, chosen: Chosen<SettingValue>, contradiction: string): Problem {
  const details = { setting: settingAt(name, chosen.origin), value: print(chosen), contradiction };
  return problem('error', 'setting_contradiction', details, chosen.origin);
}

function weak(name: string, chosen: Chosen<SettingValue>, danger: string): Problem {
  const details = { setting: settingAt(name, chosen.origin), value: print(chosen), danger };
  return problem('warning', 'setting_weak', details, chosen.origin);
}

function said(chosen: Chosen<SettingValue>): string {
  return `${print(chosen)} (${printOrigin(chosen.origin)})`;
}

function print({ value }: Chosen<SettingValue>): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}
