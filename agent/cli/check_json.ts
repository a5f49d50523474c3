// What `pgsidecar check` found, as JSON for a pipeline: no secret is in it.

import type { LoadResult } from '../config/load.ts';
import type { ConnectReport } from './check_connect.ts';
import { listeners } from './check_page.ts';
import type { ServiceSockets } from './service_sockets.ts';

export function checkJson(
  result: LoadResult,
  reports: readonly ConnectReport[] | undefined,
  sockets?: ServiceSockets,
): object {
  const { settings, problems, took, notes, differing, files } = result;
  return {
    ok: settings !== undefined && (reports ?? []).every((report) => report.error === undefined),
    problems: problems.map(({ severity, code, sentence, origin }) => ({
      severity,
      code,
      sentence,
      ...place(origin),
    })),
    took,
    notes,
    differingDefaults: differing,
    files,
    ...(settings === undefined
      ? {}
      : {
          listeners: listeners(settings, sockets),
          controlSocket: settings.control_socket,
          // A Secret writes itself as ***.
          databases: Object.values(settings.databases),
          users: Object.values(settings.users).map(
            ({ secret, databaseSecrets: _, databaseNextSecrets: __, ...user }) => ({
              ...user,
              hasSecret: secret !== undefined,
            }),
          ),
        }),
    ...(reports === undefined
      ? {}
      : { servers: reports.map(({ error, ...report }) => ({ ...report, error: error?.message ?? null })) }),
  };
}

function place(origin: LoadResult['problems'][number]['origin']): object {
  return origin === undefined
    ? {}
    : { file: origin.place, ...(origin.line === undefined ? {} : { line: origin.line }) };
}
