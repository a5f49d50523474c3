// A doubly linked list whose links live in its items: to move an item costs no memory and no search.

/** What an item must carry. It is on at most one list at a time; `list` says on which. */
export interface Linked<T extends Linked<T>> {
  list: List<T> | undefined;
  previous: T | undefined;
  next: T | undefined;
}

export class List<T extends Linked<T>> {
  /** What SHOW prints as the state of everything on this list. */
  readonly name: string;
  #first: T | undefined;
  #last: T | undefined;
  #length = 0;

  constructor(name: string) {
    this.name = name;
  }

  get length(): number {
    return this.#length;
  }

  get first(): T | undefined {
    return this.#first;
  }

  get last(): T | undefined {
    return this.#last;
  }

  /** Appends the item, taking it off the list that it is on. */
  append(item: T): void {
    item.list?.remove(item);
    item.list = this;
    item.previous = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#length++;
  }

  /** Puts the item in front, taking it off the list that it is on. */
  prepend(item: T): void {
    item.list?.remove(item);
    item.list = this;
    item.next = this.#first;
    if (this.#first === undefined) this.#last = item;
    else this.#first.previous = item;
    this.#first = item;
    this.#length++;
  }

  /** Takes the item off this list; an item of another list is a programmer's error. */
  remove(item: T): void {
    if (item.list !== this)
      throw new Error(`an item is on ${item.list?.name ?? 'no list'}, not on ${this.name}`);
    if (item.previous === undefined) this.#first = item.next;
    else item.previous.next = item.next;
    if (item.next === undefined) this.#last = item.previous;
    else item.next.previous = item.previous;
    item.list = undefined;
    item.previous = undefined;
    item.next = undefined;
    this.#length--;
  }

  /** From first to last; the item at hand may be moved or removed during the walk, others may not. */
  *[Symbol.iterator](): Iterator<T> {
    let item = this.#first;
    while (item !== undefined) {
      const next: T | undefined = item.next;
      yield item;
      item = next;
    }
  }
}
