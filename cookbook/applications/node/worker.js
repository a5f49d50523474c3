// How a worker says what it found: JSON, a line for each check; where it meets the others, it waits for a line until all are there.

import { createInterface } from 'node:readline';

export const ROUNDS = 10;
export const me = Number(process.env.WORKER);
export const workers = Number(process.env.WORKERS);

const wanted = process.env.CHECKS.split(' ');
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Reports what `act` gives, or how it failed; either way the next one comes. */
export async function check(name, act) {
  if (!wanted.includes(name)) return;
  try {
    say({ check: name, value: (await act()) ?? null });
  } catch (error) {
    say({ check: name, failure: String(error?.stack ?? error) });
  }
}

export async function meet(name) {
  say({ meet: name });
  if ((await lines.next()).done) process.exit(1);
}

/** The last meeting; nothing keeps the process after it. */
export async function end(close) {
  await meet('end');
  await close();
  await lines.return();
  process.stdin.destroy();
}

/** `code` of the error, which both drivers have; throws when it goes well. */
export async function stateOf(promise) {
  const error = await promise.then(
    () => new Error('It went well'),
    (failure) => failure,
  );
  if (error.code === undefined && error.driverError === undefined) throw error;
  return error.code ?? error.driverError.code;
}

export const distinct = (values) => [...new Set(values)].sort();

/** What is told, as `count` come in, by whoever listens. */
export function inbox() {
  const heard = [];
  let wake = () => {};
  return {
    hear(channel, payload) {
      heard.push(`${channel}: ${payload}`);
      wake();
    },
    async wait(count) {
      const patience = setTimeout(() => wake(), 20_000);
      const until = Date.now() + 20_000;
      while (heard.length < count && Date.now() < until) {
        await new Promise((resolve) => {
          wake = resolve;
        });
      }
      clearTimeout(patience);
      return [...heard].sort();
    },
  };
}

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
