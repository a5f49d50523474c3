// In which format the file is that --config names: by its ending and its first line, which have to agree.

import { type Problem, problem } from '../base/errors.ts';

export type ConfigFormat = 'pgsidecar.yml' | 'pgbouncer.ini';

/** A section, a file to include, or a comment as YAML has none. */
const INI_LINE = /^(;|\[[^\],:]*\]$|%include\s|[A-Za-z0-9_.*-]+\s*=)/;
const YAML_LINE = /^("[^"]*"|'[^']*'|[\w.-]+)\s*:(\s|$)|^---|^\{/;

/** The ending decides; without one that says it, the first line that is no `#` comment does. */
export function configFormatOf(
  path: string,
  text: string | undefined,
): { readonly format: ConfigFormat; readonly problems: readonly Problem[] } {
  const byName = /\.ini$/i.test(path)
    ? 'pgbouncer.ini'
    : /\.ya?ml$/i.test(path)
      ? 'pgsidecar.yml'
      : undefined;
  const byText = formatOfText(text ?? '');
  const format = byName ?? byText ?? 'pgsidecar.yml';
  if (byName === undefined || byText === undefined || byName === byText) return { format, problems: [] };
  const reason =
    byName === 'pgbouncer.ini'
      ? 'it is named .ini, as PgBouncer has it, and its first line is YAML; name it .yml, or begin it with [databases] or [pgbouncer]'
      : 'it is named .yml, and its first line is one of pgbouncer.ini; name it .ini, or let `pgsidecar import` make YAML of it';
  return {
    format,
    problems: [problem('error', 'config_format', { path, reason }, { place: path, line: 1 })],
  };
}

function formatOfText(text: string): ConfigFormat | undefined {
  for (const written of text.replace(/^\ufeff/, '').split('\n')) {
    const line = written.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (INI_LINE.test(line)) return 'pgbouncer.ini';
    return YAML_LINE.test(line) ? 'pgsidecar.yml' : undefined;
  }
  return undefined;
}
