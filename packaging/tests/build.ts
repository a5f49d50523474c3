// Builds the packages of this checkout for a test, quickly: what is for users is compressed better.

import { resolve } from 'node:path';
import { missingPrograms } from '../../agent/tests/harness/needs.ts';
import { machineOf } from '../compile.ts';
import { run } from '../run.ts';

const ROOT = resolve(import.meta.dir, '../..');

export function whyNoPackages(): string | undefined {
  return missingPrograms('dpkg-buildpackage', 'dh', 'rpmbuild');
}

/** Its path. @param version as if this were the release of that name. */
export function buildPackage(only: 'deb' | 'rpm', version: string): string {
  const machine = machineOf(process.arch);
  const words = ['--only', only, '--machine', machine, '--version', version];
  return run([process.execPath, 'packaging/package.ts', ...words], ROOT, {
    PACKAGE_COMPRESSION: '-Zgzip -z1',
    SOURCE_DATE_EPOCH: '1767225600',
  }).trim();
}
