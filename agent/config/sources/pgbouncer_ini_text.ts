// The text of pgbouncer.ini becomes its lines: section, name, value and place, with the files that %include names read in their places.

import { dirname, resolve } from 'node:path/posix';
import { type Problem, problem } from '../../base/errors.ts';
import type { Origin } from '../../base/origin.ts';
import type { SourceIo } from '../source.ts';

export interface IniLine {
  /** The name in the brackets above it. */
  readonly section: string;
  readonly name: string;
  /** To the end of the line, without the blanks around it; nothing in it is a comment. */
  readonly value: string;
  readonly origin: Origin;
}

export interface IniText {
  readonly lines: readonly IniLine[];
  readonly sections: readonly { readonly name: string; readonly origin: Origin }[];
  readonly problems: readonly Problem[];
  /** Absolute: every file that was read, and where one that was not found would be. */
  readonly files: readonly string[];
}

/** As PgBouncer: a file ten files deep includes no other. */
export const INCLUDE_DEPTH_MAX = 10;
/** Files that include each other many times over: no configuration is made of so many. */
export const INCLUDES_MAX = 1000;
/** A longer one is somebody's dump. */
export const INI_CHARS_MAX = 4 * 1024 * 1024;
/** Nobody reads more complaints than these about one file, and the rest of it is not read. */
const PROBLEMS_MAX = 50;

/** `name = value`. A name is letters, digits and _ . - *; others in double quotes, as the manual has it. */
const LINE = /^([A-Za-z0-9_.*-]+|"(?:[^"]|"")+")[ \t\v\f\r]*=(.*)$/;
const SECTION = /^\[([^\]]*)\]\s*$/;
const INCLUDE = /^%include\s+(.*)$/;

/** Where a file of the ini is: relative to the folder that the agent was started in, as in PgBouncer; else to the ini's own. */
export function iniPath(
  path: string,
  origin: Origin,
  io: SourceIo,
): { readonly path: string; readonly looked: readonly string[] } {
  const first = resolve(io.cwd, path);
  const second = resolve(io.cwd, dirname(origin.place), path);
  if (first === second) return { path: first, looked: [first] };
  const isSecond = io.read(first) === undefined && io.read(second) !== undefined;
  return { path: isSecond ? second : first, looked: [first, second] };
}

export function readIniText(path: string, text: string, io: SourceIo): IniText {
  const reader = new Reader(io);
  reader.read(path, text, 0);
  return reader;
}

class Reader implements IniText {
  readonly lines: IniLine[] = [];
  readonly sections: { name: string; origin: Origin }[] = [];
  readonly problems: Problem[] = [];
  readonly files: string[] = [];
  readonly #io: SourceIo;
  #section: string | undefined;
  #includes = 0;

  constructor(io: SourceIo) {
    this.#io = io;
  }

  read(path: string, text: string, depth: number): void {
    this.files.push(resolve(this.#io.cwd, path));
    if (text.length > INI_CHARS_MAX) {
      const reason = `the file has ${text.length} characters, and at most ${INI_CHARS_MAX} (INI_CHARS_MAX) are read`;
      this.#complain(reason, { place: path });
      return;
    }
    for (const [index, written] of text
      .replace(/^\ufeff/, '')
      .split('\n')
      .entries()) {
      const line = written.trim();
      if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
      if (this.problems.length >= PROBLEMS_MAX) return;
      this.#line(line, { place: path, line: index + 1 }, depth);
    }
  }

  #line(line: string, origin: Origin, depth: number): void {
    if (line.includes('\0')) return this.#complain('there is a NUL byte in it', origin);
    const section = SECTION.exec(line)?.[1];
    if (section !== undefined) {
      this.#section = section;
      this.sections.push({ name: section, origin });
      return;
    }
    const included = INCLUDE.exec(line)?.[1];
    if (included !== undefined) return this.#include(included, origin, depth);
    const [, written, rest] = LINE.exec(line) ?? [];
    if (written === undefined || rest === undefined) return this.#complain(whatIsWrong(line), origin);
    const name = written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
    if (this.#section === undefined) {
      return this.#complain(`${name} stands in no section; write [pgbouncer] above it`, origin);
    }
    this.lines.push({ section: this.#section, name, value: rest.trim(), origin: { ...origin, key: name } });
  }

  /** The section goes on within the file that is included, and where that names another, behind it too: as in PgBouncer. */
  #include(written: string, origin: Origin, depth: number): void {
    this.#includes += 1;
    if (depth >= INCLUDE_DEPTH_MAX || this.#includes > INCLUDES_MAX) {
      const limit =
        depth >= INCLUDE_DEPTH_MAX
          ? `${INCLUDE_DEPTH_MAX} files deep (INCLUDE_DEPTH_MAX)`
          : `${INCLUDES_MAX} (INCLUDES_MAX)`;
      return this.#complain(
        `%include ${written} goes too far, for the limit is ${limit}; does a file include itself?`,
        origin,
      );
    }
    const { path, looked } = iniPath(written, origin, this.#io);
    const text = this.#io.read(path);
    this.files.push(...looked);
    if (text !== undefined) return this.read(path, text, depth + 1);
    if (this.#io.isUnreadable?.(path)) return;
    const advice = `%include names it at ${origin.place}:${origin.line}; a relative path is relative to the folder that the agent is started in, as in PgBouncer, else to the file's own`;
    this.problems.push(problem('error', 'config_missing', { path, advice }, origin));
  }

  #complain(reason: string, origin: Origin): void {
    this.problems.push(problem('error', 'ini_syntax', { reason }, origin));
  }
}

/** Never quotes the line: there may be a password in it. */
function whatIsWrong(line: string): string {
  if (line.startsWith('[')) return 'expected a section in brackets, and nothing behind it';
  if (line.startsWith('%')) return 'expected %include and the name of a file';
  if (!line.includes('=')) return 'expected name = value';
  return 'expected a name of letters, digits, _ . - (or in double quotes), then = and a value';
}
