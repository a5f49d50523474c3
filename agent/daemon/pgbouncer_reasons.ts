// What PgBouncer has behind `closing because:`, word for word. Our sentences begin with it and go on, which would miss an alert on the whole.

/** Of what begins so and goes on behind a colon, this alone. */
const ALONE = [
  ...['query_wait_timeout', 'query timeout', 'transaction timeout', 'idle transaction timeout'],
  ...['client_idle_timeout', 'client_login_timeout', 'client unexpected eof', 'not allowed'],
  ...['database removed', 'database configuration changed', 'admin forced disconnect', 'SSL required'],
  ...['PQexec disallowed', 'pooler is shutting down', 'login rejected', 'unix socket login rejected'],
];

const WORDS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`^(${ALONE.join('|')}): .*$`, 's'), '$1'],
  [/^(no such database: .*) \(pgsidecar serves .*\)$/s, '$1'],
  [/^(.* \(max_[a-z_]+\)): it is \d+$/s, '$1'],
  [/^((?:password|"trust") authentication failed) for user ".*"$/s, '$1'],
  [/^the server ended the connection$|^server conn crashed\? .*$/s, 'server conn crashed?'],
  [/^(.*) \(the server refused our login(?:; SQLSTATE .*)?\)$/s, '$1'],
];

export function pgbouncerReason(sentence: string): string {
  for (const [pattern, theirs] of WORDS) if (pattern.test(sentence)) return sentence.replace(pattern, theirs);
  return sentence;
}
