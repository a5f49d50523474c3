// Reports as Bun writes them, and the ways in which a runner goes without one.

import { expect, test } from 'bun:test';
import { addReports, readReport, summaryLine } from './test_report.ts';

const XML = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="5" assertions="2" failures="1" skipped="2" time="0.0042">
  <testsuite name="a_test.ts" file="a_test.ts" tests="5" assertions="2" failures="1" skipped="2" time="0.001">
    <testcase name="works" classname="" time="0" file="a_test.ts" line="2" assertions="1" />
    <testcase name="later [skipped: no &quot;x&quot; &amp; &lt;y&gt;]" classname="" time="0" file="a_test.ts" line="3">
      <skipped />
    </testcase>
    <testcase name="fails" classname="" time="0" file="a_test.ts" line="4" assertions="1">
      <failure type="AssertionError" />
    </testcase>
    <testsuite name="d" file="a_test.ts" line="5" tests="2" assertions="0" failures="0" skipped="1" time="0">
      <testcase name="inner" classname="d" time="0" file="a_test.ts" line="5" assertions="0">
        <skipped />
      </testcase>
      <testcase name="works too" classname="d" time="0" file="a_test.ts" line="6" assertions="1" />
    </testsuite>
  </testsuite>
</testsuites>`;

test('readReport() counts tests, and names those that were left out', () => {
  expect(readReport(XML, ['a_test.ts'], 1)).toEqual({
    passed: 2,
    failed: 1,
    skipped: ['a_test.ts: later [skipped: no "x" & <y>]', 'a_test.ts: inner'],
    problems: [],
  });
});

test('readReport() counts a file that said nothing as a failure, whatever the exit code', () => {
  const report = readReport(XML, ['a_test.ts', 'broken_test.ts'], 0);
  expect(report.failed).toBe(2);
  expect(report.problems).toEqual([expect.stringContaining('broken_test.ts')]);
});

test('readReport() fails every file when there is no report at all', () => {
  expect(readReport(undefined, ['a_test.ts', 'b_test.ts'], 0)).toMatchObject({ passed: 0, failed: 2 });
});

test('readReport() does not believe a bad exit code without a failure', () => {
  const good = XML.replace('failures="1"', 'failures="0"');
  expect(readReport(good, ['a_test.ts'], 0)).toMatchObject({ failed: 0 });
  expect(readReport(good, ['a_test.ts'], 1)).toMatchObject({ failed: 1 });
  expect(readReport(good, ['a_test.ts'], null).problems).toEqual([expect.stringContaining('a signal')]);
});

test('summaryLine() is the sum of all runs', () => {
  const report = readReport(XML, ['a_test.ts'], 1);
  expect(summaryLine(addReports([report, report]))).toBe('4 passed, 2 failed, 4 skipped');
});
