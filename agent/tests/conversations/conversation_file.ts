// A .conversation file: who says what, a line of dashes, the trace that PostgreSQL gives, and how the agent's differs.

import { encodeLine } from './message_words.ts';
import { isMessageOfServer } from './trace.ts';

export type Step =
  /** The client that speaks from here on; it connects when it is first named. */
  | { readonly kind: 'client'; readonly name: string }
  /** A message, which leaves with the next `write` or `read`. */
  | { readonly kind: 'message'; readonly line: string; readonly bytes: Uint8Array }
  /** Sends what was gathered, in one piece. */
  | { readonly kind: 'write' }
  /** Sends so many bytes of it, and the rest with the next step. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** Sends it byte by byte. */
  | { readonly kind: 'drip' }
  /** Sends it, and reads until that many messages of the name have come; `end` is the end of the connection. */
  | { readonly kind: 'read'; readonly count: number; readonly until: string };

export interface Conversation {
  /** Everything above the first line of dashes, as written. */
  readonly head: string;
  /** SQL that is run before each play, in a schema of its own. */
  readonly setup: readonly string[];
  /** Why the agent may differ. */
  readonly knownDifference: string | undefined;
  /** Also played with what the client sends cut in two, at each byte. */
  readonly isCutEverywhere: boolean;
  /** Played through an agent of its own, because what it leaves behind there would hurt the others. */
  readonly isAlone: boolean;
  readonly steps: readonly Step[];
  /** By the title of their section: '' or `PostgreSQL 15`, and `known difference` with or without that. */
  readonly sections: ReadonlyMap<string, string>;
}

const DASHES = '-'.repeat(20);
const DIFFERENCE = 'known difference';

export function parseConversation(text: string): Conversation {
  const [head = '', ...rest] = text.split(new RegExp(`^${DASHES}(?= |$)`, 'm'));
  const sections = new Map<string, string>();
  for (const section of rest) {
    const end = section.indexOf('\n');
    sections.set(section.slice(0, end).trim(), section.slice(end + 1));
  }
  const lines = head.split('\n').map((line) => line.trim());
  if (!/^# \S.*[.]$/.test(lines[0] ?? ''))
    throw new Error('begin with `# ` and a sentence that says what it shows');
  const steps: Step[] = [];
  const setup: string[] = [];
  let knownDifference: string | undefined;
  let [isCutEverywhere, isAlone] = [false, false];
  for (const line of lines) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('setup ')) setup.push(line.slice(6));
    else if (line.startsWith(`${DIFFERENCE}: `)) knownDifference = line.slice(DIFFERENCE.length + 2);
    else if (line === 'every cut') isCutEverywhere = true;
    else if (line === 'alone') isAlone = true;
    else steps.push(stepOf(line));
  }
  if (!steps.some((step) => step.kind === 'read')) throw new Error('a conversation needs a line `read`');
  return { head, setup, knownDifference, isCutEverywhere, isAlone, steps, sections };
}

export function clientsOf({ steps }: Conversation): number {
  return Math.max(
    1,
    new Set(steps.map((step) => (step.kind === 'client' ? step.name : '')).filter(Boolean)).size,
  );
}

function stepOf(line: string): Step {
  const words = line.split(/\s+/);
  const [first = '', second = ''] = words;
  switch (first) {
    case 'client':
      return { kind: 'client', name: second };
    case 'write':
    case 'drip':
      return { kind: first };
    case 'cut':
      return { kind: 'cut', bytes: Number(second) };
    case 'read': {
      const until = words.slice(1).find((word) => !/^\d+$/.test(word)) ?? 'ReadyForQuery';
      if (until !== 'end' && !isMessageOfServer(until)) throw new Error(`no such message: ${line}`);
      return { kind: 'read', count: Number(words.find((word) => /^\d+$/.test(word)) ?? 1), until };
    }
    default:
      return { kind: 'message', line, bytes: encodeLine(line) };
  }
}

/** What must come back from that PostgreSQL; undefined when nobody has said it yet. */
export function expectedOf({ sections }: Conversation, version: string): string | undefined {
  return sections.get(version) ?? sections.get('');
}

/** What the agent does otherwise, in the form of `differenceOf()`. */
export function expectedDifferenceOf({ sections }: Conversation, version: string): string {
  return sections.get(`${DIFFERENCE}, ${version}`) ?? sections.get(DIFFERENCE) ?? '';
}

/** Is there a version for which the agent differs? */
export function hasDifference({ sections }: Conversation): boolean {
  return [...sections].some(([title, body]) => title.startsWith(DIFFERENCE) && body !== '');
}

/** The file's text with this trace for this version; one section stands for all versions that agree. */
export function withExpected(
  conversation: Conversation,
  version: string,
  versions: readonly string[],
  trace: string,
): string {
  const each = new Map(versions.map((name) => [name, expectedOf(conversation, name) ?? trace]));
  each.set(version, trace);
  const agree = new Set(each.values()).size === 1;
  const parts = agree ? [['', trace] as const] : [...each];
  const kept = [...conversation.sections].filter(([title]) => title.startsWith(DIFFERENCE));
  return (
    conversation.head +
    [...parts, ...kept].map(([title, body]) => `${`${DASHES} ${title}`.trimEnd()}\n${body}`).join('')
  );
}

/** The lines of one trace that the other lacks, `-` PostgreSQL's and `+` the agent's, each hunk behind its line number. */
export function differenceOf(direct: string, through: string): string {
  const [left, right] = [direct, through].map((trace) => withoutSerials(trace).split('\n')) as [
    string[],
    string[],
  ];
  const lengths = commonLengths(left, right);
  const hunks: string[] = [];
  let [i, j, open] = [0, 0, false];
  while (i < left.length || j < right.length) {
    if (i < left.length && left[i] === right[j]) {
      [i, j, open] = [i + 1, j + 1, false];
      continue;
    }
    if (!open) hunks.push(`line ${i + 1}`);
    open = true;
    const below = lengths[i + 1]?.[j] ?? -1;
    const beside = lengths[i]?.[j + 1] ?? -1;
    if (i < left.length && (j >= right.length || below >= beside)) hunks.push(`- ${left[i++]}`);
    else hunks.push(`+ ${right[j++]}`);
  }
  return hunks.length === 0 ? '' : `${hunks.join('\n')}\n`;
}

/** How many statements the agent has named before depends on what was played before. */
function withoutSerials(trace: string): string {
  return trace.replace(/pgsidecar_\d+/g, 'pgsidecar_N');
}

/** How long the longest common part of both ends is, from each pair of lines on. */
function commonLengths(left: readonly string[], right: readonly string[]): number[][] {
  const table = Array.from({ length: left.length + 1 }, () => new Array<number>(right.length + 1).fill(0));
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      table[i]![j] =
        left[i] === right[j] ? table[i + 1]![j + 1]! + 1 : Math.max(table[i + 1]![j]!, table[i]![j + 1]!);
  return table;
}
