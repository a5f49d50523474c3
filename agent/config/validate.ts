// Holds what was written against the JSON Schema: unknown keys, wrong types, things that are no mapping, all at once.

import type { ErrorObject } from 'ajv';
import { validate } from './schema_check.js';

/** Where in the tree something is wrong; what to say about it is decided by who knows the rows and the lines. */
export interface Fault {
  readonly path: readonly string[];
  /** `unknown`: the last word of the path is no key there. `shape`: its value is not of the right kind. */
  readonly kind: 'unknown' | 'shape';
}

/** Each fault once, in the order of the tree. */
export function faultsOf(written: unknown): readonly Fault[] {
  if (validate(written)) return [];
  const faults = new Map<string, Fault>();
  for (const error of validate.errors ?? []) {
    const fault = faultOf(error);
    const key = JSON.stringify(fault.path);
    if (!faults.has(key)) faults.set(key, fault);
  }
  return [...faults.values()];
}

function faultOf(error: Pick<ErrorObject, 'keyword' | 'instancePath' | 'params'>): Fault {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  if (error.keyword !== 'additionalProperties') return { path, kind: 'shape' };
  return { path: [...path, String(error.params.additionalProperty)], kind: 'unknown' };
}

/** RFC 6901, section 4. */
function unescapePointer(word: string): string {
  return word.replaceAll('~1', '/').replaceAll('~0', '~');
}
