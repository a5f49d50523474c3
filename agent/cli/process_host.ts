// The process as the commands see it: standard output and error, files, environment, clock, Ctrl-C.

import { writeSync } from 'node:fs';
import { AgentError } from '../base/errors.ts';
import { wantsColours } from '../daemon/machine.ts';
import { systemBundle } from '../daemon/pem_files.ts';
import { sourceIo } from '../daemon/source_io.ts';
import { systemClock } from '../daemon/system_clock.ts';
import { openLibc } from '../native/libc.ts';
import { groupIdOf } from '../native/users.ts';
import { diskRoom } from '../render/write.ts';
import { processBackground } from './background.ts';
import type { ProbeServer } from './check_connect.ts';
import type { Host } from './command.ts';
import { callControl } from './control_client.ts';
import { serviceRoom } from './service_room.ts';

const STDOUT = 1;
const STDERR = 2;

export function processHost(): Host {
  const { env, stdout, stderr } = process;
  const colours = wantsColours(env);
  let isOver = false;
  return Object.freeze({
    words: process.argv.slice(2),
    out: (text: string) => {
      isOver = writeAll(STDOUT, text) === 'nobody reads' || isOver;
    },
    err: (text: string) => void writeAll(STDERR, text),
    outIsOver: () => isOver,
    runtime: `bun ${Bun.version}, ${process.platform} ${process.arch}`,
    outColours: colours && stdout.isTTY === true,
    errColours: colours && stderr.isTTY === true,
    outIsTerminal: stdout.isTTY === true,
    clock: systemClock,
    io: sourceIo(),
    files: diskRoom,
    background: processBackground(),
    service: serviceRoom,
    control: callControl,
    probe,
    systemCaFile: systemBundle,
    hasGroup: (group: string) => groupIdOf(openLibc(), group) !== undefined,
    onInterrupt,
  });
}

/** Only one command of all needs it, and it brings TLS and SCRAM along. */
const probe: ProbeServer = async (database, host, settings) => {
  const { probeServer } = await import('../daemon/probe.ts');
  return await probeServer(database, host, settings);
};

/** At once and whole, so that nothing is lost when the process ends right after it. */
function writeAll(file: number, text: string): 'written' | 'nobody reads' {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(file, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Whoever read from the pipe (`| head`) has seen enough.
      if (code === 'EPIPE') return 'nobody reads';
      // The pipe is full, and somebody made it non-blocking: wait for the reader.
      if (code !== 'EAGAIN') {
        cannotWrite(file, error as Error);
        return 'nobody reads';
      }
      Bun.sleepSync(1);
    }
  }
  return 'written';
}

/** Standard output on a full disk is the operator's to know; of standard error there is nobody left to tell. */
function cannotWrite(file: number, { message }: Error): void {
  if (file === STDERR) return;
  throw new AgentError('file_unwritable', { path: 'standard output', reason: message });
}

function onInterrupt(stop: () => void): () => void {
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return () => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
}
