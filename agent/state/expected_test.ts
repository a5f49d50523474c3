// What is still to come back: each reply is told to the right entry, errors drop what the server drops, COPY swallows Syncs.

import { describe, expect, test } from 'bun:test';
import {
  BIND,
  CLOSE,
  COPY_END,
  DESCRIBE,
  EXECUTE,
  Expected,
  FAKE,
  FORWARD,
  INJECTED_ERROR,
  KEEP,
  PARSE,
  PASS,
  QUERY,
  SKIP,
  SYNC,
  UnexpectedReply,
  type Verdict,
} from './expected.ts';
import { type Statement, StatementRegistry } from './statements.ts';

/** Replies by the letters of their type bytes, each with its verdict. */
function replies(due: Expected, letters: string): Verdict[] {
  return [...letters].map((letter) => due.onReply(letter.charCodeAt(0)));
}

function sent(...kinds: readonly number[]): Expected {
  const due = new Expected();
  for (const kind of kinds) due.push(kind);
  return due;
}

function statement(text: string): Statement {
  return new StatementRegistry().acquire(Buffer.from(text));
}

function passes(letters: string): Verdict[] {
  return [...letters].map(() => PASS);
}

describe('Expected of an ordinary conversation', () => {
  test('a simple Query is answered by everything up to ReadyForQuery', () => {
    const due = sent(QUERY);
    expect(replies(due, 'TDDCTDC')).toEqual(passes('TDDCTDC'));
    expect(due.isEmpty).toBe(false);
    expect(replies(due, 'Z')).toEqual([PASS]);
    expect(due.isEmpty).toBe(true);
  });

  test('each message of the extended protocol is answered by its own reply', () => {
    const due = sent(PARSE, DESCRIBE, BIND, DESCRIBE, EXECUTE, CLOSE, SYNC);
    expect(replies(due, '1tT2nDDC3Z')).toEqual(passes('1tT2nDDC3Z'));
    expect([due.isEmpty, due.length]).toEqual([true, 0]);
  });

  test('an Execute ends with CommandComplete, EmptyQueryResponse or PortalSuspended', () => {
    for (const end of ['C', 'I', 's']) {
      const due = sent(EXECUTE, SYNC);
      replies(due, `DD${end}`);
      expect(due.length).toBe(1);
    }
  });

  test('a FunctionCall counts as a Query', () => {
    const due = sent(QUERY);
    expect(replies(due, 'VZ')).toEqual(passes('VZ'));
    expect(due.isEmpty).toBe(true);
  });

  test('COPY TO STDOUT passes whole', () => {
    const due = sent(QUERY);
    expect(replies(due, 'HdddcCZ')).toEqual(passes('HdddcCZ'));
    expect(due.isEmpty).toBe(true);
  });

  test('a Query that is empty is answered too', () => {
    expect(replies(sent(QUERY), 'IZ')).toEqual(passes('IZ'));
  });
});

describe('Expected.onReply() throws UnexpectedReply', () => {
  const cases: readonly (readonly [string, Expected, string])[] = [
    ['when nothing was asked', sent(), 'C'],
    ['for BindComplete when ParseComplete is due', sent(PARSE, SYNC), '2'],
    ['for ParseComplete in a simple Query', sent(QUERY), '1'],
    ['for CloseComplete when Execute is due', sent(EXECUTE, SYNC), '3'],
    ['for ReadyForQuery before its Sync', sent(PARSE, SYNC), 'Z'],
    ['for a second ReadyForQuery', sent(QUERY), 'ZZ'],
    ['for a message that belongs to the login', sent(QUERY), 'R'],
    ['for CopyBothResponse where no Query is due', sent(EXECUTE, SYNC), 'W'],
    ['for a message that is in no chapter', sent(QUERY), '?'],
  ];
  for (const [what, due, letters] of cases) {
    test(what, () => {
      expect(() => replies(due, letters)).toThrow(UnexpectedReply);
    });
  }
});

describe('Expected after an error in a pipeline', () => {
  const kinds = [PARSE, BIND, DESCRIBE, EXECUTE, CLOSE];
  const answers = ['1', '2', 'T', 'C', '3'];
  for (const [position, kind] of kinds.entries()) {
    test(`drops what follows the message at position ${position} up to its Sync, and nothing behind that`, () => {
      const due = sent(...kinds, SYNC, PARSE, SYNC);
      const before = answers.slice(0, position).join('');
      expect(replies(due, `${before}EZ`)).toEqual(passes(`${before}EZ`));
      expect([due.length, kind, due.isFailed]).toEqual([2, kind, false]);
      expect(replies(due, '1Z')).toEqual(passes('1Z'));
    });
  }

  test('expects nothing more until a Sync is sent, whatever else is', () => {
    const due = sent(PARSE, BIND);
    replies(due, 'E');
    for (const kind of [PARSE, BIND, EXECUTE, QUERY, COPY_END, CLOSE]) due.push(kind);
    expect([due.isEmpty, due.isFailed]).toEqual([true, true]);
    due.push(SYNC);
    expect([due.length, due.isFailed]).toEqual([1, false]);
    due.push(PARSE);
    expect(replies(due, 'Z1')).toEqual(passes('Z1'));
  });

  test('of a simple Query still expects ReadyForQuery', () => {
    const due = sent(QUERY, QUERY);
    expect(replies(due, 'TDEZ')).toEqual(passes('TDEZ'));
    expect([due.length, due.isFailed]).toEqual([1, false]);
  });

  test('at Sync itself, as of a deferred constraint, still expects ReadyForQuery', () => {
    const due = sent(PARSE, SYNC, PARSE, SYNC);
    expect(replies(due, '1EZ1Z')).toEqual(passes('1EZ1Z'));
    expect(due.isEmpty).toBe(true);
  });

  test('drops fakes and skips with the rest', () => {
    const due = sent(BIND);
    due.push(PARSE, FAKE);
    due.push(PARSE, SKIP);
    due.push(EXECUTE);
    due.push(SYNC);
    expect(replies(due, 'E')).toEqual([PASS]);
    expect([due.takeFake(), due.length]).toEqual([0, 1]);
    expect(replies(due, 'Z')).toEqual([PASS]);
  });
});

describe('Expected of what is not the client’s', () => {
  test('a skipped reply is kept, and its neighbours pass', () => {
    const due = sent();
    due.push(PARSE, SKIP);
    due.push(BIND);
    due.push(CLOSE, SKIP);
    due.push(SYNC);
    expect(due.isInjected).toBe(true);
    expect(replies(due, '12')).toEqual([KEEP, PASS]);
    expect(due.isInjected).toBe(true);
    expect(replies(due, '3Z')).toEqual([KEEP, PASS]);
    expect(due.isInjected).toBe(false);
  });

  test('an injected Query is kept with its rows and its ReadyForQuery', () => {
    const due = sent();
    due.push(QUERY, SKIP);
    due.push(QUERY);
    expect(replies(due, 'TDCTDCZ')).toEqual([...'TDCTDCZ'].map(() => KEEP));
    expect(replies(due, 'CZ')).toEqual(passes('CZ'));
  });

  test('an error of an injected Query is told apart, and does not drop the client’s messages', () => {
    const due = sent();
    due.push(QUERY, SKIP);
    due.push(PARSE);
    due.push(SYNC);
    expect(replies(due, 'EZ1Z')).toEqual([INJECTED_ERROR, KEEP, PASS, PASS]);
  });

  test('an error of an injected Parse is the client’s: its own statement failed', () => {
    const due = sent();
    due.push(PARSE, SKIP);
    due.push(BIND);
    due.push(SYNC);
    expect(replies(due, 'EZ')).toEqual([PASS, PASS]);
  });

  test('a fake is taken when its turn comes, and not before', () => {
    const due = sent(BIND);
    due.push(PARSE, FAKE);
    due.push(CLOSE, FAKE);
    due.push(SYNC);
    expect(due.takeFake()).toBe(0);
    replies(due, '2');
    expect([due.takeFake(), due.takeFake(), due.takeFake()]).toEqual([PARSE, CLOSE, 0]);
    expect(replies(due, 'Z')).toEqual([PASS]);
  });

  test('owesClient says whether the client waits for anything', () => {
    const due = sent();
    expect(due.owesClient).toBe(false);
    due.push(QUERY, SKIP);
    expect(due.owesClient).toBe(false);
    due.push(SYNC);
    expect(due.owesClient).toBe(true);
  });
});

describe('Expected during COPY FROM STDIN', () => {
  test('is empty after ReadyForQuery of a simple COPY, although CopyDone was sent behind it', () => {
    const due = sent(QUERY);
    replies(due, 'G');
    due.push(COPY_END);
    expect(replies(due, 'CZ')).toEqual(passes('CZ'));
    expect([due.isEmpty, due.length]).toEqual([true, 0]);
  });

  test('swallows a Sync that was sent before the COPY began', () => {
    const due = sent(PARSE, BIND, EXECUTE, SYNC);
    replies(due, '12G');
    expect(due.length).toBe(1);
    due.push(COPY_END);
    due.push(SYNC);
    expect(replies(due, 'CZ')).toEqual(passes('CZ'));
    expect(due.isEmpty).toBe(true);
  });

  test('swallows a Sync that is sent while the data goes', () => {
    const due = sent(EXECUTE);
    replies(due, 'G');
    due.push(SYNC);
    due.push(SYNC);
    expect(due.length).toBe(1);
    due.push(COPY_END);
    due.push(SYNC);
    expect(replies(due, 'CZ')).toEqual(passes('CZ'));
  });

  test('keeps the Sync behind the data of a pipeline that was sent at once', () => {
    const due = sent(PARSE, BIND, EXECUTE, SYNC, COPY_END, SYNC, QUERY);
    expect(replies(due, '12GCZCZ')).toEqual(passes('12GCZCZ'));
    expect(due.isEmpty).toBe(true);
  });

  test('drops to the Sync behind the data when the data is bad', () => {
    const due = sent(EXECUTE, SYNC, COPY_END, SYNC);
    expect(replies(due, 'GEZ')).toEqual(passes('GEZ'));
    expect(due.isEmpty).toBe(true);
  });

  test('answers both Syncs when the COPY never began', () => {
    const due = sent(PARSE, BIND, EXECUTE, SYNC, COPY_END, SYNC);
    expect(replies(due, 'EZZ')).toEqual(passes('EZZ'));
    expect(due.isEmpty).toBe(true);
  });

  test('counts no end of data when nothing is due: the COPY has failed already', () => {
    const due = sent(QUERY);
    replies(due, 'GEZ');
    due.push(COPY_END);
    expect(due.isEmpty).toBe(true);
    due.push(QUERY);
    expect(replies(due, 'CZ')).toEqual(passes('CZ'));
  });

  test('takes a fake behind the end of the data', () => {
    const due = sent(EXECUTE);
    replies(due, 'G');
    due.push(COPY_END);
    due.push(CLOSE, FAKE);
    due.push(SYNC);
    replies(due, 'C');
    expect(due.takeFake()).toBe(CLOSE);
    expect(replies(due, 'Z')).toEqual([PASS]);
  });

  test('knows two COPYs in one simple Query', () => {
    const due = sent(QUERY);
    replies(due, 'G');
    due.push(COPY_END);
    replies(due, 'CG');
    due.push(COPY_END);
    expect(replies(due, 'CZ')).toEqual(passes('CZ'));
    expect(due.isEmpty).toBe(true);
  });

  test('owesClient does not count the end of the data', () => {
    const due = sent();
    due.push(QUERY, SKIP);
    due.push(COPY_END);
    expect(due.owesClient).toBe(false);
  });
});

test('Expected keeps its order when the ring grows, at any point of the ring', () => {
  for (let offset = 0; offset < 20; offset++) {
    const due = new Expected();
    for (let i = 0; i < offset; i++) {
      due.push(QUERY);
      replies(due, 'Z');
    }
    const a = statement('a');
    for (let i = 0; i < 50; i++) due.push(i % 2 === 0 ? PARSE : BIND, i % 4 === 0 ? SKIP : FORWARD);
    due.push(PARSE, FORWARD, a);
    expect(due.length).toBe(51);
    for (let i = 0; i < 50; i++)
      expect(replies(due, i % 2 === 0 ? '1' : '2')).toEqual([i % 4 === 0 ? KEEP : PASS]);
    expect(due.isPending(a)).toBe(true);
    replies(due, '1');
    expect([due.isPending(a), due.length]).toEqual([false, 0]);
  }
});

test('Expected.clear() forgets everything, a failure and a COPY too', () => {
  const due = sent(EXECUTE);
  replies(due, 'G');
  due.clear();
  due.push(SYNC);
  expect(due.length).toBe(1);
  due.push(PARSE);
  replies(due, 'ZE');
  due.clear();
  expect([due.isEmpty, due.isFailed]).toEqual([true, false]);
});
