// The help pages: nothing is missing from them, and nothing is too wide.

import { expect, test } from 'bun:test';
import { SETTING_NAMES } from '../config/table.ts';
import { flagsOf } from './arguments.ts';
import { COMMANDS } from './cli.ts';
import { EXIT_CODES } from './command.ts';
import { commandHelp, overview, spelling, wrap } from './help.ts';
import { firstSentence } from './setting_flags.ts';

test('overview() lists every command with its summary', () => {
  const page = overview(COMMANDS);
  for (const { name, summary } of COMMANDS) expect(page).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
});

test('commandHelp() names every flag of its own, every argument and every exit code', () => {
  for (const command of COMMANDS) {
    const page = commandHelp(command);
    for (const flag of command.flags) expect(page, command.name).toContain(spelling(flag));
    for (const argument of command.arguments) expect(page).toContain(`  ${argument.name}`);
    for (const { code, means } of command.exits) {
      expect(page).toContain(`  ${code}  `);
      expect(page.replace(/\s+/g, ' ')).toContain(means);
      expect(Object.keys(EXIT_CODES)).toContain(String(code));
    }
    expect(page).toEndWith('\n');
    expect(page).not.toContain('\n\n\n');
  }
});

test('run --help has every setting, its default, and a line for each flag', () => {
  const run = COMMANDS.find((command) => command.name === 'run')!;
  const page = commandHelp(run);
  for (const flag of flagsOf(run)) expect(page).toMatch(new RegExp(`--(\\[no-\\])?${flag.name}\\b`));
  expect(page).toMatch(/--default-pool-size NUMBER +Server connections of one pool.*\n.*\(default 20\)/);
  expect(SETTING_NAMES.length).toBeGreaterThan(50);
});

test('no page has a line of more than 100 columns', () => {
  const pages = [overview(COMMANDS), ...COMMANDS.map(commandHelp)];
  for (const line of pages.flatMap((page) => page.split('\n')))
    expect(line.length, line).toBeLessThanOrEqual(100);
});

test('summaries are one line without a full stop', () => {
  const summaries = COMMANDS.flatMap((command) => [
    command.summary,
    ...command.flags.map((flag) => flag.summary),
  ]);
  for (const summary of summaries) expect(summary).toMatch(/^[A-Z][^\n]*[^.\n]$/);
});

test('wrap() breaks between words, and leaves a long word whole', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrap('a/very/long/path', 5)).toEqual(['a/very/long/path']);
});

test('firstSentence() ends where the sentence does, not at the dot of a name', () => {
  expect(firstSentence('Reads `.env` and `a.yml`. And more.')).toBe('Reads .env and a.yml');
  expect(firstSentence('No end')).toBe('No end');
});
