// THE error table: every way in which pgsidecar says no, with its SQLSTATE, its exit code and its sentence.

import { CLIENT_ERRORS } from './errors/clients.ts';
import { CONSOLE_ERRORS } from './errors/console.ts';
import { PROCESS_ERRORS } from './errors/process.ts';
import type { ErrorRow } from './errors/row.ts';
import { SERVER_ERRORS } from './errors/servers.ts';
import { SETTINGS_ERRORS } from './errors/settings.ts';
import { SOURCE_ERRORS } from './errors/sources.ts';
import { type Origin, printOrigin } from './origin.ts';

export type { ErrorRow };

export const ERRORS = {
  ...SETTINGS_ERRORS,
  ...SOURCE_ERRORS,
  ...CLIENT_ERRORS,
  ...CONSOLE_ERRORS,
  ...SERVER_ERRORS,
  ...PROCESS_ERRORS,
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
