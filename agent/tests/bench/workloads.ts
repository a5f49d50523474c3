// THE table of workloads: what pgbench is asked to do, and who can do it.

export interface Workload {
  readonly name: string;
  /** What it says on the documentation page. */
  readonly about: string;
  readonly args: readonly string[];
  /** How clients prove themselves, to both; scram-sha-256 when nothing is said. */
  readonly authType?: 'plain';
  /** What stands in PgBouncer's userlist.txt: the verifier that PostgreSQL stores, unless something else is said. */
  readonly pgbouncerSecret?: 'password';
  /** PgBouncer forwards prepared statements in transaction mode since 1.21 only. */
  readonly pgbouncerSince?: readonly [major: number, minor: number];
}

const CONNECT = ['-S', '-C', '-M', 'simple'];

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
    about:
      'select-only, a new connection for each transaction; both hold the password, as the application’s file has it',
    args: CONNECT,
    pgbouncerSecret: 'password',
  },
  {
    name: 'connect_verifier',
    about: 'the same, but PgBouncer is spared the derivation: it holds the SCRAM verifier',
    args: CONNECT,
  },
  {
    name: 'connect_plain',
    about:
      'the same with auth_type plain, where the client has nothing to compute and logins come much faster',
    args: CONNECT,
    authType: 'plain',
    pgbouncerSecret: 'password',
  },
];
