// The places of a log on this machine: what is opened as a logfile, and what is not.

import { afterAll, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNursery } from '../tests/harness/nursery.ts';
import { machinePlaces } from './log_places.ts';

const nursery = createNursery('log_places');
afterAll(() => nursery.close());

test('openFile() writes to the end of a file, and makes one that is not there', () => {
  const path = join(nursery.directory, 'agent.log');
  for (const line of ['one\n', 'two\n']) {
    const place = machinePlaces.openFile(path);
    expect(place.write(Buffer.from(line))).toBe(4);
    place.close();
  }
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  const device = machinePlaces.openFile('/dev/null');
  expect(device.write(Buffer.from('x'))).toBe(1);
  device.close();
});

test('openFile() does not wait at a pipe: one that nobody reads is refused, and one that is full takes no more', () => {
  const pipe = join(nursery.directory, 'pipe');
  expect(Bun.spawnSync(['mkfifo', pipe]).exitCode).toBe(0);
  // In a process of its own, which can be ended when it stands still.
  const script = join(nursery.directory, 'open.ts');
  const text = `
    import { machinePlaces } from ${JSON.stringify(join(import.meta.dir, 'log_places.ts'))};
    import { constants, openSync } from 'node:fs';
    const pipe = ${JSON.stringify(pipe)};
    const attempt = (step: () => void) => {
      try { step(); } catch (error) { console.log((error as Error).message); }
    };
    attempt(() => machinePlaces.openFile(pipe));
    openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    attempt(() => {
      const place = machinePlaces.openFile(pipe);
      for (;;) place.write(Buffer.alloc(65536));
    });`;
  writeFileSync(script, text);
  const { stdout } = Bun.spawnSync([process.execPath, script], { timeout: 4000 });
  const said = stdout.toString().trim().split('\n');
  expect(said).toEqual([expect.stringContaining('ENXIO'), expect.stringContaining('EAGAIN')]);
});
