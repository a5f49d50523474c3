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

/**
 * @param isTerminal is standard error one? Decides what log_format auto means.
 * @param colours whether that terminal is to have them.
 */
export function makeLog(
  settings: Pick<Settings, 'log_level' | 'log_format'>,
  isTerminal: boolean,
  colours: boolean,
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
        destination: STDERR,
        sync: true,
        colorize: isTerminal && colours,
        singleLine: true,
        translateTime: 'HH:MM:ss.l',
        ignore: 'pid,hostname',
      })
    : destination({ dest: STDERR, sync: true });
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

/** A Secret says *** by itself; this is for one that was opened by mistake inside an object with a telling name. */
function maskSecrets(fields: Record<string, unknown>): Record<string, unknown> {
  const masked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    masked[name] = value instanceof Secret || /password|secret/i.test(name) ? '***' : value;
  }
  return masked;
}
