// Fails the build, with a sentence, where a file breaks the import law or a rule of STYLE.md that a program can check.

import { readdirSync, readFileSync } from 'node:fs';
import { type Complaint, type Rule, readFile, type TextFile } from './tidy/read_file.ts';
import { FORM_RULES } from './tidy/rules_of_form.ts';
import { importRules } from './tidy/rules_of_import.ts';
import { OUTSIDE_RULES } from './tidy/rules_of_outside.ts';
import { STATE_RULES } from './tidy/rules_of_state.ts';
import { TEXT_RULES, WORD_RULES } from './tidy/rules_of_words.ts';

export interface Project {
  readonly files: readonly TextFile[];
  /** What package.json lists under dependencies. */
  readonly dependencies: readonly string[];
}

/** Everything that is wrong, by file and line. Pure: what it is to look at is handed in. */
export function tidy({ files, dependencies }: Project): Complaint[] {
  const rules: readonly Rule[] = [
    ...FORM_RULES,
    ...importRules(dependencies),
    ...STATE_RULES,
    ...OUTSIDE_RULES,
    ...WORD_RULES,
  ];
  return files.flatMap((file) => {
    const findings = TEXT_RULES.flatMap((rule) => [...rule(file)]);
    if (/^(?:agent|scripts|packaging|cookbook)\/.*\.ts$/.test(file.path)) {
      const read = readFile(file);
      findings.push(...rules.flatMap((rule) => [...rule(read)]));
    }
    const sentences = new Map(
      findings.map(([line, sentence]) => [`${line} ${sentence}`, { line, sentence }]),
    );
    return [...sentences.values()]
      .sort((a, b) => a.line - b.line)
      .map(({ line, sentence }) => ({ path: file.path, line, sentence }));
  });
}

/** The repository as it is on disk. Without git, which a machine that only runs the tests need not have. */
function readProject(): Project {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object };
  return { files: listFiles('').sort().flatMap(readText), dependencies: Object.keys(dependencies) };
}

const NOT_OURS: ReadonlySet<string> = new Set(['.git', '.cache', 'dist', 'node_modules']);

function listFiles(folder: string): string[] {
  return readdirSync(folder || '.', { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : listFiles(`${path}/`);
    return entry.isFile() && !entry.name.endsWith('.log') ? [path] : [];
  });
}

function readText(path: string): TextFile[] {
  const text = readFileSync(path, 'utf8');
  return text.includes('\0') ? [] : [{ path, text }];
}

if (import.meta.main) {
  const project = readProject();
  const complaints = tidy(project);
  for (const { path, line, sentence } of complaints) console.error(`${path}:${line}: ${sentence}`);
  if (complaints.length > 0)
    console.error(`${complaints.length} complaints about ${project.files.length} files`);
  process.exit(complaints.length === 0 && project.files.length > 0 ? 0 : 1);
}
