// `pgsidecar version`: the version of the agent, of its runtime, and the machine that it was built for.

import { VERSION } from '../base/version.ts';
import type { Call, Host } from './command.ts';

/** `pgsidecar 0.1.0 (bun 1.4.5, linux x64)`. */
export function versionLine(host: Host): string {
  return `pgsidecar ${VERSION} (${host.runtime})\n`;
}

export async function version(_: Call, host: Host): Promise<number> {
  host.out(versionLine(host));
  return 0;
}
