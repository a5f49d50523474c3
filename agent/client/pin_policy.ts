// What an operator has decided for each reason to keep a server: keep it, refuse it, say it, or let it be.

import { AgentError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { Pool } from '../pool/pool.ts';
import { DEMANDS, type Effects, LOCKS, READS_SEQUENCE, type StatementEffects } from '../query/effects.ts';
import { PINS, type Pin } from '../state/pins.ts';
import { encodeNotice } from '../wire/server_messages.ts';
import type { Session } from './session.ts';

export type Policy = 'pin' | 'error' | 'warn' | 'ignore';

type PinSetting = Extract<keyof Settings, `pin_${string}`>;

/** Where there is none, the client keeps its server: nothing else would be right. */
const SETTING_OF: ReadonlyMap<Pin, PinSetting> = new Map<Pin, PinSetting>([
  ['advisory_lock', 'pin_advisory_locks'],
  ['temporary_object', 'pin_temporary_objects'],
  ['cursor', 'pin_cursors'],
  ['library', 'pin_libraries'],
  ['sequence', 'pin_sequences'],
]);

export function policyOf(pin: Pin, settings: Settings): Policy {
  const setting = SETTING_OF.get(pin);
  return setting === undefined ? 'pin' : (settings[setting] as Policy);
}

/** Bits of `Effects` that nobody looks at: asked for each text that leaves something. */
export class IgnoredBits {
  #settings: Settings | undefined;
  #bits = 0;

  of(settings: Settings): number {
    if (settings === this.#settings) return this.#bits;
    this.#settings = settings;
    this.#bits = 0;
    for (const { pin, bit } of PINS) if (policyOf(pin, settings) === 'ignore') this.#bits |= bit;
    return this.#bits;
  }
}

/** Its text is refused. */
function forbidden(pin: Pin): AgentError {
  return new AgentError('pin_forbidden', { pin: WORDS[pin], setting: SETTING_OF.get(pin)! });
}

/** The server was asked behind a statement, and has it: the client hears so before the answer to its next one. */
export function tellLeft({ connection, context, pool, pid }: Session, pin: Pin): void {
  const policy = policyOf(pin, context.settings);
  const fields = { pin: WORDS[pin], setting: SETTING_OF.get(pin)! };
  const { code, row, message } =
    policy === 'error' ? new AgentError('pin_taken_away', fields) : new AgentError('pin_not_kept', fields);
  connection.write(encodeNotice({ severity: 'WARNING', sqlstate: row.sqlstate, message }));
  const { name: database } = pool.database;
  context.log.warn({ client_pid: pid, database, user: pool.user, pin, code }, message);
}

/** It was told the number of a sequence, which its server may have of another client. */
export function tellShared({ connection, context, pool, pid }: Session): void {
  if (context.settings.pin_sequences !== 'warn') return;
  const { code, row, message } = new AgentError('sequence_shared', {});
  connection.write(encodeNotice({ severity: 'WARNING', sqlstate: row.sqlstate, message }));
  const { name: database } = pool.database;
  context.rareLog.warn({ client_pid: pid, database, user: pool.user, pin: 'sequence', code }, message);
}

/**
 * Why a text that says itself what it would leave is not sent. One that only may leave something is sent, and what it has left
 * is looked at.
 *
 * @param isPinned the client keeps its server already.
 */
export function refusalOf(
  effects: Effects,
  pool: Pool,
  isPinned: boolean,
  settings: Settings,
): AgentError | undefined {
  const isRead = effects.statements.length > 0;
  if (isRead && (effects.bits & READS_SEQUENCE) !== 0 && settings.pin_sequences === 'error')
    return forbidden('sequence');
  if (settings.pin_advisory_locks === 'error' && effects.statements.some(preparesLock))
    return forbidden('advisory_lock');
  if ((effects.bits & DEMANDS) === 0) return undefined;
  const max = settings.max_pinned;
  for (const { pin, bit } of PINS) {
    if ((effects.bits & bit) === 0 || pin === 'sequence') continue;
    const policy = policyOf(pin, settings);
    if (policy === 'error') return forbidden(pin);
    if (policy === 'pin' && !isPinned && max > 0 && pool.pinned >= max)
      return new AgentError('max_pinned', {
        pin: WORDS[pin],
        max,
        database: pool.database.name,
        user: pool.user,
      });
  }
  return undefined;
}

/** Of an EXECUTE the text does not say it. */
function preparesLock({ actions }: StatementEffects): boolean {
  return actions.some((action) => action.kind === 'prepare' && isLock(action.prepares?.bits ?? 0));
}

function isLock(bits: number): boolean {
  return (bits & LOCKS) !== 0 && (bits & DEMANDS) !== 0;
}

/** As a sentence says it. */
const WORDS: Readonly<Record<Pin, string>> = {
  advisory_lock: 'an advisory lock',
  temporary_object: 'a temporary object',
  cursor: 'a cursor WITH HOLD',
  library: 'a library or a connection of dblink',
  sequence: 'the numbers that currval() and lastval() tell',
  listen: 'a LISTEN',
  prepared_statement: 'a prepared statement',
};
