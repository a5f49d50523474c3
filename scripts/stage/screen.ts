// What demo and dev print: numbered steps, what was run, what came back, and whether it was as promised.

export interface Screen {
  step(title: string): void;
  /** A command as one would type it. */
  command(line: string): void;
  /** Text that came from somewhere, line by line. */
  output(text: string): void;
  note(text: string): void;
  /** A promise kept, or the end: throws when `held` is false. */
  promise(held: boolean, sentence: string): void;
}

export class BrokenPromise extends Error {}

export function makeScreen(colours: boolean): Screen {
  const paint = (code: number, text: string) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);
  const state = { step: 0 };
  return {
    step(title) {
      state.step++;
      console.log(`\n${paint(1, `${state.step}. ${title}`)}`);
    },
    command: (line) => console.log(`   ${paint(36, `$ ${line}`)}`),
    output(text) {
      for (const line of text.trimEnd().split('\n')) console.log(`   ${paint(2, '│')} ${line}`.trimEnd());
    },
    note: (text) => console.log(`   ${text}`),
    promise(held, sentence) {
      console.log(`   ${held ? paint(32, '✓') : paint(31, '✗')} ${sentence}`);
      if (!held) throw new BrokenPromise(sentence);
    },
  };
}

/** Asks again until it holds; the last answer when the time is up. */
export async function eventually(
  holds: () => Promise<boolean> | boolean,
  timeoutMs = 10_000,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (await holds()) return true;
    await Bun.sleep(20);
  }
  return await holds();
}
