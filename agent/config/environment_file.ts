// The file of variables that systemd hands to a service (EnvironmentFile=), read by systemd's rules.

import { instanceOf } from './instance.ts';

/** Of the packaged service that has this configuration; undefined where it is the configuration of none. */
export function environmentFileOf(configFile: string): string | undefined {
  if (configFile === PLAIN_CONFIG) return '/etc/pgsidecar/environment';
  const name = instanceOf(configFile);
  return name === undefined ? undefined : `/etc/pgsidecar/${name}.environment`;
}

/** The unit that runs with this configuration, as the package has it. */
export function unitOf(configFile: string | undefined): string | undefined {
  if (configFile === PLAIN_CONFIG) return 'pgsidecar.service';
  const name = instanceOf(configFile);
  return name === undefined ? undefined : `pgsidecar@${name}.service`;
}

export const PLAIN_CONFIG = '/etc/pgsidecar/pgsidecar.yml';

const LINE = /^\s*([A-Za-z_]\w*)\s*=\s*(.*)$/s;

/**
 * `NAME=value` a line; `#` and `;` begin a comment; a backslash at its end goes on with the next line. Within single quotes
 * everything is itself, within double quotes a backslash takes the meaning from what follows. Lines that are none are passed over.
 */
export function parseEnvironmentFile(text: string): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const line of logicalLines(text)) {
    const [, name, written] = LINE.exec(line) ?? [];
    if (name !== undefined) variables[name] = unquoted(written!);
  }
  return variables;
}

/** A value in quotes may go over several lines. */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let open = '';
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    if (open === '' && /^\s*(?:[#;]|$)/.test(line)) continue;
    const whole = open + line;
    const ends = quoteAt(whole);
    if (ends !== undefined) open = `${whole}\n`;
    else if (/(?:^|[^\\])(?:\\\\)*\\$/.test(line)) open = whole.slice(0, -1);
    else {
      lines.push(whole);
      open = '';
    }
  }
  return open === '' ? lines : [...lines, open];
}

/** The quote that is open at the end of the text. */
function quoteAt(text: string): string | undefined {
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    if (letter === '\\' && quote !== "'") at++;
    else if (quote === undefined && (letter === '"' || letter === "'")) quote = letter;
    else if (letter === quote) quote = undefined;
  }
  return quote;
}

function unquoted(written: string): string {
  let value = '';
  let quote: string | undefined;
  /** Blanks at the end count within quotes only. */
  let kept = 0;
  for (let at = 0; at < written.length; at++) {
    const letter = written[at]!;
    if (letter === '\\' && quote !== "'") value += escaped(written[++at] ?? '', quote);
    else if (quote === undefined && (letter === '"' || letter === "'")) quote = letter;
    else if (letter === quote) quote = undefined;
    else value += letter;
    if (quote !== undefined || !/\s/.test(letter)) kept = value.length;
  }
  return value.slice(0, kept);
}

/** Within double quotes a backslash stays in front of what has no meaning there. */
function escaped(letter: string, quote: string | undefined): string {
  return quote === '"' && !/["\\`$\n]/.test(letter) ? `\\${letter}` : letter;
}
