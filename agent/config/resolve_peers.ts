// The peers of a configuration: other agents behind the same address, by their numbers.

import { type Problem, problem } from '../base/errors.ts';
import { complaintAbout } from './complaints.ts';
import type { ConfigWords } from './config_words.ts';
import { readValue } from './read_value.ts';
import type { PeerSettings } from './settings.ts';
import type { PeerDraft } from './source.ts';
import { PEER_KEYS } from './table/keys.ts';
import type { SettingValue } from './table/row.ts';

export function resolvePeers(
  drafts: readonly PeerDraft[],
  words: ConfigWords,
): {
  readonly peers: Readonly<Record<number, PeerSettings>>;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const peers: Record<number, PeerSettings> = {};
  for (const { id, origin, fields } of drafts) {
    const read = (key: 'host' | 'port' | 'pool_size', otherwise: SettingValue): SettingValue => {
      const located = fields[key];
      if (located === undefined) return otherwise;
      const row = PEER_KEYS[key]!;
      const value = readValue(row, located.value);
      if ('value' in value) return value.value;
      problems.push(complaintAbout(`peers.${id}.${key}`, row, located, value.expected));
      return otherwise;
    };
    const host = String(read('host', ''));
    if (host === '') {
      const expected = 'a host, where the peer listens';
      const details = { setting: words.peerField(id, 'host'), value: '', expected };
      problems.push(problem('error', 'setting_invalid', details, origin));
    }
    peers[id] = {
      host,
      port: read('port', PEER_PORT) as number,
      poolSize: read('pool_size', PEER_POOL_SIZE) as number,
    };
  }
  return { peers, problems };
}

/** As in PgBouncer, where it is part of every cancel key. */
const PEER_ID_MAX = 65_535;
export const PEER_ID_EXPECTED = `the number of a peer, from 1 to ${PEER_ID_MAX}`;

export function isPeerId(name: string): boolean {
  return /^[0-9]{1,5}$/.test(name) && Number(name) >= 1 && Number(name) <= PEER_ID_MAX;
}

/** PgBouncer's: that of listen_port and that of a database. */
const PEER_PORT = 6432;
const PEER_POOL_SIZE = 20;
