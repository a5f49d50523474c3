// What `pgsidecar check` found, as a page that a person reads: pure text.

import { isSocketHost } from '../base/socket_host.ts';
import { printOctal } from '../base/units.ts';
import type { LoadResult } from '../config/load.ts';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import { type ConnectReport, printDays, printHost } from './check_connect.ts';
import { paint } from './paint.ts';
import { printSocket, type ServiceSockets } from './service_sockets.ts';
import { textTable } from './text_table.ts';

/** What was taken, and what of it does not hold as it is written. */
type Taken = Pick<LoadResult, 'took' | 'notes' | 'differing' | 'config'> & {
  readonly sockets?: ServiceSockets | undefined;
};

export function checkPage(
  settings: Settings,
  taken: Taken,
  reports: readonly ConnectReport[] | undefined,
  colours: boolean,
): string {
  const blocks = [
    ...takenBlocks(taken),
    ['Would listen at', ...listeners(settings, taken.sockets).map((each) => `  ${each}`)],
    ['Databases', ...databaseLines(settings)],
    ['Users', ...userLines(settings)],
    ...(reports === undefined ? [] : [['Servers', ...serverLines(reports, colours)]]),
  ];
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n\n`;
}

/** All that can be said where nothing usable was loaded. */
export function tookOnly(taken: Taken): string {
  return takenBlocks(taken)
    .map((block) => `${block.join('\n')}\n\n`)
    .join('');
}

function takenBlocks({ took, notes, differing, config }: Taken): string[][] {
  const indented = (sentences: readonly string[]) => sentences.map((each) => `  ${each}`);
  return [
    ['Took', ...indented(took)],
    ...(notes.length === 0 ? [] : [['Notes', ...indented(notes)]]),
    ...(differing.length === 0
      ? []
      : [
          [
            'Defaults that differ',
            `  ${config?.path} does not say these; write them into it where PgBouncer's are meant.`,
            ...textTable(
              ['SETTING', 'PGBOUNCER', 'HERE'],
              differing.map(({ setting, here, there }) => [setting, there, here]),
            ),
          ],
        ]),
  ];
}

/** As the agent will open them, or systemd. */
export function listeners(settings: Settings, sockets?: ServiceSockets): readonly string[] {
  if (sockets !== undefined)
    return sockets.addresses.map((each) => `${printSocket(each)} (opened by systemd: ${sockets.unit})`);
  const { unix_socket_dir, unix_socket_mode, unix_socket_group, listen_addr, listen_port } = settings;
  const group = unix_socket_group === '' ? '' : `, group ${unix_socket_group}`;
  const unix = `${unix_socket_dir}/.s.PGSQL.${listen_port} (mode ${printOctal(unix_socket_mode)}${group})`;
  const tls =
    settings.client_tls_sslmode === 'disable' ? 'without TLS' : `TLS ${settings.client_tls_sslmode}`;
  const tcp = listen_addr.map((address) => `${printHost({ host: address, port: listen_port })} (${tls})`);
  return [...(unix_socket_dir === '' ? [] : [unix]), ...tcp];
}

function databaseLines(settings: Settings): string[] {
  const rows = Object.values(settings.databases).map((database) => [
    database.name,
    database.role,
    serverOf(database),
    // As it is written: everybody as himself.
    database.user || '*',
    database.hosts.every((each) => isSocketHost(each.host)) ? '-' : database.sslmode,
    database.poolMode,
    database.poolSize,
  ]);
  return textTable(['NAME', 'ROLE', 'SERVER', 'USER', 'TLS', 'MODE', 'POOL'], rows);
}

function serverOf({ hosts, dbname }: DatabaseSettings): string {
  return `${hosts.map(printHost).join(',')}/${dbname || '*'}`;
}

function userLines(settings: Settings): string[] {
  const rows = Object.values(settings.users).map((user) => [
    user.name,
    user.secret === undefined ? 'no' : 'yes',
    user.databases.includes('*') ? 'every one' : user.databases.join(', '),
  ]);
  return [
    `  They prove themselves by ${settings.auth_type}.`,
    ...textTable(['NAME', 'PASSWORD', 'DATABASES'], rows),
  ];
}

function serverLines(reports: readonly ConnectReport[], colours: boolean): string[] {
  const rows = reports.map(({ database, server, probe, certificateDaysLeft }) => [
    database,
    server,
    probe === undefined ? paint(colours, 'red', 'failed') : 'ok',
    // Debian's says "15.20 (Debian 15.20-0+deb12u1)": the number is what the column is for.
    probe?.serverVersion.split(' ')[0] ?? '-',
    probe === undefined ? '-' : probe.isStandby ? 'standby' : 'writer',
    probe?.tlsVersion ?? '-',
    certificateDaysLeft === undefined ? '-' : printDays(certificateDaysLeft),
    probe === undefined
      ? '-'
      : `${probe.maxConnections - probe.reservedConnections} of ${probe.maxConnections}`,
    probe === undefined ? '-' : `${Math.round(probe.tookMs)} ms`,
  ]);
  const header = [
    'DATABASE',
    'SERVER',
    'LOGIN',
    'VERSION',
    'ROLE',
    'TLS',
    'CERTIFICATE',
    'CONNECTIONS',
    'TOOK',
  ];
  return textTable(header, rows);
}
