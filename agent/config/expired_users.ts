// Passwords that let nobody in any more by their valid_until: the others are served all the same, and this is told.

import { type Problem, problem } from '../base/errors.ts';
import type { UserSettings } from './settings.ts';

/** @param nowMs since 1970; undefined where nobody knows. */
export function expiredUsers(
  users: Readonly<Record<string, UserSettings>>,
  nowMs: number | undefined,
): Problem[] {
  if (nowMs === undefined) return [];
  return Object.values(users)
    .filter(({ validUntil }) => validUntil !== undefined && Date.parse(validUntil) <= nowMs)
    .map(({ name, validUntil = '', origin }) => {
      const danger = 'its password has let nobody in since then; write a later day, or take the user away';
      const details = { setting: `valid_until of user "${name}"`, value: validUntil, danger };
      return problem('warning', 'setting_weak', details, origin);
    });
}
