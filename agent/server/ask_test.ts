// One question to a server that is logged in: its first row, or why there is none.

import { describe, expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { clientWords, join, message } from '../tests/harness/client_words.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { FakeConnection } from '../tests/harness/fake_connection.ts';
import * as server from '../tests/harness/server_words.ts';
import { ask } from './ask.ts';

class Question {
  readonly connection = new FakeConnection();
  readonly late = new AbortController();
  outcome: readonly (string | null)[] | AgentError | undefined;

  constructor() {
    ask(this.connection, 'SELECT 1', this.late.signal).then(
      (row) => {
        this.outcome = row;
      },
      (error) => {
        this.outcome = error;
      },
    );
  }

  async refusal(): Promise<string> {
    await settle();
    if (!(this.outcome instanceof AgentError)) throw new Error('it was answered');
    return `${this.outcome.code}: ${this.outcome.message}`;
  }
}

test('ask() gives the first row, and says goodbye', async () => {
  const question = new Question();
  expect(clientWords(question.connection.takeSent())).toEqual(['Query SELECT 1']);
  question.connection.receive(
    join(server.rowDescription('a', 'b'), server.dataRow('1', null), server.dataRow('2', '3')),
    join(server.complete('SELECT 2'), server.ready()),
  );
  await settle();
  expect(question.outcome).toEqual(['1', null]);
  expect([clientWords(question.connection.takeSent()), question.connection.isEnded]).toEqual([
    ['Terminate'],
    true,
  ]);
});

test('ask() gives nothing when there is no row', async () => {
  const question = new Question();
  question.connection.receive(join(server.complete('SELECT 0'), server.ready()));
  await settle();
  expect(question.outcome).toEqual([]);
});

describe('ask() rejects', () => {
  test('with the server’s own words', async () => {
    const question = new Question();
    question.connection.receive(join(server.errorResponse('no', 'ERROR', '42P01'), server.ready()));
    expect(await question.refusal()).toStartWith(
      'server_login_failed: no (the server refused our login; SQLSTATE 42P01)',
    );
    expect(question.connection.isClosed).toBe(true);
  });

  test('when it is given up', async () => {
    const question = new Question();
    question.late.abort();
    expect(await question.refusal()).toStartWith('server_timeout');
    expect(question.connection.isClosed).toBe(true);
  });

  test('when the server closes', async () => {
    const question = new Question();
    question.connection.closed('ECONNRESET');
    expect(await question.refusal()).toBe('server_closed: the server closed the connection: ECONNRESET');
  });

  test('when the answer cannot be read', async () => {
    const question = new Question();
    question.connection.receive(message('E', 'Mno end'));
    expect(await question.refusal()).toContain('an error message does not end');
  });

  test('when the answer does not end', async () => {
    const question = new Question();
    const many = join(...Array.from({ length: 110 }, () => server.dataRow('x'.repeat(1_000))));
    for (let i = 0; i < 11; i++) question.connection.receive(many);
    expect(await question.refusal()).toContain('an endless answer');
  });
});
