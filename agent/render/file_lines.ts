// A .env or a YAML file as lines of `NAME=value` and `name: value`, each of which can be given another value in its place.

export interface FileLine {
  /** From 1. */
  readonly number: number;
  /** Undefined where the line is not of the form `NAME=value` or `name: value`. */
  readonly key: string | undefined;
  /** Without its quotes; undefined where it is not one word on one line. */
  readonly value: string | undefined;
  readonly isComment: boolean;
  /** Was replaced: what it says is ours. */
  readonly isOurs: boolean;
  readonly isYaml: boolean;
  /** Blanks in front. */
  readonly indent: string;
  readonly quote: string;
  /** As it stands now; undefined when it was removed. */
  readonly text: string | undefined;
  /** `written` has its quotes already. */
  replace(written: string): void;
  remove(): void;
}

const ASSIGNMENT = /^(\s*(?:export\s+)?)(["']?)([A-Za-z_][\w.-]*)\2(\s*=[ \t]*|:[ \t]+)(.*)$/s;
const VALUE = /^("[^"\\]*"|'[^']*'|[^\s"'#&*!|>%@`[\]{},][^\s"']*)?([ \t]*(?:[ \t]#.*)?\r?)$/s;

export function linesOf(text: string): readonly FileLine[] {
  return text.split('\n').map((line, index) => new Line(line, index + 1));
}

export function textOf(lines: readonly FileLine[]): string {
  return lines.flatMap(({ text }) => (text === undefined ? [] : [text])).join('\n');
}

/** Of the same mapping in YAML, of the same file in a .env; of several the last, as both count it. */
export function neighbour(
  lines: readonly FileLine[],
  line: FileLine,
  keys: readonly string[],
): FileLine | undefined {
  return siblings(lines, line).findLast(({ key = '' }) => keys.includes(key));
}

function siblings(lines: readonly FileLine[], line: FileLine): readonly FileLine[] {
  if (!line.isYaml) return lines.filter(({ isYaml }) => !isYaml);
  const at = line.number - 1;
  const isOutside = (each: FileLine) =>
    !each.isComment && (each.text ?? '').trim() !== '' && each.indent.length < line.indent.length;
  const before = lines.slice(0, at).findLastIndex(isOutside) + 1;
  const behind = lines.slice(at).findIndex(isOutside);
  return lines
    .slice(before, behind === -1 ? undefined : at + behind)
    .filter(({ indent }) => indent.length === line.indent.length);
}

/** The value in the quotes that the file has; in ones of its own where it needs them and there were none. */
export function quoted({ quote, value = '', isYaml }: FileLine, fresh: string): string {
  if (quote !== '') return `${quote}${fresh}${quote}`;
  if (isYaml) return /^[\w/][\w./,:?&=%@+~-]*$/.test(fresh) ? fresh : `"${fresh}"`;
  // A reader that knows no quotes (docker run --env-file) got by without them before.
  return /[&;]/.test(fresh) && !/[&;]/.test(value) ? `'${fresh}'` : fresh;
}

class Line implements FileLine {
  readonly number: number;
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly isComment: boolean;
  readonly isYaml: boolean;
  readonly indent: string;
  readonly quote: string;
  readonly #front: string;
  readonly #tail: string;
  isOurs = false;
  text: string | undefined;

  constructor(text: string, number: number) {
    this.number = number;
    this.text = text;
    this.isComment = /^\s*#/.test(text);
    this.indent = /^\s*/.exec(text)![0];
    const [, front = '', mark = '', key, separator = '', rest = ''] =
      (this.isComment ? null : ASSIGNMENT.exec(text)) ?? [];
    const [, written = '', tail = ''] = VALUE.exec(rest) ?? [];
    const isRead = key !== undefined && VALUE.test(rest);
    this.key = key;
    this.isYaml = separator.startsWith(':');
    this.quote = /^["']/.exec(written)?.[0] ?? '';
    this.value = isRead ? (this.quote === '' ? written : written.slice(1, -1)) : undefined;
    this.#front = `${front}${mark}${key ?? ''}${mark}${separator}`;
    this.#tail = tail;
  }

  replace(written: string): void {
    this.text = `${this.#front}${written}${this.#tail}`;
    this.isOurs = true;
  }

  remove(): void {
    this.text = undefined;
    this.isOurs = true;
  }
}
