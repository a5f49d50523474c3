// Where a log can go besides standard error: a file, opened for its end, and the machine's syslog.

import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { AgentError } from '../base/errors.ts';
import { openLibc } from '../native/libc.ts';
import { openSyslog } from '../native/syslog.ts';

/** As it is opened; whoever rotates it gives it what mode he likes. */
const LOGFILE_MODE = 0o640;
/** The opening of a pipe that nobody reads, and a write to one that is full, would stop everything. */
const LOGFILE_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

export interface LogPlace {
  /** Writes what is taken without waiting, and gives how many bytes that were; throws where that fails. */
  readonly write: (bytes: Uint8Array) => number;
  readonly close: () => void;
}

export interface LogPlaces {
  /** @throws AgentError file_unwritable */
  openFile(path: string): LogPlace;
  /** @throws AgentError file_unwritable */
  openSyslog(): LogPlace;
}

export const machinePlaces: LogPlaces = Object.freeze({
  openFile: (path: string): LogPlace => {
    try {
      const fd = openLog(path);
      return { write: (bytes) => writeSync(fd, bytes), close: () => closeSync(fd) };
    } catch (error) {
      throw unwritable(`logfile ${path}`, error as Error);
    }
  },
  openSyslog: (): LogPlace => {
    try {
      const syslog = openSyslog(openLibc());
      return { write: (bytes) => syslog.send(bytes), close: () => syslog.close() };
    } catch (error) {
      throw unwritable('syslog', error as Error);
    }
  },
});

function unwritable(path: string, error: Error): AgentError {
  return new AgentError('file_unwritable', { path, reason: error.message });
}

/** A file, or what /dev/stdout may be: a terminal, or a pipe that somebody reads. */
function openLog(path: string): number {
  const fd = openSync(path, LOGFILE_FLAGS, LOGFILE_MODE);
  const found = fstatSync(fd);
  if (found.isFile() || found.isCharacterDevice() || found.isFIFO()) return fd;
  closeSync(fd);
  throw new Error('it is neither a regular file nor a character device, nor a pipe');
}
