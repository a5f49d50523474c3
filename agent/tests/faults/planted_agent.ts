// The agent with mistakes planted in it: a query that says `plant PLACE` makes the code of that place throw.

import { runCli } from '../../cli/dispatch.ts';
import { processHost } from '../../cli/process_host.ts';
import { Relay } from '../../client/relay.ts';
import { Session } from '../../client/session.ts';
import { Agent } from '../../daemon/agent.ts';

function plantedInTimer(): void {
  throw new Error('planted in a timer');
}

function plantedInJanitor(): void {
  throw new Error('planted in the janitor');
}

async function plantedInPromise(): Promise<void> {
  throw new Error('planted in a promise');
}

function says(bytes: Uint8Array, place: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(`plant ${place}`);
}

const { onClientData } = Relay.prototype;
Relay.prototype.onClientData = function plantedInRelay(chunk) {
  if (says(chunk, 'relay')) throw new Error('planted in the relay');
  if (says(chunk, 'timer')) setTimeout(plantedInTimer, 1);
  if (says(chunk, 'promise')) void plantedInPromise();
  onClientData.call(this, chunk);
};

const { onData, onReply } = Session.prototype;
Session.prototype.onData = function plantedInHandler(chunk) {
  if (says(chunk, 'handler')) throw new Error('planted in the handler');
  if (says(chunk, 'janitor')) {
    const { pool } = this;
    const { tick } = pool;
    // Once, and from then on as before.
    pool.tick = () => {
      pool.tick = tick;
      plantedInJanitor();
    };
  }
  onData.call(this, chunk);
};
Session.prototype.onReply = function plantedInReply(server, bytes) {
  if (says(bytes, 'reply')) throw new Error('planted in the reply');
  onReply.call(this, server, bytes);
};

if (process.env.PLANT === 'boot') {
  Agent.prototype.start = () => {
    setTimeout(plantedInTimer, 1);
    return new Promise(() => {});
  };
}

process.exit(await runCli(process.argv.slice(2), processHost()));
