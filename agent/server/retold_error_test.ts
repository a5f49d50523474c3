// What a server says of a statement by its own name for it, told with the client's.

import { expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { ClientStatements, type Mention, mentionOf, NOTHING } from '../state/client_statements.ts';
import { StatementRegistry } from '../state/statements.ts';
import * as server from '../tests/harness/server_words.ts';
import { decodeReport } from '../wire/server_messages.ts';
import { retellError } from './retold_error.ts';

function spokenOf(name: string, serverName: string, refusal?: AgentError): Mention {
  const owner = new ClientStatements(new StatementRegistry());
  return {
    ...mentionOf(owner, NOTHING, name, serverName, undefined),
    refusal,
  };
}

function told(message: string, sqlstate: string, mention: Mention): string | undefined {
  const bytes = retellError(server.errorResponse(message, 'ERROR', sqlstate), sqlstate, mention);
  if (bytes === undefined) return undefined;
  expect(Buffer.from(bytes).readInt32BE(1)).toBe(bytes.length - 1);
  const fields = decodeReport(bytes.subarray(5));
  return `${fields.get('C')} ${fields.get('M')}`;
}

test('retellError() puts the client’s name wherever the server said its own', () => {
  const mention = spokenOf('mine', 'pgsidecar_7');
  expect(told('prepared statement "pgsidecar_7" does not exist', '26000', mention)).toBe(
    '26000 prepared statement "mine" does not exist',
  );
  expect(told('« pgsidecar_7 » et pgsidecar_7', '26000', mention)).toBe('26000 « mine » et mine');
});

test('retellError() takes the name as it is, also where it would mean something in a pattern', () => {
  expect(told('"pgsidecar_7"', '26000', spokenOf('$& $1 $$', 'pgsidecar_7'))).toBe('26000 "$& $1 $$"');
});

test('retellError() puts a long name in once, however often a client makes the server say ours', () => {
  const name = 'n'.repeat(100_000);
  const said = `invalid input: "${'pgsidecar_7'.repeat(100_000)}"`;
  const retold = told(said, '22P02', spokenOf(name, 'pgsidecar_7'))!;
  expect(retold.length).toBe('22P02 '.length + said.length - 'pgsidecar_7'.length + name.length);
  expect(told('"pgsidecar_7" does not exist', '26000', spokenOf(name, 'pgsidecar_7'))).toBe(
    `26000 "${name}" does not exist`,
  );
});

test('retellError() leaves alone what does not speak of it', () => {
  expect(told('division by zero', '22012', spokenOf('mine', 'pgsidecar_7'))).toBeUndefined();
  expect(told('""', '26000', spokenOf('', ''))).toBeUndefined();
});

test('retellError() says why there may be no more of them, where the server says that the name is taken', () => {
  const refusal = new AgentError('prepared_statements_full', { whose: 'of this client', bytes: 2, max: 1 });
  const mention = spokenOf('mine', 'pgsidecar_taken', refusal);
  expect(told('"pgsidecar_taken" already exists', '42P05', mention)).toStartWith(
    '53200 the prepared statements of this client',
  );
  expect(told('syntax error', '42601', mention)).toBeUndefined();
});
