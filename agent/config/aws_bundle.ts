// Where the CAs of Amazon RDS lie on machines that have them.

import type { SourceIo } from './source.ts';

/** AWS's own file name first; the second is where login.gov's machines have it. */
export const AWS_BUNDLES = [
  '/usr/local/share/aws/global-bundle.pem',
  '/usr/local/share/aws/rds-combined-ca-bundle.pem',
] as const;

/** RDS and Aurora, in every partition. */
export function isAwsHost(host: string): boolean {
  return /\.rds\.amazonaws\.com(\.cn)?\.?$/i.test(host);
}

export function awsBundle(io: SourceIo): string | undefined {
  return AWS_BUNDLES.find((path) => io.read(path) !== undefined);
}
