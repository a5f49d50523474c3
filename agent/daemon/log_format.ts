// How a line of the log looks where it is read: JSON as pino made it, for people, as PgBouncer wrote it, for syslog.

import pretty from 'pino-pretty';
import { type LogRecord, pgbouncerLines, type Spoken } from './log_pgbouncer.ts';

/** From pino's line, with its newline, to what is written. */
export type PrintLine = (line: string) => string;

export function asJson(line: string): string {
  return escaped(line, HIGH_CONTROLS);
}

export function prettily(colours: boolean): PrintLine {
  const print = pretty.prettyFactory({
    // Names that clients make up stand in sentences too: none of them begins a line of its own.
    messageFormat: (line, key) => escaped(String(line[key] ?? ''), CONTROLS),
    colorize: colours,
    singleLine: true,
    translateTime: 'HH:MM:ss.l',
    ignore: 'pid,hostname',
  });
  return (line) => escaped(print(line), HIGH_CONTROLS);
}

/** `2026-11-21 18:30:45.010 UTC [11537] LOG C-0x2a: app/bob@unix login attempt: db=app user=bob tls=no`. */
export function asPgbouncer(pid: number): PrintLine {
  return (line) => {
    const record = JSON.parse(line) as LogRecord;
    const begin = `${localTime(new Date(record.time))} [${pid}]`;
    return pgbouncerLines(record)
      .map(({ level, text }) => `${begin} ${level} ${escaped(text, CONTROLS)}\n`)
      .join('');
  };
}

/** Each line behind the mark by which the journal knows how bad it is: sd-daemon(3). Only the mark is taken off again. */
export function forJournal(print: PrintLine): PrintLine {
  return (line) => {
    const level = Number(/"level":(\d+)/.exec(line)?.[1] ?? INFO_LEVEL);
    const mark = `<${JOURNAL.find(([from]) => level >= from)?.[1] ?? SEVERITIES.DEBUG}>`;
    return print(line).replace(/^(?=.)/gm, mark);
  };
}

/** pino's levels, and syslog's word for each. */
const INFO_LEVEL = 30;
const JOURNAL = [
  [60, 2],
  [50, 3],
  [40, 4],
  [INFO_LEVEL, 6],
] as const;

/** A datagram each: `<30>pgsidecar[11537]: LOG login attempt: …`; the daemon adds the time. */
export function forSyslog(
  facility: SyslogFacility,
  ident: string,
  pid: number,
): (line: string) => readonly string[] {
  return (line) =>
    pgbouncerLines(JSON.parse(line) as LogRecord).map(({ level, text }) => {
      const priority = FACILITIES[facility] * 8 + SEVERITIES[level];
      return cut(`<${priority}>${escaped(ident, CONTROLS)}[${pid}]: ${level} ${escaped(text, CONTROLS)}`);
    });
}

/** What syslog daemons take of one datagram, all of them. */
const DATAGRAM_BYTES_MAX = 8192;

function cut(text: string): string {
  if (Buffer.byteLength(text) <= DATAGRAM_BYTES_MAX) return text;
  const kept = Buffer.from(text).subarray(0, DATAGRAM_BYTES_MAX - Buffer.byteLength('…'));
  // The last letter may have been cut in two.
  return `${kept.toString().replace(/\ufffd+$/, '')}…`;
}

/** syslog(3). */
export const FACILITIES = Object.freeze({
  user: 1,
  daemon: 3,
  auth: 4,
  authpriv: 10,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
});
export type SyslogFacility = keyof typeof FACILITIES;

const SEVERITIES: Readonly<Record<Spoken['level'], number>> = { DEBUG: 7, LOG: 6, WARNING: 4, ERROR: 3 };

/** As strftime has it: `2026-11-21 18:30:45.010 UTC`. */
function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')} ${zoneOf(date)}`;
}

/** `UTC`, `CET`; a number where the zone has no letters. */
function zoneOf(date: Date): string {
  const offset = date.getTimezoneOffset();
  if (offset === 0) return 'UTC';
  return /\(([A-Z]{2,5})\)/.exec(date.toString())?.[1] ?? zoneByNumber(-offset);
}

function zoneByNumber(minutes: number): string {
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(size / 60)}${two(size % 60)}`;
}

/** What a terminal may obey, or a reader take for the end of a line; JSON escapes the first half of them in fields. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;
const HIGH_CONTROLS = /[\x7f-\x9f\u2028\u2029]/gu;

function escaped(text: string, which: RegExp): string {
  return text.replace(which, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
