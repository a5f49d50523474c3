// THE error table: every way in which pgsidecar says no, with its SQLSTATE, its exit code and its sentence.

import { type Origin, printOrigin } from './origin.ts';

export interface ErrorRow {
  /** Five characters from PostgreSQL's appendix A; what a client sees. */
  readonly sqlstate: string;
  /** What the process exits with when this ends it (sysexits.h: 78 configuration, 69 unavailable, 77 permission). */
  readonly exit: number;
  /** What failed, with what value, and what to do. `{name}` is filled from the details. */
  readonly sentence: string;
}

export const ERRORS = {
  // Settings
  setting_invalid: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot use {setting} "{value}" at {origin}: expected {expected}',
  },
  config_unreadable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot read {origin}: {reason}',
  },
  command_failed: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot run {command}: {reason}',
  },
  // Files of the application
  yaml_syntax: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin} as YAML: {reason}' },
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
  // A client
  password_wrong: {
    sqlstate: '28P01',
    exit: 77,
    sentence: 'password authentication failed for user "{user}"',
  },
  database_unknown: {
    sqlstate: '3D000',
    exit: 69,
    sentence: 'database "{database}" is not served by pgsidecar: it serves {served}',
  },
  protocol_violation: { sqlstate: '08P01', exit: 70, sentence: 'protocol violation: {reason}' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorDetails = Readonly<Record<string, string | number | undefined>>;

/** An operating error: expected to happen in the field, told to whoever can mend it. Never a programmer's mistake. */
export class AgentError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly origin: Origin | undefined;

  constructor(code: ErrorCode, details: ErrorDetails = {}, origin?: Origin) {
    super(sentenceOf(code, details, origin));
    this.name = 'AgentError';
    this.code = code;
    this.details = details;
    this.origin = origin;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }
}

/** The row's sentence with its blanks filled; `{origin}` is the origin as printed. */
export function sentenceOf(code: ErrorCode, details: ErrorDetails = {}, origin?: Origin): string {
  return ERRORS[code].sentence.replace(/\{(\w+)\}/g, (whole, name: string) => {
    if (name === 'origin' && origin !== undefined) return printOrigin(origin);
    const value = details[name];
    return value === undefined ? whole : String(value);
  });
}

/** One complaint about the configuration; a load collects all of them before it says no. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly origin: Origin | undefined;
}

export function problem(
  severity: Problem['severity'],
  code: ErrorCode,
  details: ErrorDetails,
  origin?: Origin,
): Problem {
  return { severity, code, sentence: sentenceOf(code, details, origin), origin };
}
