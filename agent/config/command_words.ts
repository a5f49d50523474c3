// Splits an operator's command line into a program and its arguments as a shell would, and does nothing else that a shell does.

const LINE = /^(?:\s|[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')*$/s;
const WORD = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs;
const QUOTED = /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs;

/** Undefined when a quote is not closed or nothing is there. */
export function commandWords(line: string): readonly [string, ...string[]] | undefined {
  if (!LINE.test(line)) return undefined;
  const [program, ...args] = (line.match(WORD) ?? []).map(unquote);
  return program === undefined || program === '' ? undefined : [program, ...args];
}

function unquote(word: string): string {
  return word.replace(QUOTED, (_, escaped?: string, double?: string, single?: string) => {
    return escaped ?? single ?? double?.replace(/\\(.)/gs, '$1') ?? '';
  });
}
