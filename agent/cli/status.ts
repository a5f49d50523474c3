// `pgsidecar status`: what the running agent is doing.

import type { Snapshot } from '../observe/snapshot.ts';
import { SNAPSHOT_SHAPE } from './answer_shape.ts';
import { type Call, flagIsSet, type Host } from './command.ts';
import { expectShape } from './control_client.ts';
import { controlSocket } from './loading.ts';
import { statusPage } from './status_page.ts';
import { refuseOther } from './which_agent.ts';

const ANSWER_TIMEOUT_MS = 10_000;
const WATCH_INTERVAL_MS = 1000;
/** Home, and forget what is below: the page does not flicker as it would if it were cleared first. */
const REPAINT = '\x1b[H\x1b[J';

export async function status(call: Call, host: Host): Promise<number> {
  const socket = await controlSocket(call, host);
  const print = async () => {
    const request = { method: 'GET', path: '/status', timeoutMs: ANSWER_TIMEOUT_MS } as const;
    const answer = await host.control(socket, request);
    const { body } = answer;
    refuseOther(body as unknown as Snapshot, call, host, socket);
    if (flagIsSet(call, 'json')) return `${JSON.stringify(body)}\n`;
    expectShape(socket, answer, SNAPSHOT_SHAPE);
    return statusPage(body as unknown as Snapshot, host.outColours);
  };
  if (!flagIsSet(call, 'watch')) {
    host.out(await print());
    return 0;
  }
  return await watch(print, flagIsSet(call, 'json'), host);
}

/** Until Ctrl-C, or until the agent does not answer any more, which is an error like any other. */
async function watch(print: () => Promise<string>, json: boolean, host: Host): Promise<number> {
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const undo = host.onInterrupt(() => stop());
  let over = false;
  void stopped.then(() => {
    over = true;
  });
  try {
    while (!over) {
      const page = await print();
      host.out(host.outIsTerminal && !json ? REPAINT + page : page);
      if (host.outIsOver?.() === true) break;
      await Promise.race([stopped, pause(host)]);
    }
  } finally {
    undo();
  }
  return 0;
}

function pause(host: Host): Promise<void> {
  return new Promise((resolve) => {
    host.clock.after(WATCH_INTERVAL_MS, resolve);
  });
}
