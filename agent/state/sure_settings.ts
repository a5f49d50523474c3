// Which switches between two clients' settings no server refuses: only behind those the client's query may be sent at once.

import { NOT_ASCII, type Parameters } from './parameters.ts';

/** Nobody is refused these, as long as the value is one that a server has taken before: no right, no library and no catalog is asked. */
const SURE: ReadonlySet<string> = new Set([
  ...['idle_in_transaction_session_timeout', 'idle_session_timeout', 'lock_timeout', 'statement_timeout'],
  ...['search_path', 'work_mem', 'maintenance_work_mem', 'hash_mem_multiplier', 'logical_decoding_work_mem'],
  ...[
    'timezone',
    'datestyle',
    'intervalstyle',
    'extra_float_digits',
    'bytea_output',
    'xmloption',
    'xmlbinary',
  ],
  ...['client_min_messages', 'application_name', 'standard_conforming_strings', 'escape_string_warning'],
  ...['array_nulls', 'backslash_quote', 'quote_all_identifiers', 'transform_null_equals', 'row_security'],
  ...['check_function_bodies', 'default_statistics_target', 'synchronous_commit', 'commit_siblings'],
  ...['default_transaction_isolation', 'default_transaction_read_only', 'default_transaction_deferrable'],
  ...['enable_bitmapscan', 'enable_hashagg', 'enable_hashjoin', 'enable_indexonlyscan', 'enable_indexscan'],
  ...['enable_material', 'enable_mergejoin', 'enable_nestloop', 'enable_seqscan', 'enable_sort', 'jit'],
  ...['random_page_cost', 'seq_page_cost', 'cpu_tuple_cost', 'cpu_index_tuple_cost', 'cpu_operator_cost'],
  ...['effective_cache_size', 'from_collapse_limit', 'join_collapse_limit', 'geqo', 'geqo_threshold'],
  ...['cursor_tuple_fraction', 'constraint_exclusion', 'plan_cache_mode', 'parallel_setup_cost'],
  ...['max_parallel_workers', 'max_parallel_workers_per_gather', 'parallel_tuple_cost'],
  ...['gin_fuzzy_search_limit', 'gin_pending_list_limit', 'vacuum_cost_limit', 'vacuum_cost_page_hit'],
  ...['vacuum_cost_page_miss', 'vacuum_cost_page_dirty', 'vacuum_cost_delay'],
]);
/** With these a server may be too late to take anything. */
const HURRY = ['statement_timeout', 'transaction_timeout'];

/**
 * Can what brings a server from `has` to `wants` not be refused? A custom setting can: a library that was loaded meanwhile
 * has taken its name away. So can what is not ASCII: it is a question of encodings.
 */
export function isSure(has: Parameters, wants: Parameters): boolean {
  if (isHurried(has)) return false;
  for (const [name, value] of wants.reported)
    if (has.reported.get(name) !== value && NOT_ASCII.test(value)) return false;
  for (const [name, value] of wants.unreported)
    if (has.unreported.get(name) !== value && (!SURE.has(name) || NOT_ASCII.test(value))) return false;
  for (const name of has.unreported.keys()) if (!wants.unreported.has(name) && !SURE.has(name)) return false;
  return true;
}

/** What stands before it where the client before has left too little time. */
export function inTime(has: Parameters): string {
  return isHurried(has) ? 'SET LOCAL statement_timeout TO 0;' : '';
}

function isHurried({ unreported }: Parameters): boolean {
  return HURRY.some((name) => isShort(unreported.get(name)));
}

/** Of a timeout: a busy machine may take so long for anything. */
const SHORT_MS = 1_000;
const MS_OF: ReadonlyMap<string, number> = new Map([
  ...([
    ['us', 0.001],
    ['', 1],
    ['ms', 1],
    ['s', 1_000],
    ['min', 60_000],
    ['h', 3_600_000],
    ['d', 86_400_000],
  ] as const),
]);

/** @param value as its client wrote it; what is not understood is short. */
function isShort(value: string | undefined): boolean {
  if (value === undefined) return false;
  const [, number, unit] = /^\s*(\d+)\s*([a-z]*)\s*$/.exec(value) ?? [];
  const ms = Number(number) * (MS_OF.get(unit ?? '-') ?? Number.NaN);
  return !(ms === 0 || ms >= SHORT_MS);
}
