// Random pipelines against a model of PostgreSQL: the tenant sees what a client without an agent would have seen.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import * as expected from '../state/expected.ts';
import * as client from '../tests/harness/client_words.ts';
import { serverWords } from '../tests/harness/server_words.ts';
import { ToyBackend } from '../tests/harness/toy_backend.ts';
import { concat } from '../wire/bytes.ts';
import { serverFixture } from './server_fixture.ts';

/** One message: whose it is, and what books are kept about it (undefined: none). */
interface Step {
  readonly bytes: Uint8Array;
  readonly kind: number | undefined;
  readonly disposition: number;
}

function step(bytes: Uint8Array, kind?: number, disposition: number = expected.FORWARD): Step {
  return { bytes, kind, disposition };
}

const { PARSE, BIND, DESCRIBE, EXECUTE, CLOSE, SYNC, QUERY, COPY_END, FAKE, SKIP } = expected;
const SQL = ['rows 2', 'fail', 'syntax', '', 'notice', 'copyout', 'begin; rows 1; commit'];
const sync = step(client.sync, SYNC);
const data = step(client.copyData('1\n'));

/** What an application sends in one go; every unit ends with a Sync, or with a simple Query. */
const unit = fc.oneof(
  fc
    .constantFrom(...SQL, 'rows 1; fail; rows 1', 'rows 1; copyout')
    .map((sql) => [step(client.query(sql), QUERY)]),
  fc.constant([step(client.functionCall(), QUERY)]),
  fc
    .boolean()
    .map((fails) => [
      step(client.query('copyin'), QUERY),
      ...[data, data, step(fails ? client.copyFail('no') : client.copyDone, COPY_END)],
    ]),
  fc
    .tuple(fc.boolean(), fc.boolean(), fc.boolean())
    .map(([isEarly, fails, isBad]) => [
      step(client.parse('', isBad ? 'syntax' : 'copyin'), PARSE),
      step(client.bind(''), BIND),
      step(client.execute(), EXECUTE),
      ...(isEarly ? [sync] : []),
      ...[data, step(fails ? client.copyFail('no') : client.copyDone, COPY_END), sync],
    ]),
  fc
    .array(
      fc.oneof(
        fc
          .constantFrom(...SQL.slice(0, 6))
          .map((sql) => [
            ...[step(client.parse('', sql), PARSE), step(client.bind(''), BIND)],
            ...[step(client.describe('P'), DESCRIBE), step(client.execute(), EXECUTE)],
          ]),
        fc.constant([step(client.describe('S', 'nobody'), DESCRIBE)]),
        fc.constant([
          step(client.parse('skipped', 'rows 0'), PARSE, SKIP),
          step(client.close('S', 'skipped'), CLOSE, SKIP),
        ]),
        fc.constant([
          step(client.parse('faked', 'rows 0'), PARSE, FAKE),
          step(client.close('S', 'faked'), CLOSE, FAKE),
        ]),
        fc.constant([step(client.flush)]),
      ),
      { maxLength: 5 },
    )
    .map((parts) => [...parts.flat(), sync]),
);

test('Server shows its tenant exactly the client’s replies, whatever is pipelined, injected, faked, and split', () => {
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 5 }), fc.array(fc.nat(40), { minLength: 1 }), (units, sizes) => {
      const { connection, server, tenant } = serverFixture();
      const [real, alone] = [new ToyBackend(), new ToyBackend()];
      const wanted: Uint8Array[] = [];
      let coming: Uint8Array = new Uint8Array(0);
      let turn = 0;
      const arrive = (bytes: number): void => {
        const chunk = coming.subarray(0, bytes);
        coming = coming.subarray(chunk.length);
        if (chunk.length > 0) connection.receive(chunk);
      };
      for (const { bytes, kind, disposition } of units.flat()) {
        // As the relay: after an error nothing is faked or put in between, because the server passes over it anyhow.
        const isOwn = disposition === SKIP;
        if (isOwn && server.expected.isFailed) continue;
        const how = server.expected.isFailed ? expected.FORWARD : disposition;
        if (kind !== undefined) server.expected.push(kind, how);
        if (how !== FAKE) coming = concat([coming, real.take(bytes)]);
        server.flushFakes();
        if (!isOwn) wanted.push(alone.take(bytes));
        arrive(sizes[turn++ % sizes.length]!);
      }
      while (coming.length > 0) arrive(sizes[turn++ % sizes.length]! + 1);
      expect(tenant.closed).toEqual([]);
      expect(tenant.words()).toEqual(serverWords(concat(wanted)));
      expect([server.isClean, server.expected.isFailed]).toEqual([true, false]);
    }),
    { numRuns: 400 },
  );
});
