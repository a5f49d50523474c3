// What a case runs: `reading`, `load`, `explain`, `diff`, each turned into the lines that the case expects.

import { printOrigin } from '../../base/origin.ts';
import type { DatabaseDraft, SourceReading } from '../../config/source.ts';
import type { CaseSection } from './case_file.ts';
import { worldOf } from './world.ts';

/** Runs the case's `== run` line; secrets that leak are seen, because they are made up anew for each run. */
export async function reportOf(sections: readonly CaseSection[]): Promise<string> {
  const line = sections.find((each) => each.kind === 'run')?.argument ?? '';
  const [verb, ...words] = line.split(/\s+/);
  if (verb === 'reading') return readingReport(sections, words);
  throw new Error(`no such verb: ${verb}`);
}

/** `reading config/application.yml [environment]`: what one source alone hands on, nothing masked. */
async function readingReport(sections: readonly CaseSection[], words: readonly string[]): Promise<string> {
  const [path = '', environment = 'production'] = words;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const reader = name.includes('.env')
    ? ['dotenv', 'readDotenv']
    : name.startsWith('database')
      ? ['database_yml', 'readDatabaseYml']
      : ['application_yml', 'readApplicationYml'];
  const room = await import(`../../config/sources/${reader[0]}.ts`);
  return printReading(room[reader[1] as string](path, environment, worldOf(sections)) as SourceReading);
}

function printReading(reading: SourceReading): string {
  const lines = [`format ${reading.format}`];
  for (const draft of reading.databases) lines.push(...printDraft(draft));
  for (const [name, { value, origin }] of Object.entries(reading.settings)) {
    lines.push(`setting ${name} = ${JSON.stringify(value)}  (${printOrigin(origin)})`);
  }
  for (const file of reading.files) lines.push(`file ${file}`);
  for (const { severity, sentence } of reading.problems) lines.push(`${severity}: ${sentence}`);
  return `${lines.join('\n')}\n`;
}

function printDraft(draft: DatabaseDraft): string[] {
  const lines = [`database ${draft.key}  (${printOrigin(draft.origin)})`];
  for (const [field, located] of Object.entries(draft.fields)) {
    lines.push(`  ${field} = ${JSON.stringify(located.value)}  (${printOrigin(located.origin)})`);
  }
  for (const [name, located] of Object.entries(draft.parameters)) {
    lines.push(`  parameter ${name} = ${JSON.stringify(located.value)}  (${printOrigin(located.origin)})`);
  }
  return lines;
}
