// The log: pino's JSON on standard error, pretty where a person looks at a terminal; written at once, never a secret.

import { destination, type LoggerOptions, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { Settings } from '../config/settings.ts';

export interface AgentLog extends Log {
  /** Takes up log_level of new settings. */
  setLevel(level: string): void;
}

const STDERR = 2;
/** What is kept, and written later, while standard error takes nothing; what comes after that is lost. */
const WAITING_BYTES_MAX = 1024 * 1024;

/**
 * @param isTerminal is standard error one? Decides what log_format auto means.
 * @param colours whether that terminal is to have them.
 * @param fd tests write elsewhere.
 */
export function makeLog(
  settings: Pick<Settings, 'log_level' | 'log_format'>,
  isTerminal: boolean,
  colours: boolean,
  fd: number = STDERR,
): AgentLog {
  const options: LoggerOptions = {
    level: settings.log_level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { log: maskSecrets },
  };
  const isPretty = settings.log_format === 'pretty' || (settings.log_format === 'auto' && isTerminal);
  // Both are synchronous: a line that was logged is written, whatever happens next.
  const stream = isPretty
    ? pretty({
        destination: fd,
        sync: true,
        colorize: isTerminal && colours,
        singleLine: true,
        translateTime: 'HH:MM:ss.l',
        ignore: 'pid,hostname',
      })
    : steadfast(fd);
  const logger = pino(options, stream);
  return {
    debug: (fields, sentence) => logger.debug(fields, sentence),
    info: (fields, sentence) => logger.info(fields, sentence),
    warn: (fields, sentence) => logger.warn(fields, sentence),
    error: (fields, sentence) => logger.error(fields, sentence),
    setLevel: (level) => {
      logger.level = level;
    },
  };
}

/** A full disk is told where lines are lost, and is no reason to turn a client away: without a listener it would be thrown. */
function steadfast(fd: number) {
  const stream = destination({ dest: fd, sync: true, maxLength: WAITING_BYTES_MAX });
  stream.on('error', () => {});
  return stream;
}

/** A Secret says *** by itself; this is for one that was opened by mistake inside an object with a telling name. */
function maskSecrets(fields: Record<string, unknown>): Record<string, unknown> {
  const masked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    masked[name] = value instanceof Secret || /password|secret/i.test(name) ? '***' : value;
  }
  return masked;
}
