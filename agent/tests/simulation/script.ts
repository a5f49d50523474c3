// What a simulated client says next: units of the protocol that belong together, of every kind, at random.

import * as say from '../harness/client_words.ts';
import type { Random } from './random.ts';

/** What a unit is made from. */
export interface Speaker {
  readonly random: Random;
  /** A tag that nobody else has. */
  tag(): string;
  /** Named statements that it has prepared. */
  readonly names: readonly string[];
  /** Transactions are refused here. */
  readonly single: boolean;
  /** It asked for nothing at its start, so that RESET means the same on every server. */
  readonly plain: boolean;
  /** The statement without a name may be bound again: it is no COPY, whose data would be missing. */
  reusesUnnamed: boolean;
  /** Says also what the agent is known to answer otherwise: see known_problems.ts. */
  readonly isStrict: boolean;
  /** Statements may have names. */
  readonly mayPrepare: boolean;
  /** Much of what it asks takes long enough to be cancelled. */
  readonly isImpatient: boolean;
}

/** Sent one after the other; the client waits for the answers between two of them. */
export type Unit = readonly (readonly Uint8Array[])[];

/** Texts that clients prepare, and so share. */
export const PREPARED: readonly string[] = [
  ...['rows 2 4 @$1', 'rows 9 30 @$1', 'fail @$1', 'notice @$1', 'rows 1 0 @$1'],
  ...['lock b @$1', 'sleep 40 @$1', 'copyout 2 @$1', 'rows 40 200 @$1', 'cols @$1', 'cols @$1'],
];

const SETTABLE: readonly (readonly [string, readonly string[]])[] = [
  ['application_name', ['one', 'two', 'three']],
  ['TimeZone', ['Etc/UTC', 'Europe/Vienna']],
  ['search_path', ['public', 'audit', 'public, audit']],
  ['statement_timeout', ['0', '5000']],
  ['lock_timeout', ['0', '700']],
];

const { sync, flush, query, parse, bind, describe, execute } = say;

export function statement(speaker: Speaker): string {
  const { random } = speaker;
  const tag = `@${speaker.tag()}`;
  if (speaker.isImpatient && random.chance(0.6)) return `sleep ${random.between(20, 90)} ${tag}`;
  switch (random.below(16)) {
    case 0:
      return `fail ${tag}`;
    case 1:
      return `notice ${tag}`;
    case 2:
      return `lock ${random.pick(['a', 'b', 'c'])} ${tag}`;
    case 3:
      return `sleep ${random.between(1, 90)} ${tag}`;
    case 4:
      return `copyout ${random.below(4)} ${tag}`;
    case 5:
      return `show ${random.pick(SETTABLE)[0]} ${tag}`;
    case 6:
      return '';
    case 7: {
      const [name, values] = random.pick(SETTABLE);
      return `set ${name} ${random.pick(values)}`;
    }
    case 8:
      return speaker.plain ? `reset ${random.pick(SETTABLE)[0]}` : `rows 1 0 ${tag}`;
    case 10:
      return random.chance(0.6) ? 'alter' : `cols ${tag}`;
    case 11:
      if (speaker.single) return `rows 1 3 ${tag}`;
      return `${random.chance(0.35) ? 'hold' : 'drop'} ${random.pick(['x', 'y'])} ${tag}`;
    case 9:
      return `rows ${random.between(5, 60)} ${random.pick([0, 10, 300])} ${tag}`;
    default:
      return `rows ${random.below(4)} ${random.below(20)} ${tag}`;
  }
}

/** Something that may be said in any state of a transaction. */
export function work(speaker: Speaker): Unit {
  const { random } = speaker;
  if (speaker.mayPrepare && random.chance(0.1)) return careless(speaker);
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      return [[query(statement(speaker))]];
    case 3: {
      const all = Array.from({ length: random.between(2, 4) }, () => statement(speaker));
      return [[query(all.join('; '))]];
    }
    case 4:
      return copyIn(speaker);
    case 5:
      return [pipeline(speaker), []];
    case 6:
      return portals(speaker);
    case 7:
      return flushed(speaker);
    case 8:
      return [[sync]];
    default:
      return [extended(speaker)];
  }
}

/** What concerns the names of statements, and goes wrong more often than not. */
function careless(speaker: Speaker): Unit {
  const { random, names } = speaker;
  const name = names.length > 0 ? random.pick(names) : 's1';
  const anew = parse(name, textFor(speaker));
  const use = [bind(name, '', [speaker.tag()]), execute()];
  switch (random.below(9)) {
    case 0:
      // The name is taken.
      return [
        [anew, ...use, sync],
        [...use, sync],
      ];
    case 1:
      // An error takes the Close and the Parse with it.
      return [
        [bind('nothing'), say.close('S', name), anew, sync],
        [...use, sync],
      ];
    case 2:
      return [sql(speaker, 'deallocate all'), [...use, sync], [anew, sync]];
    case 3:
    case 4:
      return [sql(speaker, `deallocate ${name}`), [...use, sync], [anew, ...use, sync]];
    case 5:
      // Nothing of what a stranger has left there.
      return [[query(statement(speaker))], [bind('', '', [speaker.tag()]), execute(), sync]];
    case 6:
      if (speaker.single) return [[query('deallocate nothing')]];
      // A failed transaction takes no Parse, whoever has it already.
      return [
        [query(`begin; fail @${speaker.tag()}`)],
        [say.close('S', name), anew, sync],
        [query('rollback')],
        [anew, sync],
      ];
    case 7:
      // A table changes under its statement: whoever asks for the columns hears of the new ones.
      return [
        [say.close('S', name), parse(name, 'cols @$1'), sync],
        [query('alter')],
        [bind(name, '', [speaker.tag()]), describe('P', ''), execute(), sync],
      ];
    default:
      return speaker.plain ? [sql(speaker, 'discard all'), [...use, sync], [anew, sync]] : [[...use, sync]];
  }
}

/** In one of the ways to say it. */
function sql(speaker: Speaker, text: string): Uint8Array[] {
  if (speaker.random.chance(0.5)) return [query(text)];
  speaker.reusesUnnamed = false;
  const asks = speaker.random.chance(0.5) ? [describe('P', '')] : [];
  return [parse('', text), bind('', '', []), ...asks, execute(), sync];
}

/** Parse (or not), Bind, Execute, with or without Describe; one Sync. */
function extended(speaker: Speaker): Uint8Array[] {
  return [...steps(speaker), sync];
}

/** @param isBehind something that may fail, and take a Parse with it. */
function steps(speaker: Speaker, isBehind = false): Uint8Array[] {
  const { random, names } = speaker;
  const out: Uint8Array[] = [];
  const isNamed = names.length > 0 && random.chance(0.6);
  const name = isNamed ? random.pick(names) : '';
  const reuses = speaker.reusesUnnamed && (speaker.isStrict || !isBehind);
  if (!isNamed && (!reuses || random.chance(0.9))) {
    speaker.reusesUnnamed = true;
    const sql = random.chance(0.05) ? `syntax @${speaker.tag()}` : textFor(speaker);
    out.push(parse('', sql));
  }
  if (random.chance(0.3)) out.push(describe('S', name));
  if (random.chance(0.04)) out.push(bind('nothing', '', [speaker.tag()]));
  const turns = random.chance(0.15) ? 3 : 1;
  for (let i = 0; i < turns; i++) {
    out.push(bind(name, '', [speaker.tag()]));
    if (random.chance(0.3)) out.push(describe('P', ''));
    if (random.chance(0.95)) out.push(execute('', random.chance(0.2) ? 2 : 0));
    if (random.chance(0.1)) out.push(say.close('P', ''));
  }
  return out;
}

/** With a tag that comes in Bind, so that the text is one that others have too. */
function textFor(speaker: Speaker): string {
  return speaker.random.pick(PREPARED);
}

/** Several Syncs without waiting, with errors anywhere. */
function pipeline(speaker: Speaker): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let i = speaker.random.between(2, 5); i > 0; i--) {
    out.push(...steps(speaker, true));
    if (speaker.random.chance(0.3)) out.push(flush);
    if (speaker.random.chance(0.5)) out.push(sync);
    if (speaker.random.chance(0.1)) out.push(sync, query(statement(speaker)));
  }
  out.push(sync);
  return out;
}

/** A portal that is read bit by bit, with Flush between. */
function portals(speaker: Speaker): Unit {
  const { random } = speaker;
  const name = random.pick(['', 'p1']);
  const max = random.between(1, 4);
  const begin = [parse('', 'rows 9 30 @$1'), bind('', name, [speaker.tag()]), execute(name, max), flush];
  const more = Array.from({ length: random.below(4) }, () => [execute(name, max), flush]);
  return [begin, ...more, [...(random.chance(0.5) ? [say.close('P', name)] : []), sync]];
}

/** Flush without Sync: the answer comes, and the transaction stays open until the Sync. */
function flushed(speaker: Speaker): Unit {
  return [
    [...steps(speaker), flush],
    ...(speaker.random.chance(0.5) ? [[...steps(speaker, true), flush]] : []),
    [sync],
  ];
}

function copyIn(speaker: Speaker): Unit {
  const { random } = speaker;
  const tag = `@${speaker.tag()}`;
  const data = Array.from({ length: random.below(6) }, (_, i) =>
    say.copyData(random.chance(0.05) ? 'bad' : `${i} ${'x'.repeat(random.below(200))}\n`),
  );
  const end = random.chance(0.3) ? say.copyFail('changed my mind') : say.copyDone;
  const isExtended = random.chance(0.4);
  if (isExtended) speaker.reusesUnnamed = false;
  const begin = isExtended
    ? [parse('', `copyin ${tag}`), bind('', '', []), execute('')]
    : [query(random.chance(0.2) ? `copyin ${tag}; ${statement(speaker)}` : `copyin ${tag}`)];
  // As libpq, which sends Sync behind Execute at once and another one behind the data; or as pgjdbc, which sends one.
  const isLibpq = isExtended && random.chance(0.5);
  if (random.chance(0.5)) {
    return [
      [...begin, ...(isLibpq ? [sync] : isExtended ? [flush] : [])],
      [...data, end, ...(isExtended ? [sync] : [])],
    ];
  }
  return [[...begin, ...(isLibpq ? [sync] : []), ...data, end, ...(isExtended ? [sync] : [])]];
}

/** A transaction, all at once or bit by bit. */
export function transaction(speaker: Speaker): Unit {
  const { random } = speaker;
  const units = Array.from({ length: random.between(1, 3) }, () => {
    // What comes before it is a Query, or may fail.
    speaker.reusesUnnamed &&= speaker.isStrict;
    return work(speaker);
  });
  const begin = [query('begin')];
  const end = [query(random.chance(0.7) ? 'commit' : 'rollback')];
  if (random.chance(0.3) && units.every((unit) => unit.length === 1))
    return [[...begin, ...units.flatMap((unit) => unit[0]!), ...end]];
  return [begin, ...units.flat(), end];
}
