// `== run pgsidecar …`: the command line itself, with its files, servers and agent held in memory.

import { AgentError } from '../../base/errors.ts';
import type { Host } from '../../cli/command.ts';
import { runCli } from '../../cli/dispatch.ts';
import type { ServerProbe } from '../../daemon/probe.ts';
import type { FileThere } from '../../render/plan.ts';
import type { CaseSection } from './case_file.ts';
import { worldOf } from './world.ts';

const PLACE = { uid: 0, gid: 0, directory: '0:0' };
const OPEN_MODE = 0o644;
/** 2026-01-01, from which certificates and reloads are counted. */
const NOW_MS = Date.UTC(2026, 0, 1);

/** Standard output as it is, standard error behind `! `, each file that was written, the exit code. */
export async function commandLineReport(
  words: readonly string[],
  sections: readonly CaseSection[],
): Promise<readonly string[]> {
  const lines: string[] = [];
  const written: string[] = [];
  const host = hostOf(sections, {
    out: (text) => lines.push(...linesOf(text)),
    err: (text) => lines.push(...linesOf(text).map((line) => `! ${line}`)),
    replaced: (path, text, mode) =>
      written.push(
        `wrote ${path} ${mode.toString(8).padStart(4, '0')}`,
        ...linesOf(text).map((line) => `| ${line}`),
      ),
  });
  const exit = await runCli(words, host);
  return [...lines, ...written, `exit ${exit}`];
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n');
}

interface Sinks {
  out(text: string): void;
  err(text: string): void;
  replaced(path: string, text: string, mode: number): void;
}

function hostOf(sections: readonly CaseSection[], sinks: Sinks): Host {
  const io = worldOf(sections);
  let now = 0;
  return {
    ...sinks,
    words: [],
    runtime: 'bun 1.2.3, linux x64',
    outColours: false,
    errColours: false,
    outIsTerminal: true,
    // Time passes when somebody waits for it, and then all of it at once.
    clock: {
      now: () => now,
      wall: () => NOW_MS + now,
      after(delayMs, ring) {
        let isCleared = false;
        queueMicrotask(() => {
          now += delayMs;
          if (!isCleared) ring();
        });
        return {
          clear: () => {
            isCleared = true;
          },
        };
      },
    },
    io,
    background: { isOn: false, start: async () => 0, ready() {} },
    files: {
      look: (path): FileThere | undefined => {
        const text = io.read(path);
        return text === undefined ? undefined : { text, mode: OPEN_MODE, place: PLACE };
      },
      replace: sinks.replaced,
    },
    hasGroup: (group) => ['app', '0'].includes(group),
    control: async (path, { method, path: route }) => answerOf(sections, path, `${method} ${route}`),
    probe: async (_, { host, port }) => probeOf(sections, `${host}:${port}`),
    systemCaFile: () => '/etc/ssl/certs/ca-certificates.crt',
    onInterrupt: () => () => {},
    ...serviceOf(sections, io),
  };
}

/** `== sockets pgsidecar.socket` and what `systemctl show` says that it listens at, a line each; else it is no such machine. */
function serviceOf(sections: readonly CaseSection[], io: Host['io']): Pick<Host, 'service'> {
  const units = sections.filter(({ kind }) => kind === 'sockets');
  if (units.length === 0) return {};
  const listens = (unit: string) =>
    units.filter(({ argument }) => argument === unit).flatMap(({ body }) => linesOf(body.trim()));
  return { service: { io: (env) => ({ ...io, env }), become: () => false, listens } };
}

/** `== control GET /status 200` and the JSON of its answer. */
function answerOf(sections: readonly CaseSection[], path: string, request: string) {
  const section = sections.find((each) => each.kind === 'control' && each.argument.startsWith(`${request} `));
  if (section === undefined)
    throw new AgentError('control_unreachable', { path, reason: 'there is no such socket' });
  const status = Number(section.argument.slice(request.length + 1));
  return { status, body: JSON.parse(section.body) as Record<string, unknown> };
}

/** `== probe db.example:5432` and what that server says of itself. */
function probeOf(sections: readonly CaseSection[], server: string): ServerProbe {
  const section = sections.find((each) => each.kind === 'probe' && each.argument === server);
  if (section === undefined)
    throw new AgentError('server_unreachable', { reason: 'the case has no such server' });
  const probe = JSON.parse(section.body) as Omit<ServerProbe, 'certificateNotAfter'> & {
    certificateDays?: number;
  };
  const { certificateDays, ...rest } = probe;
  const days = certificateDays === undefined ? undefined : NOW_MS + certificateDays * 86_400_000;
  return { ...rest, certificateNotAfter: days };
}
