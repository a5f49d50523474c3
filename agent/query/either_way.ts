// What a text leaves, where it is not known how the server will read it: by which standard_conforming_strings, in which encoding.

import {
  type Action,
  ADVANCING,
  type Effects,
  NOTHING,
  SETTINGS,
  type StatementEffects,
  UNREAD,
} from './effects.ts';

const NOT_ASCII = /[^\0-\x7f]/u;

/** Of two readings of the same text: which settings it changes is certain where they agree in it, though not to what. */
export function eitherWay(one: Effects, other: Effects): Effects {
  if (one === other) return one;
  if (isShared(one) || isShared(other) || one.statements.length !== other.statements.length) return UNREAD;
  const statements: StatementEffects[] = [];
  for (const [i, statement] of one.statements.entries()) {
    const both = eitherStatement(statement, other.statements[i]!);
    if (both === undefined) return UNREAD;
    statements.push(both);
  }
  return withStatements(one, statements);
}

/** Of a text that is not in UTF-8: its letters are not what they were taken for. */
export function inAnyEncoding(effects: Effects): Effects {
  if (isShared(effects)) return effects;
  return withStatements(
    effects,
    effects.statements.map((statement) => uncertain(statement, (action) => NOT_ASCII.test(written(action)))),
  );
}

/** Where the statements were not told apart. */
function isShared(effects: Effects): boolean {
  return effects === NOTHING || effects === ADVANCING || effects === UNREAD;
}

function withStatements(effects: Effects, statements: readonly StatementEffects[]): Effects {
  let { bits } = effects;
  for (const each of statements) bits |= each.bits;
  return { ...effects, bits, statements };
}

function eitherStatement(one: StatementEffects, other: StatementEffects): StatementEffects | undefined {
  const { actions } = one;
  if (one.bits !== other.bits || actions.length !== other.actions.length) return undefined;
  for (const [i, action] of actions.entries()) {
    const twin = other.actions[i]!;
    const isSame = isChange(action) && isChange(twin) ? action.name === twin.name : isEqual(action, twin);
    if (action.kind !== twin.kind || !isSame) return undefined;
  }
  return uncertain(one, (action) => !isEqual(action, other.actions[actions.indexOf(action)]!));
}

function uncertain(statement: StatementEffects, isUncertain: (action: Action) => boolean): StatementEffects {
  const actions = statement.actions.map(
    (action): Action =>
      isChange(action) && isUncertain(action) ? { kind: 'change', name: action.name } : action,
  );
  const isAny = actions.some((action, i) => action !== statement.actions[i]);
  return isAny ? { ...statement, bits: statement.bits | SETTINGS, actions } : statement;
}

function isChange(action: Action): action is Extract<Action, { kind: 'set' | 'config' }> {
  return action.kind === 'set' || action.kind === 'config';
}

function written(action: Action): string {
  if (action.kind === 'config') return action.value;
  return action.kind === 'set' ? action.values.join() : '';
}

function isEqual(one: Action, other: Action): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
