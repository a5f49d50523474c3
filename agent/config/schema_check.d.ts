// The shape of schema_check.js, which ajv writes.

import type { ErrorObject } from 'ajv';

export declare const validate: {
  (written: unknown): boolean;
  /** Of the last call; null when that found nothing. */
  readonly errors?: readonly Pick<ErrorObject, 'keyword' | 'instancePath' | 'params'>[] | null;
};
