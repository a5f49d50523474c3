// A .case file: what goes in (files, environment, commands, the line to run), a line of dashes, what must come out.

/** A part of the input: `== file application.yml` and the lines beneath it. */
export interface CaseSection {
  /** `file`, `then file`, `env`, `then env`, `command`, `failing command`, `control`, `probe`, `run`. */
  readonly kind: SectionKind;
  /** What follows the kind: a file's name, a command's words, the line to run. */
  readonly argument: string;
  readonly body: string;
}

export type SectionKind = (typeof SECTION_KINDS)[number];

export interface CaseFile {
  /** Everything above and including the line of dashes, as written. */
  readonly head: string;
  readonly sections: readonly CaseSection[];
  readonly expected: string;
}

const SECTION_KINDS = [
  'then file',
  'then env',
  'failing command',
  'file',
  'env',
  'command',
  'control',
  'probe',
  'sockets',
  'run',
] as const;

/** Throws when the file is not a case: a runner that skips what it cannot read would pass on nothing. */
export function parseCase(text: string): CaseFile {
  const dashes = /^-{20,}$/m.exec(text);
  if (dashes === null)
    throw new Error('a case needs a line of at least 20 dashes before its expected output');
  const end = dashes.index + dashes[0].length;
  const sections: CaseSection[] = [];
  let open: { kind: SectionKind; argument: string; lines: string[] } | undefined;
  for (const line of text.slice(0, dashes.index).replace(/\n$/, '').split('\n')) {
    if (!line.startsWith('== ')) {
      if (open !== undefined) open.lines.push(line);
      else if (line !== '' && !line.startsWith('#')) throw new Error(`not a comment, nor a section: ${line}`);
      continue;
    }
    if (open !== undefined) sections.push(closed(open));
    const words = line.slice(3);
    const kind = SECTION_KINDS.find((each) => words === each || words.startsWith(`${each} `));
    if (kind === undefined) throw new Error(`no such section: ${line}`);
    open = { kind, argument: words.slice(kind.length).trim(), lines: [] };
  }
  if (open !== undefined) sections.push(closed(open));
  if (!sections.some((each) => each.kind === 'run')) throw new Error('a case needs a line "== run …"');
  return { head: text.slice(0, end), sections, expected: text.slice(end + 1) };
}

function closed(open: { kind: SectionKind; argument: string; lines: string[] }): CaseSection {
  // The empty line before the next section is for the reader's eye, no part of the file.
  const lines = open.lines.at(-1) === '' ? open.lines.slice(0, -1) : open.lines;
  return {
    kind: open.kind,
    argument: open.argument,
    body: lines.length === 0 ? '' : `${lines.join('\n')}\n`,
  };
}
