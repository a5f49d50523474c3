// Leaves a test out where what it needs is not installed, and says so in its title.

import { describe, test } from 'bun:test';

type DeclareTest = (title: string, body: () => Promise<void>, timeoutMs?: number) => void;
type DeclareSuite = (title: string, body: () => void) => void;

/**
 * `test` when nothing is missing; otherwise the test is skipped, with the reason in its title.
 * `missing` is a sentence without a full stop: `pgbouncer is not installed (scripts/setup --debian)`.
 */
export function testNeeding(missing: string | undefined): DeclareTest {
  if (missing === undefined) return (title, body, timeoutMs) => test(title, body, timeoutMs);
  return (title, body) => test.skip(withReason(title, missing), body);
}

/** The same for a whole suite. */
export function describeNeeding(missing: string | undefined): DeclareSuite {
  if (missing === undefined) return (title, body) => describe(title, body);
  return (title, body) => describe.skip(withReason(title, missing), body);
}

/** What is missing of these programs, for the two above. */
export function missingPrograms(...names: string[]): string | undefined {
  const missing = names.filter((name) => Bun.which(name) === null);
  if (missing.length === 0) return undefined;
  return `${missing.join(', ')} not installed: scripts/setup --debian`;
}

function withReason(title: string, missing: string): string {
  return `${title} [skipped: ${missing}]`;
}
