// What writing would change: the files wanted against the files there, decided before anything is touched.

import { structuredPatch } from 'diff';
import { AgentError } from '../base/errors.ts';

/** A file as a template made it. */
export interface WantedFile {
  /** Its name within the directory. */
  readonly name: string;
  readonly text: string;
  /** Whether `text` has a secret in it, and so is for its owner only. */
  readonly secret: boolean;
  /** A line as it may be shown, or undefined when nobody knows whether there is a secret in it. */
  mask(line: string): string | undefined;
}

export interface FileThere {
  readonly text: string;
  /** Permissions to read and write, 0o600. */
  readonly mode: number;
  readonly place: FilePlace;
  /**
   * Its owner, where he may have put it there himself, to be given what is written: neither root nor the caller, in a
   * directory into which others than he and these can write.
   */
  readonly stranger?: number | undefined;
}

/** Whose a file is, and where it is: what is put into its place later is to belong to the same. */
export interface FilePlace {
  readonly uid: number;
  readonly gid: number;
  /** Its directory, by device and inode. */
  readonly directory: string;
}

export interface PlannedFile {
  readonly name: string;
  readonly action: 'create' | 'change' | 'keep';
  readonly text: string;
  readonly mode: number;
  /** Lines that begin with ` `, `-`, `+` or `@@`, secrets masked; empty when only the mode changes. */
  readonly diff: readonly string[];
  readonly modeBefore: number | undefined;
  /** Of the file that is there. */
  readonly place?: FilePlace | undefined;
}

export interface PlanWishes {
  /** As the operator wrote it, for the complaint. */
  readonly directory: string;
  /** Replace what pgsidecar did not write. */
  readonly force: boolean;
  readonly showSecrets: boolean;
}

/** Every rendered file begins with it, behind a comment sign: the sign that it is ours to replace. */
export const MARK = 'Written by `pgsidecar render`';
/** As that, of `pgsidecar import`. */
export const IMPORT_MARK = 'Written by `pgsidecar import`';

const SECRETS_MODE = 0o600;
const OPEN_MODE = 0o644;
const UNKNOWN_LINE = '*** (a line that pgsidecar did not write)';

/**
 * Throws file_foreign when a file is in the way that is not ours, and file_stranger when a secret would be given to whoever
 * has put one there; `there` is by name.
 */
export function planFiles(
  wanted: readonly WantedFile[],
  there: ReadonlyMap<string, FileThere>,
  wishes: PlanWishes,
): readonly PlannedFile[] {
  return wanted.map((file) => planFile(file, there.get(file.name), wishes));
}

function planFile(file: WantedFile, before: FileThere | undefined, wishes: PlanWishes): PlannedFile {
  if (before !== undefined && !isOurs(before.text) && !wishes.force) {
    throw new AgentError('file_foreign', { path: `${wishes.directory}/${file.name}` });
  }
  if (file.secret && before?.stranger !== undefined && before.text !== file.text) {
    throw new AgentError('file_stranger', { path: `${wishes.directory}/${file.name}`, uid: before.stranger });
  }
  const mode = file.secret ? SECRETS_MODE : OPEN_MODE;
  const plan = { name: file.name, text: file.text, mode, modeBefore: before?.mode, place: before?.place };
  if (before === undefined) return { ...plan, action: 'create', diff: diffOf(file, '', wishes) };
  // A mode that is stricter than ours was somebody's wish, and stays.
  const open = (before.mode & ~mode & 0o777) !== 0;
  if (before.text === file.text && !open) return { ...plan, mode: before.mode, action: 'keep', diff: [] };
  return {
    ...plan,
    mode: before.mode & mode & 0o777,
    action: 'change',
    diff: diffOf(file, before.text, wishes),
  };
}

function isOurs(text: string): boolean {
  const first = text.slice(0, text.indexOf('\n'));
  return first.includes(MARK) || first.includes(IMPORT_MARK);
}

function diffOf(file: WantedFile, before: string, wishes: PlanWishes): string[] {
  const { hunks } = structuredPatch(file.name, file.name, before, file.text, undefined, undefined, {
    context: 2,
  });
  return hunks.flatMap((hunk) => [
    `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`,
    ...hunk.lines.map((line) => (wishes.showSecrets ? line : masked(file, line))),
  ]);
}

/** A side without lines is named by the line before it, as GNU diff does. */
function range(start: number, lines: number): string {
  return `${lines === 0 ? start - 1 : start},${lines}`;
}

/** A changed secret shows as `-password: ***` and `+password: ***`: that it changed, and not to what. */
function masked(file: WantedFile, line: string): string {
  const [sign, text] = [line.slice(0, 1), line.slice(1)];
  if (text.trim() === '' || sign === '\\') return line;
  return `${sign}${file.mask(text) ?? UNKNOWN_LINE}`;
}

/** The whole file as it may be shown. */
export function maskedText(file: WantedFile): string {
  return file.text
    .split('\n')
    .map((line) => (line.trim() === '' ? line : (file.mask(line) ?? UNKNOWN_LINE)))
    .join('\n');
}
