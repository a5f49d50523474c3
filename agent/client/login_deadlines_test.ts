// LoginDeadlines: each login at its own time, in whatever order they came and left.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { AgentError } from '../base/errors.ts';
import type { List } from '../base/list.ts';
import { startup } from '../tests/harness/client_words.ts';
import { dataPlane } from '../tests/harness/data_plane.ts';
import { FakeClock } from '../tests/harness/fake_clock.ts';
import { FakeConnection } from '../tests/harness/fake_connection.ts';
import { type Deadlined, LoginDeadlines } from './login_deadlines.ts';

const HELLO = startup({ user: 'idp_app', database: 'idp' });

class Attempt implements Deadlined {
  list: List<Deadlined> | undefined;
  previous: Deadlined | undefined;
  next: Deadlined | undefined;
  readonly deadline: number;
  readonly connection = new FakeConnection();
  endedAt: number | undefined;
  readonly #end: (attempt: Attempt) => void;

  constructor(deadline: number, end: (attempt: Attempt) => void) {
    this.deadline = deadline;
    this.#end = end;
  }

  onDeadline(): void {
    this.#end(this);
  }

  onShutdown(): void {}
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

test('the end of the agent is told to everybody who is logging in, whether he has said something yet or not', async () => {
  const plane = await dataPlane();
  const [silent, late] = [plane.accept(), plane.accept()];
  plane.context.loginDeadlines.shutDown(new AgentError('agent_stopping'));
  plane.context.accepting = false;
  const after = plane.accept();
  for (const client of [late, after]) client.says(HELLO);
  const told = ['FATAL 57P01 pooler is shutting down: pgsidecar takes no new connections'];
  expect([silent.heard(), late.heard(), after.heard()]).toEqual([told, told, told]);
  expect(plane.context.clients.logins).toBe(0);
});
