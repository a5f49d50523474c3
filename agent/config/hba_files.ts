// Reads auth_hba_file and auth_ident_file, whole and at each load: one line that nobody can read, and nothing of them is used.

import { type HbaRule, parseHbaFile } from '../auth/hba.ts';
import { type IdentMaps, parseIdentFile } from '../auth/ident.ts';
import { type Problem, problem } from '../base/errors.ts';
import { printOrigin } from '../base/origin.ts';
import { settingAt } from './complaints.ts';
import type { ChosenSettings } from './merge.ts';
import type { SourceIo } from './source.ts';
import { unsafe } from './unsafe.ts';

export interface Hba {
  readonly rules: readonly HbaRule[];
  readonly maps: IdentMaps;
  /** What the two files say, to tell whether a reload changed them: there is no secret in them. */
  readonly texts: readonly string[];
}

export interface HbaFiles {
  /** Undefined unless auth_type is hba. */
  readonly hba: Hba | undefined;
  /** Absolute. */
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

export function readHbaFiles(settings: ChosenSettings, io: SourceIo): HbaFiles {
  const { auth_hba_file, auth_ident_file, auth_type } = settings;
  const problems: Problem[] = [];
  const contradict = (name: 'auth_type' | 'auth_hba_file' | 'auth_ident_file', contradiction: string) => {
    const { value, origin } = settings[name];
    const details = { setting: settingAt(name, origin), value: String(value), contradiction };
    problems.push(problem('error', 'setting_contradiction', details, origin));
  };
  if (auth_type.value !== 'hba') {
    // PgBouncer passes over the file; whoever wrote a reject into it would believe that it holds.
    for (const name of ['auth_hba_file', 'auth_ident_file'] as const) {
      if (settings[name].value === '') continue;
      problems.push(
        unsafe(
          settings,
          name,
          settings[name],
          `it is read with auth_type hba, and auth_type is ${auth_type.value}; write auth_type: hba`,
        ),
      );
    }
    return { hba: undefined, files: [], problems };
  }
  if (auth_hba_file.value === '') {
    contradict('auth_type', 'it needs auth_hba_file, which is not set');
    return { hba: undefined, files: [], problems };
  }
  const files: string[] = [];
  const read = ({ value, origin }: ChosenSettings['auth_hba_file'], name: string): string => {
    const path = String(value);
    if (path === '') return '';
    files.push(path);
    const text = io.read(path);
    if (text !== undefined) return text;
    const advice = `${name} names it, at ${printOrigin(origin)}`;
    if (!io.isUnreadable?.(path)) problems.push(problem('error', 'config_missing', { path, advice }, origin));
    return '';
  };
  const [identText, hbaText] = [
    read(auth_ident_file, 'auth_ident_file'),
    read(auth_hba_file, 'auth_hba_file'),
  ];
  if (problems.length > 0 || files.some((path) => io.isUnreadable?.(path)))
    return { hba: undefined, files, problems };
  const ident = parseIdentFile(identText, String(auth_ident_file.value));
  const { rules, problems: wrong } = parseHbaFile(hbaText, String(auth_hba_file.value), ident.maps);
  problems.push(...ident.problems, ...wrong, ...rules.flatMap((rule) => doubts(rule, settings)));
  return { hba: { rules, maps: ident.maps, texts: [hbaText, identText] }, files, problems };
}

function doubts({ method, clientcert, origin }: HbaRule, { client_tls_sslmode }: ChosenSettings): Problem[] {
  if (method === 'trust') {
    const danger = 'whoever comes by this line is whoever they say they are; write scram-sha-256';
    return [problem('warning', 'setting_weak', { setting: 'The method', value: method, danger }, origin)];
  }
  if (method !== 'cert' && clientcert === undefined) return [];
  if (String(client_tls_sslmode.value).startsWith('verify')) return [];
  const expected = `client_tls_sslmode verify-ca or verify-full, and it is ${client_tls_sslmode.value}: nobody would be asked for a certificate`;
  const [what, value] = method === 'cert' ? ['method', method] : ['option', `clientcert=${clientcert}`];
  return [problem('error', 'hba_unreadable', { what, value, expected }, origin)];
}
