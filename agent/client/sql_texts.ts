// A text of several statements that speaks of prepared statements by name: the client's own are renamed in it; what it prepares itself is the server's.

import type { Effects } from '../query/effects.ts';
import * as names from '../state/client_statements.ts';
import { type ClientStatements, type Mention, mentionOf, type Shift } from '../state/client_statements.ts';
import type { Statement, StatementRegistry } from '../state/statements.ts';

export interface NamedText {
  readonly sql: Uint8Array;
  /** Must be on the server before it. */
  readonly needs: readonly Statement[];
  /** By the number of the statement in the text: what its DEALLOCATE ends. */
  readonly each: readonly (Mention | undefined)[];
  readonly effects: Effects;
  readonly shifts: readonly Shift[];
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly put: string;
}

/** Undefined: no name of the client's is in it. */
export function translateText(
  text: Uint8Array,
  effects: Effects,
  owner: ClientStatements,
  registry: StatementRegistry,
): NamedText | undefined {
  const edits: Edit[] = [];
  const needs = new Set<Statement>();
  const each: (Mention | undefined)[] = [];
  /** From their place in the text on they are not the client's any more. */
  const gone = new Set<string>();
  let bits = effects.bits;
  const statements = effects.statements.map((statement, i) => {
    let own = statement.bits;
    for (const action of statement.actions) {
      // For that one connection listens: see `listen_text.ts`.
      if (action.kind === 'listen') edits.push({ from: action.from, to: action.to, put: 'UNLISTEN' });
      if (action.kind !== 'prepare' && action.kind !== 'execute' && action.kind !== 'deallocate') continue;
      const known = gone.has(action.name) ? undefined : owner.find(action.name);
      if (known?.statement === undefined) {
        gone.add(action.name);
        continue;
      }
      const { statement: target } = known;
      // One that others use is not to be ended, and one that is there already not to be made.
      const isStandIn = action.kind === 'prepare' || (action.kind === 'deallocate' && !target.isOwn);
      const put = isStandIn ? registry.standIn : target;
      edits.push({ from: action.from, to: action.to, put: `"${put.name}"` });
      needs.add(put);
      if (action.kind === 'execute') own |= target.effects?.bits ?? 0;
      if (action.kind !== 'deallocate') continue;
      gone.add(action.name);
      each[i] = mentionOf(owner, names.DEALLOCATE, action.name, put.name, put);
    }
    bits |= own;
    return { bits: own, actions: statement.actions };
  });
  if (needs.size === 0) return undefined;
  const shifts = shiftsOf(edits);
  return {
    sql: edited(text, edits),
    needs: [...needs],
    each,
    effects: { ...effects, bits, statements },
    shifts,
  };
}

function shiftsOf(edits: readonly Edit[]): Shift[] {
  let grown = 0;
  return edits.map(({ from, to, put }) => {
    const shift = { at: from + grown, by: put.length - (to - from) };
    grown += shift.by;
    return shift;
  });
}

function edited(text: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { from, to, put } of edits) {
    pieces.push(text.subarray(at, from), Buffer.from(put, 'latin1'));
    at = to;
  }
  pieces.push(text.subarray(at));
  return new Uint8Array(Buffer.concat(pieces));
}

/** Of a text that was changed twice: each place as it is in the end. */
export function combined(first: readonly Shift[], second: readonly Shift[]): Shift[] {
  const moved = first.map(({ at, by }) => {
    let place = at;
    for (const shift of second) if (shift.at < place) place += shift.by;
    return { at: place, by };
  });
  return [...moved, ...second].sort((a, b) => a.at - b.at);
}
