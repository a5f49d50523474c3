// SHOW FDS: the descriptor of each connection, without any of the secrets that PgBouncer has here for its restart.

import { type ConnectionRow, readClients, readServers } from '../../observe/connections.ts';
import type { Cell } from '../../wire/typed_rows.ts';
import { columns, type Show } from './row.ts';
import { endOf } from './sockets.ts';

export const FDS: Show = {
  name: 'fds',
  doc: 'The file descriptor of each connection. Nothing here lets anybody in: passwords, keys and cancel keys are not shown, and no descriptor is handed over.',
  columns: columns(
    ['fd', 'int4', 'The descriptor.'],
    ['task', 'text', '`client` or `server`.'],
    ['user', 'text', 'As SHOW CLIENTS and SERVERS.'],
    ['database', 'text', 'As SHOW CLIENTS and SERVERS.'],
    ['addr', 'text', 'The address of the other side, or `unix`.'],
    ['port', 'int4', 'Its port.'],
    ['cancel', 'int8', 'Always 0: the key is a secret.'],
    ['link', 'int4', 'The descriptor of the other connection of a lease; 0 where there is none.'],
    ['client_encoding', 'text', 'What the connection has set; NULL where it is not known.'],
    ['std_strings', 'text', '`standard_conforming_strings`.'],
    ['datestyle', 'text', '`DateStyle`.'],
    ['timezone', 'text', '`TimeZone`.'],
    ['password', 'text', 'Always NULL: it is a secret.'],
    ['scram_client_key', 'bytea', 'Always NULL: it is a secret.'],
    ['scram_server_key', 'bytea', 'Always NULL: it is a secret.'],
  ),
  isForAdmins: true,
  *rows({ context }) {
    const { listen_port } = context.settings;
    for (const row of readClients(context)) yield cellsOf(row, listen_port);
    for (const row of readServers(context)) yield cellsOf(row, listen_port);
  },
};

function cellsOf(row: ConnectionRow, listenPort: number): readonly Cell[] {
  const { kind, connection, user, database, linkFd, parameters } = row;
  const said = (name: string): string | null => parameters?.get(name) ?? null;
  return [
    ...[connection.fd, kind, user, database, ...endOf(connection.peer, listenPort), 0, linkFd ?? 0],
    ...[said('client_encoding'), said('standard_conforming_strings'), said('DateStyle'), said('TimeZone')],
    ...[null, null, null],
  ];
}
