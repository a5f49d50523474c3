// THE table of words: how each statement begins and what that means, and which functions leave something behind.

import {
  ADVANCES,
  CURSORS,
  DEMANDS,
  LIBRARY,
  LISTENS,
  LOCKS,
  NOTIFIES,
  READS_SEQUENCE,
  SETTINGS,
  STATEMENTS,
  TEMPORARY,
  UNKNOWN,
  UNNAMED,
} from './effects.ts';

/** How a statement that begins with this word is read; `classify.ts` has a function for each. */
export type Manner =
  | 'plain' // nothing but its functions
  | 'query' // as plain, and it may be SELECT … INTO
  | 'write' // as plain, and it advances sequences
  | 'anything' // does whatever somebody else has written
  | 'rollback'
  | 'alter'
  | 'close'
  | 'copy'
  | 'create'
  | 'deallocate'
  | 'declare'
  | 'discard'
  | 'do'
  | 'execute'
  | 'explain'
  | 'listen'
  | 'load'
  | 'notify'
  | 'prepare'
  | 'release'
  | 'reset'
  | 'savepoint'
  | 'set'
  | 'temporary' // may make or drop temporary objects
  | 'unlisten';

/** By its first word. A word that is not here is not understood. `glance.ts` has the commonest of them again. */
export const MANNERS: ReadonlyMap<string, Manner> = new Map<string, Manner>([
  ['(', 'query'],
  ['abort', 'plain'],
  ['alter', 'alter'],
  ['analyse', 'plain'],
  ['analyze', 'plain'],
  ['begin', 'plain'],
  // A procedure is there for its effects, and takes longer than the question what they were.
  ['call', 'anything'],
  ['checkpoint', 'plain'],
  ['close', 'close'],
  ['cluster', 'plain'],
  ['comment', 'plain'],
  ['commit', 'plain'],
  ['copy', 'copy'],
  ['create', 'create'],
  ['deallocate', 'deallocate'],
  ['declare', 'declare'],
  ['delete', 'query'],
  ['discard', 'discard'],
  ['do', 'do'],
  ['drop', 'temporary'],
  ['end', 'plain'],
  ['execute', 'execute'],
  ['explain', 'explain'],
  ['fetch', 'plain'],
  ['grant', 'plain'],
  ['import', 'temporary'],
  ['insert', 'write'],
  ['listen', 'listen'],
  ['load', 'load'],
  ['lock', 'plain'],
  ['merge', 'write'],
  ['move', 'plain'],
  ['notify', 'notify'],
  ['prepare', 'prepare'],
  ['reassign', 'plain'],
  ['refresh', 'plain'],
  ['reindex', 'plain'],
  ['release', 'release'],
  ['reset', 'reset'],
  ['revoke', 'plain'],
  ['rollback', 'rollback'],
  ['savepoint', 'savepoint'],
  ['security', 'plain'],
  ['select', 'query'],
  ['set', 'set'],
  ['show', 'plain'],
  ['start', 'plain'],
  ['table', 'query'],
  ['truncate', 'plain'],
  ['unlisten', 'unlisten'],
  ['update', 'query'],
  ['vacuum', 'plain'],
  ['values', 'query'],
  ['with', 'query'],
]);

/** What a call of each leaves behind. Those that take SQL as an argument do whatever it says. */
export const FUNCTIONS: ReadonlyMap<string, number> = new Map([
  ['set_config', SETTINGS | UNNAMED],
  ['set_limit', SETTINGS | UNNAMED], // pg_trgm
  ['pg_advisory_lock', LOCKS | DEMANDS],
  ['pg_advisory_lock_shared', LOCKS | DEMANDS],
  ['pg_try_advisory_lock', LOCKS | DEMANDS],
  ['pg_try_advisory_lock_shared', LOCKS | DEMANDS],
  ['pg_advisory_unlock', LOCKS],
  ['pg_advisory_unlock_shared', LOCKS],
  ['pg_advisory_unlock_all', LOCKS],
  ['nextval', ADVANCES],
  ['setval', ADVANCES],
  ['currval', READS_SEQUENCE],
  ['lastval', READS_SEQUENCE],
  ['pg_notify', NOTIFIES],
  ['dblink_connect', LIBRARY | DEMANDS],
  ['dblink_connect_u', LIBRARY | DEMANDS],
  ['pg_backup_start', LIBRARY | DEMANDS],
  ['pg_start_backup', LIBRARY | DEMANDS],
  ['pg_replication_origin_session_setup', LIBRARY | DEMANDS],
  ...[
    'query_to_xml',
    'query_to_xmlschema',
    'query_to_xml_and_xmlschema',
    'ts_stat',
    'ts_rewrite',
    'crosstab',
    'crosstab2',
    'crosstab3',
    'crosstab4',
    'connectby',
  ].map((name) => [name, UNKNOWN] as const),
]);

/** What `glance.ts` cannot pass by wherever it stands: letters and `_` only, because digits end a word there. */
export const SUSPECTS: readonly string[] = [
  ...new Set([...FUNCTIONS.keys()].map((name) => name.replace(/\d+$/, ''))),
  'into',
  'insert',
  'merge',
  'pg_settings',
];

/** What CREATE may make in a schema, and so among the temporary objects; where its name is, counted from this word. */
export const SCHEMA_OBJECTS: ReadonlyMap<string, number> = new Map([
  ...['aggregate', 'collation', 'conversion', 'domain', 'function', 'operator', 'procedure'].map(
    (word) => [word, 1] as const,
  ),
  ...['sequence', 'statistics', 'table', 'type', 'view'].map((word) => [word, 1] as const),
  ['text', 3], // SEARCH CONFIGURATION
]);

/** What else CREATE makes: nothing of a session's. */
export const SHARED_OBJECTS: ReadonlySet<string> = new Set([
  ...[
    'access',
    'cast',
    'constraint',
    'database',
    'event',
    'group',
    'index',
    'language',
    'policy',
    'procedural',
  ],
  ...[
    'publication',
    'role',
    'rule',
    'schema',
    'server',
    'subscription',
    'tablespace',
    'transform',
    'trigger',
  ],
  ...['trusted', 'unique', 'user'],
]);

/** What a word in the body of DO leaves behind, wherever it stands. What is run there by its name may do anything. */
export const BODY_WORDS: ReadonlyMap<string, number> = new Map([
  ['call', UNKNOWN],
  ['copy', ADVANCES],
  ['create', TEMPORARY],
  ['deallocate', STATEMENTS],
  ['discard', UNKNOWN],
  ['do', UNKNOWN],
  ['drop', TEMPORARY],
  ['execute', UNKNOWN],
  ['hold', CURSORS],
  ['insert', ADVANCES],
  ['listen', LISTENS],
  ['load', LIBRARY],
  ['merge', ADVANCES],
  ['notify', NOTIFIES],
  ['pg_temp', TEMPORARY],
  ['prepare', STATEMENTS],
  ['reset', SETTINGS | UNNAMED],
  ['temp', TEMPORARY],
  ['temporary', TEMPORARY],
  ['unlisten', LISTENS],
]);

/** Every other word that somebody asks a token about. */
const ASKED: readonly string[] = [
  'pg_settings',
  'update',
  ...['all', 'as', 'atomic', 'authorization', 'bool', 'boolean', 'characteristics', 'class', 'committed'],
  ...[
    'constraints',
    'cursor',
    'data',
    'default',
    'deferrable',
    'else',
    'exists',
    'extension',
    'false',
    'family',
  ],
  ...[
    'foreign',
    'from',
    'global',
    'hour',
    'if',
    'interval',
    'into',
    'isolation',
    'large',
    'large',
    'level',
    'local',
    'loop',
  ],
  ...[
    'materialized',
    'minute',
    'names',
    'not',
    'null',
    'only',
    'option',
    'or',
    'perform',
    'pg_catalog',
    'plans',
    'plpgsql',
  ],
  ...[
    'read',
    'recursive',
    'repeatable',
    'replace',
    'routine',
    'sequences',
    'serializable',
    'session',
    'system',
    'then',
    'time',
    'to',
  ],
  ...[
    'on',
    'where',
    'group',
    'having',
    'window',
    'union',
    'intersect',
    'except',
    'order',
    'limit',
    'offset',
    'for',
  ],
  ...['transaction', 'true', 'uncommitted', 'unlogged', 'varchar', 'verbose', 'work', 'write', 'xml', 'zone'],
];

/** FNV-1a over a word in lower case, in 32 bits. The lexer and the glance compute the same while they read. */
export const HASH_START = 0x811c9dc5 | 0;
export function addToHash(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

export function hashOf(word: string): number {
  let hash = HASH_START;
  for (let i = 0; i < word.length; i++) hash = addToHash(hash, word.charCodeAt(i));
  return hash;
}

/** All words that mean something to anybody, by their hash: the lexer names them, and leaves the others unnamed. */
export const KNOWN_WORDS: ReadonlyMap<number, string> = new Map(
  [
    ...[MANNERS, FUNCTIONS, SCHEMA_OBJECTS, SHARED_OBJECTS, BODY_WORDS].flatMap((table) => [...table.keys()]),
    ...ASKED,
  ].map((word) => [hashOf(word), word]),
);
