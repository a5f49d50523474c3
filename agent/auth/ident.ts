// Ident maps: which roles somebody may be whom the kernel or a certificate names, as PostgreSQL 16 reads pg_ident.conf.

import { type Problem, problem } from '../base/errors.ts';
import { HBA_PROBLEMS_MAX, type HbaLine, type HbaWord, hbaTooLong, readHbaWords } from './hba_words.ts';
import {
  fitsName,
  NAME_CHARS_MAX,
  type NamePattern,
  readExpression,
  readNamePattern,
} from './name_pattern.ts';

interface IdentEntry {
  readonly outside: { readonly name: string } | { readonly expression: RegExp };
  /** `\1` in a name stands for what the expression's first parentheses found. */
  readonly role: NamePattern;
}

export type IdentMap = readonly IdentEntry[];
export type IdentMaps = Readonly<Record<string, IdentMap>>;

export interface IdentReading {
  readonly maps: IdentMaps;
  readonly problems: readonly Problem[];
}

const WHAT_A_LINE_IS = 'three fields: map, system user, role';

export function parseIdentFile(text: string, place: string): IdentReading {
  const maps = new Map<string, IdentEntry[]>();
  const problems: Problem[] = [];
  const tooLong = hbaTooLong(text, place);
  if (tooLong !== undefined) return { maps: {}, problems: [tooLong] };
  for (const line of readHbaWords(text)) {
    if (problems.length >= HBA_PROBLEMS_MAX) break;
    const complain = (what: string, value: string, expected: string) =>
      problems.push(
        problem('error', 'hba_unreadable', { what, value, expected }, { place, line: line.line }),
      );
    const words = readWords(line, complain);
    if (words === undefined) continue;
    const [map, outside, role] = words;
    const entry = readEntry(outside, role, complain);
    if (entry === undefined) continue;
    const entries = maps.get(map.text);
    if (entries === undefined) maps.set(map.text, [entry]);
    else entries.push(entry);
  }
  return { maps: Object.fromEntries(maps), problems };
}

/** As PostgreSQL: the first line that lets him in does; a line that does not is no refusal. */
export function mapsTo(map: IdentMap, outsideName: string, role: string): boolean {
  if (outsideName.length > NAME_CHARS_MAX || role.length > NAME_CHARS_MAX) return false;
  return map.some((entry) => entryMapsTo(entry, outsideName, role));
}

function entryMapsTo({ outside, role }: IdentEntry, outsideName: string, wanted: string): boolean {
  if ('name' in outside) return outside.name === outsideName && fitsName(role, wanted);
  const found = outside.expression.exec(outsideName);
  if (found === null) return false;
  if (role.kind !== 'name' || !role.name.includes('\\1')) return fitsName(role, wanted);
  // Parentheses that took no part in the match stand for nothing, and an empty name is nobody's.
  const [before = '', ...behind] = role.name.split('\\1');
  return found[1] !== undefined && wanted === before + found[1] + behind.join('\\1');
}

type Complain = (what: string, value: string, expected: string) => void;

function readWords(line: HbaLine, complain: Complain): [HbaWord, HbaWord, HbaWord] | undefined {
  const [first] = line.fields;
  const written = line.fields.map((field) => field.map(({ text }) => text).join(',')).join(' ');
  if (line.unclosed) {
    complain('line', written, 'a " that closes the one before');
  } else if (isDirective(line)) {
    complain('directive', first![0]!.text, 'the lines themselves: pgsidecar follows no include');
  } else if (line.fields.length !== 3 || line.fields.some((field) => field.length !== 1)) {
    complain('line', written, WHAT_A_LINE_IS);
  } else if (line.fields.some(([word]) => namesFile(word!))) {
    complain('line', written, 'the names themselves: pgsidecar follows no @file');
  } else {
    return line.fields.map(([word]) => word!) as [HbaWord, HbaWord, HbaWord];
  }
  return undefined;
}

function readEntry(outside: HbaWord, role: HbaWord, complain: Complain): IdentEntry | undefined {
  if (!role.quoted && role.text.startsWith('+')) {
    complain('role', role.text, 'a role: pgsidecar knows no memberships');
    return undefined;
  }
  const pattern = readNamePattern(role);
  if (typeof pattern === 'string') {
    complain('role', role.text, pattern);
    return undefined;
  }
  if (!outside.text.startsWith('/')) return { outside: { name: outside.text }, role: pattern };
  const expression = readExpression(outside.text);
  if (typeof expression === 'string') {
    complain('system user', outside.text, expression);
    return undefined;
  }
  if (pattern.kind === 'name' && pattern.name.includes('\\1') && groupsOf(expression) === 0) {
    complain('role', role.text, `no \\1, for ${outside.text} has no parentheses`);
    return undefined;
  }
  return { outside: { expression }, role: pattern };
}

/** An alternative that fits everything tells how many parentheses there are. */
function groupsOf(expression: RegExp): number {
  return new RegExp(`${expression.source}|`, expression.flags).exec('')!.length - 1;
}

export function isDirective({ fields: [first] }: HbaLine): boolean {
  return first?.length === 1 && /^include(_if_exists|_dir)?$/.test(first[0]!.text) && !first[0]!.quoted;
}

/** `@names.txt`: the names stand in another file. */
export function namesFile(word: HbaWord): boolean {
  return !word.quoted && word.text.length > 1 && word.text.startsWith('@');
}
