// Reads until when a password is valid: a day or a moment, as PostgreSQL's VALID UNTIL is written, with its zone said.

const WRITTEN =
  /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(?::(\d{2})(?:\.\d{1,6})?)? ?(Z|[+-]\d{2}(?::?\d{2})?))?$/;

export const VALID_UNTIL_EXPECTED =
  'a day (2027-01-31, its beginning by UTC), a moment with its zone (2027-01-31 12:00:00+00), or infinity';

/** ISO 8601 by UTC; '' for infinity; undefined when it is none of those. */
export function readValidUntil(text: string): string | undefined {
  if (text.toLowerCase() === 'infinity') return '';
  const match = WRITTEN.exec(text.trim());
  if (match === null) return undefined;
  const [, day = '', time = '00:00', seconds = '00', zone = 'Z'] = match;
  const [, hours, minutes = '00'] = /^([+-]\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  const at = Date.parse(`${day}T${time}:${seconds}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
  // 31 February would become a day of March.
  const isDay = !Number.isNaN(at) && isoOf(Date.parse(`${day}T00:00:00Z`))?.startsWith(day);
  return isDay ? isoOf(at) : undefined;
}

function isoOf(at: number): string | undefined {
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
