// How pgbouncer.ini and userlist.txt quote, and which of their lines may be shown.

import { AgentError } from '../base/errors.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import { SETTING_NAMES, type SettingName } from '../config/table.ts';
import { Quoted } from './template.ts';

export const INI = 'pgbouncer.ini';
export const USERLIST = 'userlist.txt';

/** The left side of a line in [databases] and [users] has no quoting in 1.18. */
export function sectionKey(name: string, what: string): Quoted {
  if (!/^[A-Za-z0-9_.*-]+$/.test(name)) {
    throw refusal('the name', `${what} "${name}"`, INI, 'PgBouncer takes letters, digits, _ . and - only');
  }
  if (name === CONSOLE_DATABASE) {
    throw refusal('the name', `${what} "${name}"`, INI, "it is the name of PgBouncer's console");
  }
  return new Quoted(name);
}

/** `'it''s'`: in quotes everything but a quote stands for itself. */
export function connectionValue(key: string, value: string, name: string): Quoted {
  refuseControls(key, value, name, INI);
  return new Quoted(/^[\w./:,-]+$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`);
}

/** The rest of the line, without quoting; space at either end is cut off. */
export function iniText(name: SettingName, value: string): Quoted {
  refuseControls(name, value, 'the agent', INI);
  if (value !== value.trim())
    throw refusal(name, 'the agent', INI, 'PgBouncer cuts off the space at its ends');
  return new Quoted(value);
}

/** `"it""s"`. */
export function userlistWord(word: string, user: string): Quoted {
  refuseControls('the name or password', word, user, USERLIST);
  return new Quoted(`"${word.replaceAll('"', '""')}"`);
}

function refuseControls(what: string, value: string, name: string, file: string): void {
  // A line that ends early could say anything in the next one.
  if (/[\0\r\n]/.test(value)) throw refusal(what, name, file, 'it has a line break or a zero byte in it');
}

export function refusal(what: string, name: string, file: string, reason: string): AgentError {
  return new AgentError('value_unrenderable', { what, name, file, reason });
}

const IN_QUOTES = `'(?:[^']|'')*'`;

export function iniMasker(written: string): (line: string) => string | undefined {
  const ours = new Set(written.split('\n'));
  const known = new RegExp(`^[A-Za-z0-9_.*-]+ =( [a-z_]+=(?:${IN_QUOTES}|[^\\s']+))+$`);
  return (line) => {
    if (known.test(line)) return line.replace(new RegExp(` password=(${IN_QUOTES}|\\S+)`), " password='***'");
    const setting = /^;?([a-z0-9_]+) = /.exec(line)?.[1];
    const isOurs = ours.has(line) || SETTING_NAMES.some((name) => name === setting);
    return isOurs || /^\[\w+\]$/.test(line) ? line : undefined;
  };
}

export function userlistMask(line: string): string | undefined {
  const name = /^("(?:[^"]|"")*") "(?:[^"]|"")*"$/.exec(line)?.[1];
  if (name !== undefined) return `${name} "***"`;
  return line.startsWith('; Written by ') ? line : undefined;
}
