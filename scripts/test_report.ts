// Reads bun test's JUnit report: what passed, what failed, what was left out, and which files said nothing at all.

export interface TestReport {
  readonly passed: number;
  readonly failed: number;
  /** Titles, with the reason that each of them names. */
  readonly skipped: readonly string[];
  /** Failures that no test stands for: a file that could not be read, a runner that died. */
  readonly problems: readonly string[];
}

/**
 * `xml` is undefined when the runner wrote none. A file that is not in it counts as one failure, because a runner
 * that a test ends with exit(0) says nothing and leaves with 0.
 */
export function readReport(
  xml: string | undefined,
  files: readonly string[],
  exitCode: number | null,
): TestReport {
  const totals = tagsOf(xml ?? '', 'testsuites')[0];
  const reported = new Set(tagsOf(xml ?? '', 'testcase').map((attributes) => attributes.file));
  const silent = files.filter((file) => !reported.has(file));
  const failed = Number(totals?.failures ?? 0);
  const skipped = skippedTitles(xml ?? '');
  const problems = silent.map((file) => `${file}: not one of its tests was reported (exit code ${exitCode})`);
  if (exitCode !== 0 && failed === 0 && problems.length === 0) {
    problems.push(`the runner ended with ${exitCode ?? 'a signal'}, though no test failed`);
  }
  return {
    passed: Number(totals?.tests ?? 0) - failed - skipped.length,
    failed: failed + problems.length,
    skipped,
    problems,
  };
}

export function addReports(reports: readonly TestReport[]): TestReport {
  return {
    passed: reports.reduce((sum, report) => sum + report.passed, 0),
    failed: reports.reduce((sum, report) => sum + report.failed, 0),
    skipped: reports.flatMap((report) => report.skipped),
    problems: reports.flatMap((report) => report.problems),
  };
}

/** The last line of scripts/test. */
export function summaryLine({ passed, failed, skipped }: TestReport): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

function skippedTitles(xml: string): string[] {
  const cases = xml.match(/<testcase\b[^>]*[^/]>\s*<skipped\b/g) ?? [];
  return cases.flatMap((text) => tagsOf(text, 'testcase').map(({ file, name }) => `${file}: ${name}`));
}

function tagsOf(xml: string, tag: string): Record<string, string>[] {
  const tags = xml.match(new RegExp(`<${tag}\\b[^>]*>`, 'g')) ?? [];
  return tags.map((text) =>
    Object.fromEntries(
      [...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [
        name,
        withoutEntities(value ?? ''),
      ]),
    ),
  );
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function withoutEntities(text: string): string {
  return text.replace(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}
