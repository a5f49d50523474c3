// LoginDeadlines: each login at its own time, in whatever order they came and left.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { List } from '../base/list.ts';
import { FakeClock } from '../tests/harness/fake_clock.ts';
import { type Deadlined, LoginDeadlines } from './login_deadlines.ts';

class Attempt implements Deadlined {
  list: List<Deadlined> | undefined;
  previous: Deadlined | undefined;
  next: Deadlined | undefined;
  readonly deadline: number;
  endedAt: number | undefined;
  readonly #end: (attempt: Attempt) => void;

  constructor(deadline: number, end: (attempt: Attempt) => void) {
    this.deadline = deadline;
    this.#end = end;
  }

  onDeadline(): void {
    this.#end(this);
  }
}

test('LoginDeadlines rings for each login at its deadline, and for none that has ended', () => {
  const logins = fc.array(
    fc.record({ start: fc.nat(50), allowed: fc.integer({ min: 1, max: 50 }), needs: fc.nat(60) }),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(logins, (plan) => {
      const clock = new FakeClock();
      const start = clock.now();
      const deadlines = new LoginDeadlines(clock);
      const attempts = plan.map(({ start: after, allowed, needs }) => {
        const attempt = new Attempt(start + after + allowed, (late) => {
          late.endedAt = clock.now() - start;
          deadlines.remove(late);
        });
        clock.after(after, () => deadlines.add(attempt));
        if (needs < allowed) clock.after(after + needs, () => deadlines.remove(attempt));
        return attempt;
      });
      for (let i = 0; i < 120; i++) clock.advance(1);
      expect(attempts.map(({ endedAt }) => endedAt)).toEqual(
        plan.map(({ start: after, allowed, needs }) => (needs < allowed ? undefined : after + allowed)),
      );
    }),
  );
});
