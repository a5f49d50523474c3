// The tables of libpq's words are whole, and know the agent's own socket in every spelling.

import { describe, expect, test } from 'bun:test';
import { FRAMEWORK_WORDS, isAgentSocket, LIBPQ_KEYWORDS, LIBPQ_VARIABLES } from './libpq_keywords.ts';

// PQconndefaults() of libpq 15, keyword by keyword, with their environment variables.
const LIBPQ_15 =
  'service PGSERVICE;user PGUSER;password PGPASSWORD;passfile PGPASSFILE;channel_binding PGCHANNELBINDING;connect_timeout PGCONNECT_TIMEOUT;dbname PGDATABASE;host PGHOST;hostaddr PGHOSTADDR;port PGPORT;client_encoding PGCLIENTENCODING;options PGOPTIONS;application_name PGAPPNAME;fallback_application_name ;keepalives ;keepalives_idle ;keepalives_interval ;keepalives_count ;tcp_user_timeout ;sslmode PGSSLMODE;sslcompression PGSSLCOMPRESSION;sslcert PGSSLCERT;sslkey PGSSLKEY;sslpassword ;sslrootcert PGSSLROOTCERT;sslcrl PGSSLCRL;sslcrldir PGSSLCRLDIR;sslsni PGSSLSNI;requirepeer PGREQUIREPEER;ssl_min_protocol_version PGSSLMINPROTOCOLVERSION;ssl_max_protocol_version PGSSLMAXPROTOCOLVERSION;gssencmode PGGSSENCMODE;krbsrvname PGKRBSRVNAME;gsslib PGGSSLIB;replication ;target_session_attrs PGTARGETSESSIONATTRS'
    .split(';')
    .map((each) => each.split(' ') as [string, string]);

describe('LIBPQ_KEYWORDS', () => {
  test('has every keyword of libpq 15, and its variable unless nothing is done with it', () => {
    for (const [keyword, variable] of LIBPQ_15) {
      const use = LIBPQ_KEYWORDS[keyword];
      expect(use, keyword).toBeDefined();
      if (variable !== '' && use?.kind !== 'quiet') expect(LIBPQ_VARIABLES[variable], variable).toBe(keyword);
    }
  });

  test('is what every variable names', () => {
    for (const keyword of Object.values(LIBPQ_VARIABLES)) expect(LIBPQ_KEYWORDS[keyword]).toBeDefined();
  });

  test('shares no word with the frameworks', () => {
    expect(Object.keys(LIBPQ_KEYWORDS).filter((each) => FRAMEWORK_WORDS.has(each))).toEqual([]);
  });
});

describe('isAgentSocket()', () => {
  test.each(['/run/pgsidecar', '/run/pgsidecar/', '/var/run/pgsidecar', '/run/pgsidecar/.s.PGSQL.5432'])(
    'knows %s',
    (host) => {
      expect(isAgentSocket(host)).toBe(true);
    },
  );

  test.each(['', '/', '/run/postgresql', '/run/pgsidecar2', 'run/pgsidecar', 'pgsidecar', 'localhost'])(
    'leaves %p',
    (host) => {
      expect(isAgentSocket(host)).toBe(false);
    },
  );
});
