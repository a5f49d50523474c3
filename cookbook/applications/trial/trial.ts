// What every application here is put to: 8 processes of it at PostgreSQL itself, then through the agent on a pool of 3, with the same findings.

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { USER } from '../../../agent/tests/harness/application.ts';
import { createCertificateAuthority } from '../../../agent/tests/harness/certificates.ts';
import { describeNeeding } from '../../../agent/tests/harness/needs.ts';
import { type Postgres, startPostgres } from '../../../agent/tests/harness/postgres.ts';
import {
  nameOf,
  POOL_SIZE,
  PROCESSES,
  type RealApplication,
  type Run,
  runDirectly,
  runThrough,
} from './run.ts';

export function describeApplication(application: RealApplication): void {
  describeNeeding(application.missing)(`cookbook/applications/${nameOf(application)}`, () => {
    const runs = {} as { direct: Run; through: Run };
    const others = (application.otherServers ?? 0) + (application.listens === true ? 1 : 0);
    const authority = createCertificateAuthority();
    let postgres: Postgres | undefined;
    beforeAll(async () => {
      const tls = { server: authority.issueServer() };
      postgres = await startPostgres({ tls, users: { [USER]: '' } });
      runs.direct = await runDirectly(application, postgres, authority);
    }, 240_000);
    beforeAll(async () => {
      runs.through = await runThrough(application, postgres!, authority);
      tell(application, runs.direct, runs.through);
    }, 240_000);
    afterAll(() => postgres?.stop());
    for (const check of application.checks) {
      test(check.replaceAll('_', ' '), () => {
        const direct = valuesOf(runs.direct, check);
        expect(valuesOf(runs.through, check)).toEqual(direct);
      });
    }
    test('every process reported every check, and nothing else', () => {
      for (const { reports } of [runs.direct, runs.through])
        for (const report of reports) expect([...report.keys()]).toEqual([...application.checks]);
    });
    test(`its clients share ${POOL_SIZE} server connections${besides(application)}, where without the agent each has its own`, () => {
      expect(runs.direct.clients).toBeGreaterThanOrEqual(PROCESSES);
      expect(runs.through.clients).toBeGreaterThanOrEqual(PROCESSES);
      expect(runs.through.backends).toBeLessThanOrEqual(POOL_SIZE + others);
    });
  });
}

/** Its pools have so many each; what listens for all clients comes on top. */
function besides({ otherServers = 0, listens = false }: RealApplication): string {
  const others = otherServers === 0 ? [] : [`${otherServers} of its other pools`];
  if (listens) others.push('one that listens for all');
  return others.length === 0 ? '' : `, with ${others.join(' and ')} beside them`;
}

/** What each process found; throws where one could not. */
function valuesOf({ reports }: Run, check: string): unknown[] {
  return reports.map((report, number) => {
    const finding = report.get(check) ?? { failure: 'it has not got so far' };
    if ('failure' in finding) throw new Error(`Process ${number}: ${finding.failure}`);
    return finding.value;
  });
}

function tell(application: RealApplication, direct: Run, through: Run): void {
  console.log(
    `${nameOf(application)}: ${PROCESSES} processes; ${direct.backends} server connections without the agent; ` +
      `with it ${through.backends}, for ${through.clients} clients`,
  );
}
