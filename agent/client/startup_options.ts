// The `options` of a startup packet: `-c name=value --name=value`, with backslash before a space (libpq, postgres(1)).

/** What the options ask for; a word that is not understood is named in `unknown`. */
export function parseStartupOptions(text: string): {
  readonly parameters: ReadonlyMap<string, string>;
  readonly unknown: readonly string[];
} {
  const parameters = new Map<string, string>();
  const unknown: string[] = [];
  const words = splitWords(text);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    let assignment: string | undefined;
    if (word === '-c') assignment = words[++i];
    else if (word.startsWith('-c')) assignment = word.slice(2);
    else if (word.startsWith('--')) assignment = word.slice(2);
    const equals = assignment?.indexOf('=') ?? -1;
    if (assignment === undefined || equals <= 0) {
      unknown.push(word);
      continue;
    }
    parameters.set(assignment.slice(0, equals).replaceAll('-', '_'), assignment.slice(equals + 1));
  }
  return { parameters, unknown };
}

function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!;
    if (/\s/.test(letter)) {
      if (inWord) words.push(word);
      word = '';
      inWord = false;
      continue;
    }
    inWord = true;
    word += letter === '\\' && i + 1 < text.length ? text[++i]! : letter;
  }
  if (inWord) words.push(word);
  return words;
}
