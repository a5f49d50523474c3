// Reads pgsidecar.yml: settings at the top level, and whatever is to be added to the application's databases and users.

import { resolve } from 'node:path/posix';
import { type Problem, problem } from '../../base/errors.ts';
import { invalidSetting, rowAt, unknownSetting } from '../complaints.ts';
import { parseConninfo } from '../conninfo.ts';
import { isPeerId, PEER_ID_EXPECTED } from '../resolve_peers.ts';
import type {
  DatabaseDraft,
  Located,
  PeerDraft,
  SourceIo,
  SourceReading,
  UserDraft,
  UserField,
} from '../source.ts';
import type { KeyRow } from '../table/row.ts';
import { isSettingName } from '../table.ts';
import { type Fault, faultsOf } from '../validate.ts';
import { parseYaml, type YamlMap, type YamlNode } from '../yaml_text.ts';

export function readPgsidecarYml(path: string, text: string, io: SourceIo): SourceReading {
  const files = [resolve(io.cwd, path)];
  const nothing = { format: 'pgsidecar.yml', databases: [], settings: {}, files } as const;
  const { root, problems } = parseYaml(text, path);
  if (root === undefined) return { ...nothing, problems };
  if (root.kind !== 'map') {
    const reason = 'expected keys and values, not a list or a single value';
    return { ...nothing, problems: [problem('error', 'yaml_syntax', { reason }, root.origin)] };
  }
  const faults = settled(faultsOf(writtenAt(root, [])));
  const faulty = new Set(faults.map(({ path: at }) => at.join('\0')));
  const complaints = faults.map(({ path: at, kind }): Problem => {
    const { node, origin } = nodeAt(root, at);
    if (kind === 'unknown') return unknownSetting(at, origin);
    const row = rowAt(at);
    return invalidSetting(at.join('.'), row, node === undefined ? '' : writtenAt(node, at), origin);
  });
  const reader = new Reader(faulty);
  const settings = reader.settings(root);
  const databases = reader.databases(root);
  const users = reader.users(root);
  return {
    ...nothing,
    settings,
    databases,
    users,
    peers: reader.peers(root),
    problems: [...problems, ...complaints, ...reader.problems],
  };
}

/** A fault within a list is the list's: one complaint a setting. */
function settled(faults: readonly Fault[]): readonly Fault[] {
  const settled = new Map<string, Fault>();
  for (const fault of faults) {
    const end = fault.path.findIndex((_, index) => rowAt(fault.path.slice(0, index + 1)) !== undefined);
    const path = end === -1 ? fault.path : fault.path.slice(0, end + 1);
    settled.set(path.join('\0'), { path, kind: fault.kind });
  }
  return [...settled.values()];
}

/** What the schema sees: scalars as YAML types them where a number or a yes is wanted, as they are written elsewhere. */
function writtenAt(node: YamlNode, path: readonly string[]): unknown {
  if (node.kind === 'map') {
    const entries = [...node.entries].filter(([, each]) => !isNothing(each));
    return Object.fromEntries(entries.map(([key, each]) => [key, writtenAt(each, [...path, key])]));
  }
  if (node.kind === 'list') return node.items.map((item) => writtenAt(item, path));
  const row: KeyRow | undefined = rowAt(path);
  return row?.type === 'integer' || row?.type === 'boolean' ? node.value : node.text;
}

/** `pool_mode:` and `pool_mode: ~` leave the setting alone. */
function isNothing(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null && !node.quoted;
}

function nodeAt(root: YamlNode, path: readonly string[]) {
  let node: YamlNode | undefined = root;
  let origin = root.origin;
  for (const word of path) {
    if (node?.kind !== 'map') break;
    node = node.entries.get(word);
    if (node !== undefined) origin = node.origin;
  }
  return { node, origin };
}

/** Walks what the schema let through; a key with a fault was complained about, and is left out. */
class Reader {
  readonly problems: Problem[] = [];
  readonly #faulty: ReadonlySet<string>;

  constructor(faulty: ReadonlySet<string>) {
    this.#faulty = faulty;
  }

  settings(root: YamlMap): Record<string, Located> {
    const settings: Record<string, Located> = {};
    for (const [key, located] of this.#values(root, [])) if (isSettingName(key)) settings[key] = located;
    return settings;
  }

  databases(root: YamlMap): DatabaseDraft[] {
    return this.#named(root, 'databases').map(([key, node]) => {
      // Maps until the end: a key named __proto__ is a key like any other.
      const fields = new Map<string, Located<string | number>>();
      const parameters = new Map<string, Located<string>>();
      const written = this.#values(node, ['databases', key]);
      const url = written.get('url');
      if (url !== undefined) {
        const parsed = parseConninfo(String(url.value), url.origin);
        this.problems.push(...parsed.problems);
        for (const [field, located] of Object.entries(parsed.fields)) fields.set(field, located);
        for (const [name, located] of Object.entries(parsed.parameters)) parameters.set(name, located);
      }
      for (const [field, { value, origin }] of written) {
        if (field !== 'url') fields.set(field, { value: String(value), origin });
      }
      for (const [name, { value, origin }] of this.#parameters(node, key)) {
        parameters.set(name, { value: String(value), origin });
      }
      return {
        key,
        origin: node.origin,
        fields: Object.fromEntries(fields) as DatabaseDraft['fields'],
        parameters: Object.fromEntries(parameters),
      };
    });
  }

  users(root: YamlMap): UserDraft[] {
    return this.#named(root, 'users').map(([name, node]) => ({
      name,
      origin: node.origin,
      fields: Object.fromEntries(this.#values(node, ['users', name])) as Partial<
        Record<UserField, Located<string>>
      >,
    }));
  }

  peers(root: YamlMap): PeerDraft[] {
    return this.#named(root, 'peers').flatMap(([id, node]) => {
      if (isPeerId(id)) {
        const fields = Object.fromEntries(this.#values(node, ['peers', id])) as PeerDraft['fields'];
        return [{ id: Number(id), origin: node.origin, fields }];
      }
      this.problems.push(invalidSetting('peers', undefined, id, node.origin, PEER_ID_EXPECTED));
      return [];
    });
  }

  #named(root: YamlMap, section: 'databases' | 'users' | 'peers'): [string, YamlMap][] {
    const node = root.entries.get(section);
    if (node?.kind !== 'map') return [];
    const named: [string, YamlMap][] = [];
    for (const [name, each] of node.entries) {
      // `main:` alone is a database of which nothing is said here: `users:` and `databases: [main]` may still name it.
      if (each.kind === 'map') named.push([name, each]);
      else if (isNothing(each)) named.push([name, { kind: 'map', entries: new Map(), origin: each.origin }]);
    }
    return named;
  }

  #parameters(database: YamlMap, key: string): ReadonlyMap<string, Located> {
    const node = database.entries.get('parameters');
    return node?.kind === 'map' ? this.#values(node, ['databases', key, 'parameters']) : new Map();
  }

  #values(map: YamlMap, path: readonly string[]): ReadonlyMap<string, Located> {
    const values = new Map<string, Located>();
    for (const [key, node] of map.entries) {
      const at = [...path, key];
      if (node.kind === 'map' || isNothing(node) || this.#isFaulty(at)) continue;
      values.set(key, { value: writtenAt(node, at), origin: node.origin });
    }
    return values;
  }

  #isFaulty(path: readonly string[]): boolean {
    return this.#faulty.has(path.join('\0'));
  }
}
