// Lists: an item is on one list at a time, and moving it keeps both ends and the length true.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Linked, List } from './list.ts';

class Item implements Linked<Item> {
  list: List<Item> | undefined;
  previous: Item | undefined;
  next: Item | undefined;
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

function names(list: List<Item>): string {
  return [...list].map(({ name }) => name).join('');
}

test('List keeps the order in which items are appended and prepended', () => {
  const list = new List<Item>('idle');
  list.append(new Item('b'));
  list.append(new Item('c'));
  list.prepend(new Item('a'));
  expect(names(list)).toBe('abc');
  expect([list.first?.name, list.last?.name, list.length]).toEqual(['a', 'c', 3]);
});

test('List.append() takes the item off the list that it was on', () => {
  const [idle, active] = [new List<Item>('idle'), new List<Item>('active')];
  const item = new Item('a');
  idle.append(item);
  active.append(item);
  expect([idle.length, idle.first, idle.last]).toEqual([0, undefined, undefined]);
  expect(item.list).toBe(active);
  idle.prepend(item);
  expect([active.length, names(idle)]).toEqual([0, 'a']);
});

test('List.append() of an item of its own moves it to the end', () => {
  const list = new List<Item>('idle');
  const items = ['a', 'b', 'c'].map((name) => new Item(name));
  for (const item of items) list.append(item);
  list.append(items[0]!);
  expect(names(list)).toBe('bca');
  list.prepend(items[2]!);
  expect(names(list)).toBe('cba');
});

test('List.remove() refuses an item of another list, and one of none', () => {
  const [idle, active] = [new List<Item>('idle'), new List<Item>('active')];
  const item = new Item('a');
  expect(() => idle.remove(item)).toThrow('an item is on no list, not on idle');
  active.append(item);
  expect(() => idle.remove(item)).toThrow('an item is on active, not on idle');
  expect(active.length).toBe(1);
});

test('List can be walked while the item at hand is moved to another list', () => {
  const [idle, active] = [new List<Item>('idle'), new List<Item>('active')];
  for (const name of 'abcd') idle.append(new Item(name));
  for (const item of idle) if (item.name !== 'c') active.append(item);
  expect([names(idle), names(active)]).toEqual(['c', 'abd']);
});

test('List agrees with arrays, whatever is done', () => {
  const action = fc.tuple(fc.constantFrom('append', 'prepend', 'remove'), fc.nat(4), fc.nat(1));
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const lists = [new List<Item>('one'), new List<Item>('other')];
      const arrays: Item[][] = [[], []];
      const items = [...'abcde'].map((name) => new Item(name));
      for (const [what, which, where] of actions) {
        const item = items[which]!;
        if (what === 'remove') item.list?.remove(item);
        else lists[where]![what as 'append' | 'prepend'](item);
        for (const array of arrays) if (array.includes(item)) array.splice(array.indexOf(item), 1);
        if (what === 'append') arrays[where]!.push(item);
        if (what === 'prepend') arrays[where]!.unshift(item);
        for (const [i, list] of lists.entries()) {
          expect([...list]).toEqual(arrays[i]!);
          expect([list.first, list.last, list.length]).toEqual([
            arrays[i]![0],
            arrays[i]!.at(-1),
            arrays[i]!.length,
          ]);
        }
      }
    }),
    { numRuns: 60 },
  );
});
