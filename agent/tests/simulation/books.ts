// The agent's books against the truth: what a simulated backend really has, and what its client believes.

import type { Session } from '../../client/session.ts';
import type { Pool } from '../../pool/pool.ts';
import type { Server } from '../../server/server.ts';
import { type Statement, StatementRegistry } from '../../state/statements.ts';
import * as type from '../../wire/types.ts';
import type { Backend } from './backend.ts';
import type { SimClient } from './sim_client.ts';
import type { World } from './world.ts';

/** Every simulated client calls its statements s1, s2 or s3. */
const NAME_BYTES = 2;
/** Closes that one run may bring. */
const UNDONE_MAX = 12;

/** Remembers every statement that ever was, by its name on servers. */
export class RememberedStatements extends StatementRegistry {
  readonly all = new Map<string, Statement>([[this.standIn.name, this.standIn]]);

  override acquire(...of: Parameters<StatementRegistry['acquire']>): Statement {
    const statement = super.acquire(...of);
    this.all.set(statement.name, statement);
    return statement;
  }
}

export class Books {
  readonly #world: World;
  readonly #statements: RememberedStatements;
  /** Bytes to and from each server when it was looked at: what has said and heard nothing since is what it was. */
  readonly #seen = new WeakMap<Server, number>();

  constructor(world: World, statements: RememberedStatements) {
    this.#world = world;
    this.#statements = statements;
  }

  /** After every step. */
  inspect(): void {
    let isQuiet = true;
    for (const pool of this.#world.registry) {
      for (const list of [pool.activeServers, pool.cleaningServers, pool.testedServers])
        for (const server of list) isQuiet &&= server.expected.isEmpty;
      for (const server of pool.idleServers) this.#compare(server, pool, undefined);
      for (const server of pool.activeServers)
        this.#compare(server, pool, server.tenant as unknown as Session);
    }
    // It looks at everything, so not after every step.
    if (isQuiet && this.#world.steps % 4 === 0) this.#inspectMemory();
  }

  #compare(server: Server, pool: Pool, session: Session | undefined): void {
    if (!server.expected.isSettled) return;
    const mark = server.bytesIn + server.bytesOut;
    if (this.#seen.get(server) === mark) return;
    const backend = this.#backendOf(server);
    // Something is under way to it or from it, and it knows more than the agent can.
    if (backend?.isQuiet !== true || server.status !== backend.status.charCodeAt(0)) return;
    this.#seen.set(server, mark);
    const isShared = pool.mode !== 'session' && this.#world.settings.max_prepared_statements > 0;
    if (isShared) this.#compareStatements(server, backend);
    this.#compareParameters(server, backend, session?.keepsServer === true);
    if (session === undefined && backend.held.size > 0)
      this.#world.violation(`p${server.pid} rests, and holds a lock for somebody`);
    const client = session === undefined ? undefined : this.#clientOf(session);
    if (client !== undefined && session !== undefined) this.#compareClient(client, session, backend);
  }

  #backendOf(server: Server): Backend | undefined {
    for (const session of this.#world.postgres.sessions)
      if (session.pid === server.pid) return session.connection.isFrozen ? undefined : session.backend;
    return undefined;
  }

  #clientOf({ pid }: Session): SimClient | undefined {
    return this.#world.clients.find((each) => each.pid === pid && each.isLoggedIn);
  }

  /** Those that it has are those that the agent thinks it has, with the texts that their names stand for. */
  #compareStatements(server: Server, { statements }: Backend): void {
    const world = this.#world;
    const where = `p${server.pid}`;
    for (const [name, text] of statements) {
      if (name === '') {
        if (server.unnamedOf === undefined && server.status === type.IDLE)
          world.violation(`${where} has a statement without a name that is nobody’s`);
        continue;
      }
      // What it has only to be read or refused.
      if (name.startsWith('pgsidecar ')) continue;
      const statement = this.#statements.all.get(name);
      if (statement === undefined)
        return world.violation(`${where} has a statement ${name} that is not the agent’s`);
      if (!server.statements.mayHave(statement))
        world.violation(`${where} has ${name}, and the agent does not know it`);
      if (textOf(statement) !== text) world.violation(`${where} has another text as ${name}`);
    }
    for (const [name, statement] of this.#statements.all)
      if (server.statements.has(statement, -2) && !statements.has(name))
        world.violation(`${where} does not have ${name}, and the agent relies on it`);
    // An error may undo the Closes of one run; the next Parse makes up for them.
    const max = world.bounds.statementsMax + UNDONE_MAX;
    if (server.statements.size > max) world.violation(`${where} has more than ${max} statements`);
  }

  /** What the agent says of a server is so; what it does not speak of is as at the server's start. */
  #compareParameters(server: Server, { parameters }: Backend, keepsServer: boolean): void {
    const { reported, unreported } = server.parameters;
    for (const [name, value] of reported)
      if (parameters.get(name) !== value)
        this.#world.violation(`p${server.pid} has ${name}=${parameters.get(name)}, and the agent ${value}`);
    // What a client has set in a session of its own is nobody's business until it goes.
    if (server.status !== type.IDLE || server.touched !== 0 || keepsServer) return;
    // The value that nobody can ask for: it is set again before anybody gets the server.
    for (const [name, value] of unreported)
      if (value !== '\0' && parameters.get(name) !== value)
        this.#world.violation(`p${server.pid} has ${name}=${parameters.get(name)}, and the agent ${value}`);
    for (const name of parameters.changedUnreported)
      if (!unreported.has(name)) this.#world.violation(`p${server.pid} has a ${name} that nobody knows of`);
  }

  /** Its client has been answered, and is between two queries of a transaction, or of a session that keeps its server. */
  #compareClient(client: SimClient, session: Session, backend: Backend): void {
    const { model } = client;
    if (!client.isAnswered || model.status !== backend.status || session.left.isAsking) return;
    const [own, real] = [model.parameters.shown(), backend.parameters.shown()];
    if (own !== real) this.#world.violation(`c${client.id} has ${own}, and its server ${real}`);
    const [holds, held] = [model, backend].map((each) => JSON.stringify([...each.held].sort()));
    if (backend.held.size === 0 && backend.status === 'I' && session.left.pins.has('advisory_lock'))
      this.#world.violation(`c${client.id} keeps its server for a lock that it does not hold`);
    if (holds !== held) this.#world.violation(`c${client.id} holds ${holds}, and its server ${held}`);
  }

  /** Nothing is under way: names, texts and bytes are those that clients have. */
  #inspectMemory(): void {
    const world = this.#world;
    let names = 0;
    for (const session of world.context.clients) {
      const { statementCount } = session.relay;
      names += statementCount;
      if (session.list !== undefined || session.mode === 'session' || session.relay.heldBytes > 0) continue;
      const client = this.#clientOf(session);
      if (client?.isIdle !== true || client.connection.arriving > 0) continue;
      const own = [...client.model.statements.keys()].filter((name) => name !== '').length;
      if (own !== statementCount && world.settings.max_prepared_statements > 0)
        world.violation(
          `c${client.id} has ${own} statements, and the agent has ${statementCount} names of it`,
        );
    }
    let users = 0;
    let bytes = 0;
    for (const statement of this.#statements.all.values()) {
      if (statement === this.#statements.standIn) continue;
      users += statement.users;
      if (statement.users > 0) bytes += statement.bytes;
    }
    if (users !== names) world.violation(`statements are held for ${users} names, and clients have ${names}`);
    bytes += names * NAME_BYTES;
    if (bytes !== this.#statements.bytes)
      world.violation(`statements take ${bytes} bytes, and ${this.#statements.bytes} are counted`);
  }
}

function textOf({ tail }: Statement): string {
  return Buffer.from(tail.subarray(0, tail.indexOf(0))).toString('latin1');
}
