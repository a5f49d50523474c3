// The log where nothing can be written: a device that is always full; and as a person reads it.

import { afterAll, expect, test } from 'bun:test';
import { closeSync, openSync, writeSync } from 'node:fs';
import { AgentError } from '../base/errors.ts';
import { DEFAULTS } from '../config/table.ts';
import { FakeClock } from '../tests/harness/fake_clock.ts';
import type { LogPlaces } from './log_places.ts';
import { makeLog } from './logger.ts';

const nowhere: LogPlaces = {
  openFile: (path) => {
    throw new AgentError('file_unwritable', { path, reason: 'there is none' });
  },
  openSyslog: () => {
    throw new AgentError('file_unwritable', { path: 'syslog', reason: 'there is none' });
  },
};

/** Files in memory: what each opening of a name has got. */
class Files implements LogPlaces {
  readonly written: { path: string; text: string; parts: string[]; isOpen: boolean }[] = [];

  openFile(path: string) {
    const file = { path, text: '', parts: [] as string[], isOpen: true };
    this.written.push(file);
    return {
      write: (bytes: Uint8Array) => {
        file.parts.push(Buffer.from(bytes).toString());
        file.text += file.parts.at(-1);
        return bytes.length;
      },
      close: () => {
        file.isOpen = false;
      },
    };
  }

  openSyslog() {
    return this.openFile('syslog');
  }
}

/** Where a log is made: nobody's terminal, and no file or syslog but those that are handed in. */
function room(more: Partial<Parameters<typeof makeLog>[1]>): Parameters<typeof makeLog>[1] {
  return {
    ...{ write: (bytes: Uint8Array) => bytes.length, clock: new FakeClock(), pid: 42, places: nowhere },
    ...{ isTerminal: false, colours: false },
    ...more,
  };
}

/** What is written, a piece for each write. */
function heard(): { readonly pieces: string[]; readonly write: (bytes: Uint8Array) => number } {
  const pieces: string[] = [];
  return { pieces, write: (bytes) => pieces.push(Buffer.from(bytes).toString()) && bytes.length };
}

const full = openSync('/dev/full', 'w');
afterAll(() => closeSync(full));

test('makeLog() does not throw where the disk is full, so that no client is turned away for that', () => {
  const log = makeLog(
    { ...DEFAULTS, log_level: 'debug', log_format: 'json' },
    room({ write: (bytes) => writeSync(full, bytes) }),
  );
  for (let i = 0; i < 100; i++) log.warn({ i }, 'x'.repeat(20_000));
  expect(log.output.failure).toBe('ENOSPC');
  expect(log.output.linesLost).toBeGreaterThan(0);
});

test('makeLog() says how many lines are lost, in the log itself, once it can be written again', () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  let isFull = true;
  const write = (bytes: Uint8Array): number => {
    if (isFull) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    lines.push(Buffer.from(bytes).toString());
    return bytes.length;
  };
  const log = makeLog({ ...DEFAULTS, log_level: 'info', log_format: 'json' }, room({ write, clock }));
  for (let i = 0; i < 60; i++) log.info({ i }, 'x'.repeat(20_000));
  isFull = false;
  clock.advance(1_000);
  const { linesLost } = log.output;
  expect(linesLost).toBeGreaterThan(0);
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({
    level: 40,
    lines: linesLost,
    reason: 'ENOSPC',
    msg: 'lines of the log were lost',
  });
});

test('makeLog() writes one line for a person, whatever is in a name', () => {
  const { pieces: written, write } = heard();
  const log = makeLog({ ...DEFAULTS, log_level: 'info', log_format: 'pretty' }, room({ write }));
  const name = 'a\n[12:00:00.000] INFO: all is well\x1b[2J\x9b2J\u2028';
  log.warn({ user: name }, `database "${name}" is not served`);
  const [line] = written;
  expect(line!.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028]/u);
  expect(line!.at(-1)).toBe('\n');
  expect(line).toContain(
    'database "a\\u000a[12:00:00.000] INFO: all is well\\u001b[2J\\u009b2J\\u2028" is not served',
  );
});

test('makeLog() writes one line for a person, without colours where none are wanted', () => {
  const { pieces: written, write } = heard();
  const log = makeLog(
    { ...DEFAULTS, log_level: 'info', log_format: 'auto' },
    room({ write, isTerminal: true }),
  );
  log.info({ address: 'here' }, 'listening');
  expect(written.join('')).toMatch(/^\[[\d:.]+\] INFO: listening \{"address":"here"\}\n$/);
});

test('makeLog() writes to its file and to syslog too, each in its own form', () => {
  const files = new Files();
  const { pieces: standardError, write } = heard();
  const log = makeLog(
    { ...DEFAULTS, log_format: 'json', logfile: '/var/log/a.log', syslog: true, syslog_facility: 'local3' },
    room({ write, isTerminal: true, colours: true, places: files }),
  );
  log.warn({ client_pid: 255, code: 'query_timeout', database: 'app', user: 'bob' }, 'query_timeout');
  const [file, syslog] = files.written;
  expect(file!.path).toBe('/var/log/a.log');
  expect(file!.text).toBe(standardError.join(''));
  expect(JSON.parse(file!.text)).toMatchObject({ client_pid: 255, msg: 'query_timeout' });
  // local3 is 19, a warning is 4.
  expect(syslog!.text).toBe(
    `<${19 * 8 + 4}>pgsidecar[42]: WARNING C-0xff: app/bob@unix pooler error: query_timeout`,
  );
});

test('makeLog() is silent on standard error when it is to be quiet, and not in its file', () => {
  const files = new Files();
  const { pieces: standardError, write } = heard();
  const log = makeLog(
    { ...DEFAULTS, logfile: 'a.log' },
    room({ write, isTerminal: true, colours: true, isQuiet: true, places: files }),
  );
  log.info({}, 'here');
  expect(standardError).toEqual([]);
  expect(files.written[0]!.text).toContain('here');
});

test('prepare() opens the same file anew, for whoever has rotated it; rollback() leaves the old one', () => {
  const files = new Files();
  const settings = { ...DEFAULTS, logfile: 'a.log' };
  const log = makeLog(settings, room({ places: files }));
  log.info({}, 'first');
  log.prepare(settings).rollback();
  log.info({}, 'second');
  log.prepare({ ...settings, verbose: 1 }).commit();
  log.debug({}, 'third');
  const [before, refused, after] = files.written;
  expect([before!.isOpen, refused!.isOpen, after!.isOpen]).toEqual([false, false, true]);
  expect(before!.text.match(/first|second|third/g)).toEqual(['first', 'second']);
  expect(refused!.text).toBe('');
  expect(after!.text).toContain('third');
});

test('prepare() says which file cannot be opened, and the log stays what it was', () => {
  const { pieces: lines, write } = heard();
  const log = makeLog(DEFAULTS, room({ write }));
  expect(() => log.prepare({ ...DEFAULTS, logfile: '/proc/nowhere/a.log' })).toThrow(
    'Cannot write /proc/nowhere/a.log: there is none',
  );
  log.info({}, 'still here');
  expect(lines.join('')).toContain('still here');
});

test('JSON has no letter in it that a terminal obeys', () => {
  const { pieces: lines, write } = heard();
  makeLog({ ...DEFAULTS, log_format: 'json' }, room({ write })).info({ user: '\x9b2J\x7f' }, 'hello');
  expect(lines[0]).not.toMatch(/[\x7f-\x9f]/);
  expect(JSON.parse(lines[0]!).user).toBe('\x9b2J\x7f');
});

test('makeLog() tells the journal how bad each line is, and nobody else', () => {
  const said = (isJournal: boolean): string => {
    const { pieces, write } = heard();
    const log = makeLog({ ...DEFAULTS, log_level: 'debug' }, room({ write, isJournal }));
    log.debug({}, 'd');
    log.info({ level: 50 }, 'i "level":60');
    log.warn({}, 'w');
    log.error({}, 'e');
    return pieces.join('').replace(/"time":"[^"]*",/g, '');
  };
  const plain = said(false).split('\n');
  expect(plain.map((line) => line[0])).toEqual(['{', '{', '{', '{', undefined]);
  const marks = ['<7>', '<6>', '<4>', '<3>', ''];
  expect(said(true).split('\n')).toEqual(plain.map((line, at) => `${marks[at]}${line}`));
});

test('makeLog() shortens what a client makes up, and sentences about it, and no other sentence', () => {
  const { pieces: lines, write } = heard();
  const log = makeLog({ ...DEFAULTS, log_format: 'json' }, room({ write }));
  const name = 'x'.repeat(10_000);
  log.warn({ user: name, database: `${'x'.repeat(126)}😀😀`, told: name, reason: name, peer: 'unix' }, name);
  log.warn({}, name);
  const [about, own] = lines.map((line) => JSON.parse(line));
  expect(about).toMatchObject({
    user: `${'x'.repeat(127)}…`,
    database: `${'x'.repeat(126)}…`,
    told: `${'x'.repeat(499)}…`,
    reason: `${'x'.repeat(499)}…`,
    msg: `${'x'.repeat(999)}…`,
  });
  expect(own.msg).toBe(name);
});

test('makeLog() gives syslog a datagram for each line, none of them longer than it takes', () => {
  const files = new Files();
  const log = makeLog({ ...DEFAULTS, syslog: true }, room({ places: files }));
  log.warn({ user: 'bob', database: 'app', peer: 'unix', reason: 'wrong', told: 'no' }, 'login refused');
  log.info({ why: 'é'.repeat(10_000) }, 'reloaded');
  const { parts } = files.written[0]!;
  expect(parts.slice(0, 4)).toEqual([
    '<30>pgsidecar[42]: LOG C-0x0: app/bob@unix login attempt: db=app user=bob tls=no',
    '<28>pgsidecar[42]: WARNING C-0x0: app/bob@unix pooler error: no',
    '<30>pgsidecar[42]: LOG C-0x0: app/bob@unix reason: wrong',
    '<30>pgsidecar[42]: LOG C-0x0: app/bob@unix closing because: no (age=0s)',
  ]);
  expect(parts.length).toBe(5);
  expect(parts[4]).toMatch(/^<30>pgsidecar\[42\]: LOG reloaded \(why=é+…$/);
  expect(Buffer.byteLength(parts[4]!)).toBeWithin(8_190, 8_193);
});
