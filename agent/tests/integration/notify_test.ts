// What systemd hears: every state through libsystemd and through our own datagram, by path and by abstract name.

import { afterAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { createNursery } from '../harness/nursery.ts';

const nursery = createNursery('notify');
afterAll(() => nursery.close());

const ROOT = join(import.meta.dir, '../../..');

/** A datagram socket as systemd's; prints each message as a line of JSON. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
address = sys.argv[1]
s.bind('\\0' + address[1:] if address[0] == '@' else address)
print('bound', flush=True)
while True:
    message = s.recv(65536).decode()
    print(json.dumps(message), flush=True)
    if message == 'STOPPING=1': break
`;

/** Says everything once; counts what went through libsystemd. */
const SENDER = `
import { silentLog } from '${ROOT}/agent/base/log.ts';
import { makeNotifier } from '${ROOT}/agent/daemon/notify.ts';
import { openLibc } from '${ROOT}/agent/native/libc.ts';
import { monotonicMicroseconds } from '${ROOT}/agent/native/monotonic.ts';
import { openSystemd } from '${ROOT}/agent/native/systemd.ts';
const libc = openLibc();
const library = process.argv.at(-1) === 'libsystemd' ? openSystemd() : undefined;
let calls = 0;
const systemd = library && { sd_notify: (unset, state) => { calls++; return library.sd_notify(unset, state); } };
const warnings = [];
const log = { ...silentLog, warn: (fields) => warnings.push(fields) };
const before = monotonicMicroseconds(libc);
const notifier = makeNotifier(process.env, { pid: process.pid, libc, systemd, log });
notifier.status('waiting for\\nthe first client');
notifier.ready();
notifier.reloading();
notifier.ready();
notifier.watchdog();
notifier.mainPid(process.pid);
notifier.stopping();
const after = monotonicMicroseconds(libc);
console.log(JSON.stringify({ calls, warnings, pid: process.pid, before: String(before), after: String(after), interval: notifier.watchdogIntervalMs }));
`;

interface Heard {
  readonly messages: readonly string[];
  readonly sender: {
    readonly calls: number;
    readonly warnings: readonly unknown[];
    readonly pid: number;
    readonly before: string;
    readonly after: string;
    readonly interval: number | null;
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

async function hear(address: string, through: 'libsystemd' | 'datagram'): Promise<Heard> {
  const receiver = nursery.spawn(['python3', '-c', RECEIVER, address], {
    output: 'pipe',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  });
  const lines = linesOf(receiver.stdout as ReadableStream<Uint8Array>);
  expect((await lines.next()).value).toBe('bound');
  const sender = nursery.spawn([process.execPath, '-e', SENDER, through], {
    output: 'pipe',
    env: { NOTIFY_SOCKET: address, WATCHDOG_USEC: '20000000' },
    cwd: ROOT,
  });
  const said = await new Response(sender.stdout as ReadableStream<Uint8Array>).text();
  const complaint = await new Response(sender.stderr as ReadableStream<Uint8Array>).text();
  expect(complaint).toBe('');
  expect(await sender.exited).toBe(0);
  const messages: string[] = [];
  for await (const line of lines) messages.push(JSON.parse(line) as string);
  return { messages, sender: JSON.parse(said) as Heard['sender'] };
}

function expectEverything({ messages, sender }: Heard): void {
  expect(sender.warnings).toEqual([]);
  expect(sender.interval).toBe(10_000);
  const [status, ready, reloading, readyAgain, watchdog, mainPid, stopping, ...more] = messages;
  expect(status).toBe('STATUS=waiting for the first client');
  expect([ready, readyAgain]).toEqual(['READY=1', 'READY=1']);
  expect(watchdog).toBe('WATCHDOG=1');
  expect(mainPid).toBe(`MAINPID=${sender.pid}`);
  expect(stopping).toBe('STOPPING=1');
  expect(more).toEqual([]);
  const began = /^RELOADING=1\nMONOTONIC_USEC=([0-9]+)$/.exec(reloading ?? '');
  expect(began).not.toBeNull();
  expect(BigInt(began![1]!)).toBeGreaterThanOrEqual(BigInt(sender.before));
  expect(BigInt(began![1]!)).toBeLessThanOrEqual(BigInt(sender.after));
}

for (const through of ['libsystemd', 'datagram'] as const) {
  for (const where of ['a path', 'an abstract name'] as const) {
    test(`makeNotifier() reaches ${where} through ${through}`, async () => {
      const name = `notify-${crypto.randomUUID()}`;
      const heard = await hear(where === 'a path' ? join(nursery.directory, name) : `@${name}`, through);
      expectEverything(heard);
      expect(heard.sender.calls).toBe(through === 'libsystemd' ? 7 : 0);
    });
  }
}
