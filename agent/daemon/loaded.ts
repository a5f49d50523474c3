// What is read of a load beside its settings: whether a file was emptied, its complaints, where its values are from.

import { AgentError, type Problem } from '../base/errors.ts';
import type { LoadResult } from '../config/load.ts';

/**
 * A file that is empty is one that somebody is about to write, or a disk that was full; the settings that it had are not
 * lost for that.
 *
 * @throws AgentError config_emptied
 */
export function refuseEmptied(before: LoadResult, now: LoadResult): void {
  if (before.config?.isEmpty !== false || now.config?.isEmpty === false) return;
  const state = now.config === undefined ? 'it is gone' : 'it says nothing any more';
  throw new AgentError('config_emptied', { path: before.config.path, state });
}

/** A line each; one for all the defaults that differ from PgBouncer's, because there are a dozen of them at every start. */
export function logNotes(
  loaded: LoadResult,
  log: { info(fields: object, message: string): void },
  before?: LoadResult,
): void {
  const said = before === undefined ? [] : notesOf(before);
  for (const note of notesOf(loaded)) if (!said.includes(note)) log.info({}, note);
}

function notesOf({ notes, differing, config }: LoadResult): readonly string[] {
  if (differing.length === 0) return notes;
  const names = differing.map(({ setting }) => setting).join(', ');
  const what = `${differing.length} setting${differing.length === 1 ? '' : 's'} that ${config?.path} does not say`;
  const advice = `"pgsidecar check --config ${config?.path}" lists both values`;
  return [...notes, `PgBouncer has another default for ${what}: ${names}; ${advice}`];
}

export function sentences(problems: readonly Problem[], only?: Problem['severity']): readonly string[] {
  return problems
    .filter(({ severity }) => only === undefined || severity === only)
    .map(({ sentence }) => sentence);
}

export function originsOf(loaded: LoadResult): (subject: string) => string | undefined {
  return (subject) => {
    const value = loaded.explanation[subject];
    return value?.origin;
  };
}
