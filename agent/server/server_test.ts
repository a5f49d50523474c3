// A server's replies on their way to its tenant: in order, without what is not the tenant's, at every split of the stream.

import { describe, expect, test } from 'bun:test';
import { ClientStatements } from '../state/client_statements.ts';
import {
  BIND,
  CLOSE,
  DESCRIBE,
  EXECUTE,
  FAKE,
  FORWARD,
  PARSE,
  QUERY,
  SKIP,
  SYNC,
} from '../state/expected.ts';
import { StatementRegistry } from '../state/statements.ts';
import { close, copyData, copyDone, join, message } from '../tests/harness/client_words.ts';
import * as server from '../tests/harness/server_words.ts';
import * as type from '../wire/types.ts';
import { RecordingTenant, serverFixture } from './server_fixture.ts';

describe('Server.onData()', () => {
  test('hands whole chunks to its tenant as they are', () => {
    const { connection, server: one, tenant } = serverFixture();
    one.expected.push(QUERY);
    const chunk = join(
      server.rowDescription('x'),
      server.dataRow('1'),
      server.complete('SELECT 1'),
      server.ready(),
    );
    connection.receive(chunk);
    expect(tenant.replies).toEqual([chunk]);
    expect(tenant.replies[0]).toBe(chunk);
    expect([tenant.readies, one.status, one.isClean]).toEqual([1, type.IDLE, true]);
  });

  test('says ready when nothing more is due, and keeps the status', () => {
    const { connection, server: one, tenant } = serverFixture();
    one.expected.push(SYNC);
    one.expected.push(SYNC);
    connection.receive(server.ready('T'));
    expect([tenant.readies, one.status, one.isClean]).toEqual([0, type.IN_TRANSACTION, false]);
    connection.receive(server.ready('E'));
    expect([tenant.readies, one.status, one.isClean]).toEqual([1, type.IN_FAILED_TRANSACTION, false]);
  });

  test('says ready at the end of a COPY FROM STDIN', () => {
    const { connection, server: one, tenant } = serverFixture();
    one.expected.push(QUERY);
    connection.receive(server.copyIn());
    one.write(join(copyData('1\n'), copyDone));
    one.expected.push(8);
    connection.receive(join(server.complete('COPY 1'), server.ready()));
    expect([tenant.readies, one.expected.isEmpty]).toEqual([1, true]);
  });

  test('counts bytes both ways', () => {
    const { connection, server: one } = serverFixture();
    one.write(close('S', 'a'));
    one.expected.push(SYNC);
    connection.receive(server.ready());
    expect([one.bytesOut, one.bytesIn]).toEqual([close('S', 'a').length, 6]);
  });
});

describe('Server answers fakes', () => {
  test('between the real replies, in the order of what was asked', () => {
    const { connection, server: one, tenant } = serverFixture();
    for (const [kind, disposition] of [
      [BIND, FORWARD],
      [PARSE, FAKE],
      [EXECUTE, FORWARD],
      [CLOSE, FAKE],
      [CLOSE, FAKE],
      [SYNC, FORWARD],
    ] as const)
      one.expected.push(kind, disposition);
    connection.receive(join(server.bindComplete, server.complete('SELECT 0'), server.ready()));
    expect(tenant.words()).toEqual([
      ...['BindComplete', 'ParseComplete', 'Complete SELECT 0', 'CloseComplete', 'CloseComplete', 'Ready I'],
    ]);
  });

  test('at once, when nothing is ahead of them', () => {
    const { server: one, tenant } = serverFixture();
    one.expected.push(PARSE, FAKE);
    one.flushFakes();
    expect([tenant.words(), one.expected.isEmpty, tenant.readies]).toEqual([['ParseComplete'], true, 0]);
  });

  test('not before what is ahead of them is answered', () => {
    const { connection, server: one, tenant } = serverFixture();
    one.expected.push(BIND);
    one.expected.push(CLOSE, FAKE);
    one.flushFakes();
    expect(tenant.words()).toEqual([]);
    connection.receive(server.bindComplete);
    expect(tenant.words()).toEqual(['BindComplete', 'CloseComplete']);
  });

  test('never inside a message, however it is split', () => {
    const row = server.rowDescription('a', 'b');
    for (let at = 1; at < row.length; at++) {
      const { connection, server: one, tenant } = serverFixture();
      one.expected.push(DESCRIBE);
      connection.receive(row.subarray(0, at));
      one.expected.push(CLOSE, FAKE);
      one.flushFakes();
      connection.receive(row.subarray(at));
      expect(tenant.words()).toEqual(['RowDescription', 'CloseComplete']);
    }
  });
});

describe('Server keeps what is not the tenant’s', () => {
  const sequence = join(
    server.parseComplete,
    server.bindComplete,
    server.notice('kept: it came while the agent’s own message was answered'),
    server.closeComplete,
    server.notice('passed'),
    server.dataRow('1'),
    server.complete('SELECT 1'),
    server.ready(),
  );

  test('at every split of the chunk', () => {
    for (let first = 0; first <= sequence.length; first++) {
      const { connection, server: one, tenant } = serverFixture();
      one.expected.push(PARSE, SKIP);
      one.expected.push(BIND);
      one.expected.push(CLOSE, SKIP);
      one.expected.push(EXECUTE);
      one.expected.push(SYNC);
      connection.receive(sequence.subarray(0, first), sequence.subarray(first));
      expect(tenant.words()).toEqual([
        ...['BindComplete', 'NOTICE 00000 passed', 'Row 1', 'Complete SELECT 1', 'Ready I'],
      ]);
      expect(tenant.readies).toBe(1);
    }
  });

  test('when it comes byte by byte', () => {
    const { connection, server: one, tenant } = serverFixture();
    one.inject('SELECT pg_catalog.set_config()');
    one.expected.push(QUERY);
    const all = join(
      server.rowDescription('set_config'),
      server.dataRow('x'.repeat(100)),
      server.complete('SELECT 1'),
      server.ready(),
      server.complete('SELECT 0'),
      server.ready(),
    );
    for (const byte of all) connection.receive(new Uint8Array([byte]));
    expect(tenant.words()).toEqual(['Complete SELECT 0', 'Ready I']);
    expect(connection.takeSent()).toEqual(message('Q', 'SELECT pg_catalog.set_config()\0'));
  });

  test('and what it knows before, wherever the chunk is cut, and the same where it comes otherwise', () => {
    const known = join(server.complete('SET'), server.complete('RESET'));
    const rest = join(server.ready(), server.complete('SELECT 0'), server.ready());
    const others = [
      join(server.complete('SET'), server.complete('SET')),
      join(server.parameterStatus('TimeZone', 'CET'), known),
    ];
    for (const said of [known, ...others]) {
      const all = join(said, rest);
      for (let at = 1; at < all.length; at++) {
        const { connection, server: one, tenant } = serverFixture();
        one.injectKnown(message('Q', 'SET a TO 1;RESET b;\0'), known);
        one.expected.push(QUERY);
        connection.receive(all.subarray(0, at), all.subarray(at));
        expect([tenant.words(), tenant.readies]).toEqual([['Complete SELECT 0', 'Ready I'], 1]);
      }
    }
  });

  test('and gives the rows of its own queries to a tenant that wants them, whole', () => {
    for (let at = 1; at < 14; at++) {
      const { connection, server: one, tenant } = serverFixture(new RecordingTenant(true));
      one.inject('SELECT 1');
      const row = server.dataRow('abc');
      connection.receive(row.subarray(0, at), row.subarray(at));
      expect([tenant.rows, tenant.words()]).toEqual([['abc'], []]);
    }
  });

  test('and tells of an error of its own query without showing it', () => {
    const { connection, server: one, tenant } = serverFixture();
    one.inject('ROLLBACK');
    connection.receive(join(server.errorResponse('no', 'ERROR', '57014'), server.ready()));
    expect([tenant.errors, tenant.words(), tenant.readies]).toEqual([['57014 no'], [], 1]);
  });
});

describe('Server and ParameterStatus', () => {
  test('keeps the books, and asks the tenant whether its client is to know', () => {
    const { connection, server: one, tenant } = serverFixture();
    tenant.wantsParameter = (name) => name === 'TimeZone';
    connection.receive(
      join(server.parameterStatus('TimeZone', 'CET'), server.parameterStatus('DateStyle', 'ISO')),
    );
    expect(tenant.words()).toEqual(['Parameter TimeZone=CET']);
    expect([one.parameters.reported.get('TimeZone'), one.parameters.reported.get('DateStyle')]).toEqual([
      'CET',
      'ISO',
    ]);
  });

  test('reads it whole at every split', () => {
    const status = server.parameterStatus('TimeZone', 'Europe/Zurich');
    for (let at = 0; at <= status.length; at++) {
      const { connection, server: one, tenant } = serverFixture();
      one.expected.push(SYNC);
      connection.receive(status.subarray(0, at), join(status.subarray(at), server.ready()));
      expect([one.parameters.reported.get('TimeZone'), tenant.words()]).toEqual([
        'Europe/Zurich',
        ['Ready I'],
      ]);
    }
  });
});

describe('Server behind the last ReadyForQuery', () => {
  test('hands a notice that is split to one tenant only', () => {
    for (const late of [server.notice('late'), server.notification('jobs', 'of somebody')]) {
      for (let at = 1; at < late.length; at++) {
        const { connection, server: one, tenant } = serverFixture();
        const next = new RecordingTenant();
        tenant.onReady = () => {
          one.tenant = next;
        };
        one.expected.push(QUERY);
        connection.receive(join(server.complete('SELECT 0'), server.ready(), late.subarray(0, at)));
        connection.receive(late.subarray(at));
        expect([tenant.words(), next.words().length]).toEqual([['Complete SELECT 0', 'Ready I'], 1]);
      }
    }
  });

  test('lets a long notice of a query pass as it comes', () => {
    const { connection, server: one, tenant } = serverFixture();
    one.expected.push(QUERY);
    const long = server.notice('x'.repeat(100_000));
    connection.receive(long.subarray(0, 70_000));
    expect(tenant.replies.length).toBe(1);
    connection.receive(join(long.subarray(70_000), server.ready()));
    expect(tenant.readies).toBe(1);
  });
});

describe('Server.lastFatal', () => {
  test('is what ended it, and the client is told, whatever the server was at', () => {
    for (const disposition of [undefined, FORWARD, SKIP]) {
      const { connection, server: one, tenant } = serverFixture();
      if (disposition !== undefined) one.expected.push(QUERY, disposition);
      connection.receive(server.errorResponse('shutting down', 'FATAL', '57P01'));
      connection.closed();
      expect(one.lastFatal).toEqual({ severity: 'FATAL', sqlstate: '57P01', message: 'shutting down' });
      expect([tenant.words(), tenant.closed]).toEqual([['FATAL 57P01 shutting down'], ['shutting down']]);
      expect(one.retired).toBe('shutting down');
    }
  });

  test('is not for a client that has all its answers and gives the server back', () => {
    const { connection, server: one, tenant } = serverFixture();
    tenant.keepsServer = false;
    one.expected.push(QUERY);
    const fatal = server.errorResponse('shutting down', 'FATAL', '57P01');
    connection.receive(join(server.complete('SELECT 1'), server.ready(), fatal));
    expect(tenant.words()).toEqual(['Complete SELECT 1', 'Ready I']);
    expect([tenant.readies, one.retired, one.fatalPassed]).toEqual([1, 'shutting down', false]);
  });

  test('is read whole at every split', () => {
    const fatal = server.errorResponse('bye', 'PANIC', 'XX000');
    for (let at = 0; at <= fatal.length; at++) {
      const { connection, server: one, tenant } = serverFixture();
      connection.receive(fatal.subarray(0, at), fatal.subarray(at));
      expect([one.lastFatal?.message, tenant.words()]).toEqual(['bye', ['PANIC XX000 bye']]);
    }
  });
});

describe('Server and its statements', () => {
  test('has to parse one anew, as all servers have, once a table changed under it', () => {
    for (const routine of ['RevalidateCachedQuery', 'transformStmt', undefined]) {
      const { connection, server: one } = serverFixture();
      const statements = new StatementRegistry();
      const statement = statements.acquire(Buffer.from('SELECT 1'));
      const mention = new ClientStatements(statements).take('s1', statement);
      one.statements.put(statement, 0);
      one.statements.onParsed(statement, true);
      one.expected.push(BIND, FORWARD, undefined, mention);
      one.expected.push(SYNC);
      connection.receive(server.errorResponse('anything', 'ERROR', '0A000', routine), server.ready());
      expect(one.statements.has(statement, 5)).toBe(routine !== 'RevalidateCachedQuery');
    }
  });

  const registry = new StatementRegistry();
  const [a, b, c] = ['a', 'b', 'c'].map((sql) => registry.acquire(Buffer.from(sql)));

  test('forgets those whose Parse failed, and keeps those whose Close was passed over', () => {
    const { connection, server: one } = serverFixture();
    one.expected.push(PARSE, FORWARD, a);
    one.statements.put(a!, 0);
    one.expected.push(SYNC);
    connection.receive(join(server.parseComplete, server.ready()));
    one.expected.push(PARSE, FORWARD, b);
    one.statements.put(b!, 1);
    one.expected.push(CLOSE, SKIP, a);
    one.statements.evict(1);
    one.expected.push(SYNC);
    connection.receive(join(server.errorResponse('no'), server.ready()));
    expect([a!, b!].map((each) => one.statements.has(each, one.expected.run))).toEqual([true, false]);
  });

  for (const tag of ['DISCARD ALL', 'DEALLOCATE ALL']) {
    test(`forgets all at ${tag}, but for those that were sent behind it`, () => {
      const { connection, server: one } = serverFixture();
      for (const each of [a!, b!]) {
        one.expected.push(PARSE, FORWARD, each);
        one.statements.put(each, 0);
      }
      one.expected.push(QUERY);
      one.expected.push(PARSE, FORWARD, c);
      one.statements.put(c!, 0);
      connection.receive(
        join(server.parseComplete, server.parseComplete, server.complete(tag), server.ready()),
      );
      expect([a!, b!, c!].map((each) => one.statements.has(each, 0))).toEqual([false, false, true]);
    });
  }
});

describe('Server.close() and Server.fail()', () => {
  test('close() says goodbye, and lets it leave', () => {
    const { connection, server: one } = serverFixture();
    connection.lingers = true;
    one.close();
    expect([connection.takeSent(), connection.isEnded, connection.isClosed]).toEqual([
      message('X'),
      true,
      false,
    ]);
    connection.closed();
    one.close();
    expect(connection.takeSent()).toEqual(new Uint8Array(0));
  });

  test('fail() closes at once and says why', () => {
    const { connection, server: one, tenant } = serverFixture();
    one.expected.push(QUERY);
    one.fail('it lies');
    one.fail('again');
    expect([connection.isClosed, tenant.closed, one.expected.isEmpty]).toEqual([true, ['it lies'], true]);
  });

  test('the end of the connection is told with the best reason there is', () => {
    const [quiet, reset] = [serverFixture(), serverFixture()];
    quiet.connection.closed();
    reset.connection.closed('ECONNRESET');
    expect([quiet.tenant.closed, reset.tenant.closed]).toEqual([
      ['it closed the connection'],
      ['ECONNRESET'],
    ]);
  });

  test('its drain is the tenant’s business', () => {
    const { connection, server: one, tenant } = serverFixture();
    connection.room = 0;
    expect(one.write(message('S'))).toBe(false);
    connection.drain();
    expect(tenant.drains).toBe(1);
  });
});

test('Server.cutsMessage is true while the tenant has the beginning of a message only', () => {
  const row = server.dataRow('a row');
  for (let at = 1; at <= row.length; at++) {
    const { connection, server: one } = serverFixture();
    one.expected.push(QUERY);
    connection.receive(row.subarray(0, at));
    // A header that is not whole is kept here.
    expect([at, one.cutsMessage]).toEqual([at, at >= 5 && at < row.length]);
  }
});
