// Asks a server one question on a connection of its own that is logged in already: for probes and checks.

import type { BackendMessage, DatabaseError, DataRowMessage } from 'pg-protocol/dist/messages.js';
import { AgentError } from '../base/errors.ts';
import type { Connection } from '../net/connection.ts';
import { encodeQuery, encodeTerminate } from '../wire/client_messages.ts';
import { BackendParser } from './backend_parser.ts';

/** An answer to a probe is a row or two; whoever sends more is no server that we know. */
const ANSWER_BYTES_MAX = 1_048_576;

/** The first row's columns as text, null for NULL; closes the connection. Rejects with AgentError. */
export function ask(
  connection: Connection,
  sql: string,
  signal: AbortSignal,
): Promise<readonly (string | null)[]> {
  return new Promise((resolve, reject) => {
    const parser = new BackendParser(ANSWER_BYTES_MAX);
    let row: readonly (string | null)[] | undefined;
    let bytes = 0;
    const fail = (error: AgentError): void => {
      reject(error);
      connection.close();
    };
    const onMessage = (message: BackendMessage): void => {
      if (message.name === 'dataRow') row ??= (message as DataRowMessage).fields as (string | null)[];
      if (message.name === 'error') {
        const { message: text, code } = message as unknown as DatabaseError;
        fail(new AgentError('server_login_failed', { message: text, sqlstate: code ?? 'XX000' }));
      }
      if (message.name !== 'readyForQuery') return;
      resolve(row ?? []);
      connection.write(encodeTerminate());
      connection.end();
    };
    signal.addEventListener('abort', () => fail(new AgentError('server_timeout', { what: 'query' })), {
      once: true,
    });
    connection.handler = {
      onData(chunk) {
        bytes += chunk.length;
        if (bytes > ANSWER_BYTES_MAX)
          return fail(new AgentError('server_protocol', { reason: 'an endless answer' }));
        try {
          parser.parse(chunk, onMessage);
        } catch (error) {
          fail(new AgentError('server_protocol', { reason: (error as Error).message }));
        }
      },
      onDrain() {},
      onClose: (reason) =>
        reject(new AgentError('server_closed', { reason: reason.error ?? 'it closed the connection' })),
    };
    connection.write(encodeQuery(sql));
  });
}
