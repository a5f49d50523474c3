// A client that speaks the protocol itself: several transactions in one write, and every answer seen as it comes.

import { connect, type Socket } from 'node:net';
import { message, startup, terminate } from '../harness/client_words.ts';

export interface Answer {
  readonly type: string;
  readonly body: Buffer;
}

/** The connection ended, or was ended, before the answer was whole. */
export class ConnectionLost extends Error {
  /** SQLSTATE, where the server or the agent gave one. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

export class RawClient {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #answers: Answer[] = [];
  #wake: () => void = () => {};
  #over = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#cut();
      this.#wake();
    });
    socket.on('error', () => {}); // and then it closes
    socket.on('close', () => {
      this.#over = true;
      this.#wake();
    });
  }

  /** Logs in by auth_type plain, or trust. */
  static async open(path: string, user: string, password: string, database: string): Promise<RawClient> {
    const client = new RawClient(connect(path));
    client.send(startup({ user, database }));
    for (;;) {
      const { type, body } = await client.next();
      if (type === 'R' && body.readInt32BE(0) === 3) client.send(message('p', `${password}\0`));
      else if (type === 'E') throw lostBy(errorOf(body));
      else if (type === 'Z') return client;
    }
  }

  send(bytes: Uint8Array): void {
    if (!this.#over) this.#socket.write(bytes);
  }

  /** @throws ConnectionLost */
  async next(): Promise<Answer> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) return answer;
      if (this.#over) throw new ConnectionLost('the connection is gone');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Everything up to ReadyForQuery. @throws ConnectionLost */
  async untilReady(): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (;;) {
      const answer = await this.next();
      answers.push(answer);
      if (answer.type === 'Z') return answers;
    }
  }

  close(): void {
    this.send(terminate);
    this.#socket.destroySoon();
  }

  #cut(): void {
    for (;;) {
      const all = this.#bytes;
      if (all.length < 5) return;
      const end = 1 + all.readInt32BE(1);
      if (all.length < end) return;
      this.#answers.push({ type: all.toString('latin1', 0, 1), body: all.subarray(5, end) });
      this.#bytes = all.subarray(end);
    }
  }
}

/** The first column of a DataRow, in text. */
export function firstColumn(body: Buffer): string {
  return body.toString('utf8', 6, 6 + body.readInt32BE(2));
}

/** `UPDATE 1`. */
export function commandTag(body: Buffer): string {
  return body.toString('utf8', 0, body.length - 1);
}

export function errorOf(body: Buffer): { severity: string; code: string; message: string } {
  const fields = new Map(
    body
      .toString('utf8')
      .split('\0')
      .filter((field) => field !== '')
      .map((field) => [field[0], field.slice(1)]),
  );
  return {
    severity: fields.get('V') ?? fields.get('S') ?? '',
    code: fields.get('C') ?? '',
    message: fields.get('M') ?? '',
  };
}

function lostBy({ message: reason, code }: { message: string; code: string }): ConnectionLost {
  return new ConnectionLost(reason, code);
}
