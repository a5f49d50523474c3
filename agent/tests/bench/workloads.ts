// THE table of workloads: what pgbench is asked to do, and who can do it.

export interface Workload {
  readonly name: string;
  /** What it says on the documentation page. */
  readonly about: string;
  readonly args: readonly string[];
  /** PgBouncer forwards prepared statements in transaction mode since 1.21 only. */
  readonly pgbouncerSince?: readonly [major: number, minor: number];
}

export const WORKLOADS: readonly Workload[] = [
  { name: 'simple', about: 'select-only, simple protocol', args: ['-S', '-M', 'simple'] },
  { name: 'extended', about: 'select-only, extended protocol', args: ['-S', '-M', 'extended'] },
  {
    name: 'prepared',
    about: 'select-only, named prepared statements',
    args: ['-S', '-M', 'prepared'],
    pgbouncerSince: [1, 21],
  },
  { name: 'tpcb', about: 'TPC-B (sort of): seven statements a transaction', args: ['-M', 'simple'] },
  {
    name: 'connect',
    about: 'select-only, a new connection for each transaction',
    args: ['-S', '-C', '-M', 'simple'],
  },
];
