// The queue of what is not answered: first in, first out, however it wraps and grows, and in the order of what is left.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Entries } from './entries.ts';

test('Entries does what an array would do', () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 255 }) }),
    fc.constant('pop' as const),
    fc.record({ recode: fc.nat(40), code: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ takeOut: fc.nat(5), length: fc.nat(20), modulo: fc.integer({ min: 2, max: 4 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const entries = new Entries();
      let model: number[] = [];
      for (const each of steps) {
        if (each === 'pop') {
          if (model.length === 0) continue;
          entries.pop();
          model.shift();
        } else if ('push' in each) {
          entries.push(each.push, undefined, undefined);
          model.push(each.push);
        } else if ('recode' in each) {
          if (each.recode >= model.length) continue;
          entries.recode(each.recode, each.code);
          model[each.recode] = each.code;
        } else {
          const isOut = (code: number): boolean => code % each.modulo === 0;
          const from = Math.min(each.takeOut, model.length);
          const to = Math.min(from + each.length, model.length);
          const kept = model.filter((code, i) => i < from || i >= to || !isOut(code));
          expect(entries.takeOut(from, to, isOut)).toBe(model.length - kept.length);
          model = kept;
        }
        expect(entries.count).toBe(model.length);
        expect(model.map((_, i) => entries.code(i))).toEqual(model);
      }
    }),
  );
});
