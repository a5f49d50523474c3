// The outside of one golden case: its files, environment and commands, held in memory.

import { isAbsolute, join, normalize } from 'node:path/posix';
import { AgentError } from '../../base/errors.ts';
import type { SourceIo } from '../../config/source.ts';
import type { CaseSection } from './case_file.ts';

export const CASE_DIRECTORY = '/app';

/** `then`: the world after the edit, in which `then file` and `then env` sections take the place of their namesakes. */
export function worldOf(sections: readonly CaseSection[], moment: 'first' | 'then' = 'first'): SourceIo {
  const files = new Map<string, string>();
  const env: Record<string, string> = {};
  for (const { kind, argument, body } of sections) {
    if (kind === 'file' || (kind === 'then file' && moment === 'then')) {
      if (argument.endsWith(' (removed)')) files.delete(absolute(argument.replace(/ \(removed\)$/, '')));
      else files.set(absolute(argument), body);
    }
    if (kind === 'env' || (kind === 'then env' && moment === 'then')) {
      for (const line of body.split('\n')) {
        const at = line.indexOf('=');
        if (at > 0) env[line.slice(0, at)] = line.slice(at + 1);
      }
    }
  }
  return {
    cwd: CASE_DIRECTORY,
    env: Object.freeze(env),
    read: (path) => files.get(absolute(path)),
    async run(command, args) {
      const line = [command, ...args].join(' ');
      const found = sections.find((each) => each.kind.endsWith('command') && each.argument === line);
      const reason = found?.body.replace(/\n$/, '') ?? 'there is no such program';
      if (found?.kind === 'command') return reason;
      throw new AgentError('command_failed', { command, reason });
    },
  };
}

function absolute(path: string): string {
  return normalize(isAbsolute(path) ? path : join(CASE_DIRECTORY, path));
}
