// THE error table, the rows of the files that an application has already.

import type { ErrorRow } from './row.ts';

export const SOURCE_ERRORS = {
  yaml_syntax: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin} as YAML: {reason}' },
  ini_syntax: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin} as pgbouncer.ini: {reason}' },
  config_format: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {path}: {reason}' },
  yaml_limit: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin} as YAML: {reason}' },
  yaml_duplicate_key: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot read {origin} as YAML: "{key}" is already set at line {line}; keep one of the two',
  },
  yaml_second_document: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'A second YAML document begins at {origin}: only the first one is read, as the application does',
  },
  yaml_merge_order: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'The merge key << at {origin} replaces "{key}" of line {line} with that of line {from}, as in Ruby: put << first to keep your own',
  },
  setting_reread: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      '{setting} at {origin} is not in quotes, so YAML makes {reading} of it and the application gets other characters than are written: put it in quotes',
  },
  erb_refused: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'Cannot read the expression at {origin}: only <%= ENV["NAME"] %>, ENV.fetch("NAME") and ENV.fetch("NAME", "default") are read, and nothing is ever executed',
  },
  erb_unclosed: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin}: <% is never closed by %>' },
  erb_lines: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot fill {setting} at {origin}: the environment variable {variable} holds several lines',
  },
  variable_unset: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot fill {setting} at {origin}: the environment variable {variable} is not set',
  },
  conninfo_invalid: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {conninfo} at {origin}: {reason}' },
  conninfo_word_unknown: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Passed over "{keyword}" at {origin}: it is no connection parameter of libpq',
  },
  keyword_not_followed: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: '{keyword} at {origin} is not followed: connections of pgsidecar to the server go without it',
  },
  agent_socket: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      "The host at {origin} is pgsidecar's own socket, and is passed over: the agent needs the address of the server{remedy}",
  },
  not_postgres: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Passed over {what} at {origin}: {adapter} is not PostgreSQL',
  },
  environment_missing: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: '{origin} has no section for the environment "{environment}": it has {sections}',
  },
  contradiction: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: '{setting} at {origin} contradicts {winner} and is passed over',
  },
  dotenv_cut: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: '{setting} at {origin} is cut at its #: put the value in quotes if the # belongs to it',
  },
  dotenv_command: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'Cannot use {setting} at {origin}: it holds $( ), and no command is ever executed; write \\$( or use single quotes for a text',
  },
  dotenv_unset: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      '{setting} at {origin} names the variable {variable}, which is not set, so nothing stands in its place; use single quotes for a $ that belongs to the value',
  },
  dotenv_limit: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin}: {reason}' },
  service_missing: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot find the service "{service}" of {origin}: it is in none of {files}',
  },
  service_syntax: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot read {origin} as a service file: {reason}',
  },
} as const satisfies Record<string, ErrorRow>;
