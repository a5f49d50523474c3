// The poolers of a bench: started when a workload wants them, and kept for those that want the same.

import { type Backend, type Pooler, startPgbouncer, startPgsidecar, type Variant } from './poolers.ts';
import { WORKLOADS, type Workload } from './workloads.ts';

export interface Pair {
  readonly ours: Pooler;
  readonly theirs: Pooler;
}

export class Pairs {
  readonly #backend: Backend;
  readonly #started = new Map<string, Promise<Pooler>>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async of(workload: Workload): Promise<Pair> {
    const { authType, secret } = variantOf(workload);
    const ours = this.#once(authType, () => startPgsidecar(this.#backend, authType));
    const theirs = this.#once(`${authType} by ${secret}`, () =>
      startPgbouncer(this.#backend, { authType, secret }),
    );
    return { ours: await ours, theirs: await theirs };
  }

  /** Those that ran the first workload. */
  first(): Promise<Pair> {
    return this.of(WORKLOADS[0]!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pooler of this.#started.values()) await (await pooler).stop();
  }

  #once(name: string, start: () => Promise<Pooler>): Promise<Pooler> {
    const pooler = this.#started.get(name) ?? start();
    this.#started.set(name, pooler);
    return pooler;
  }
}

function variantOf({ authType, pgbouncerSecret }: Workload): Variant {
  return { authType: authType ?? 'scram-sha-256', secret: pgbouncerSecret ?? 'verifier' };
}
