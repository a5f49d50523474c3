// Plays every .conversation at PostgreSQL and through the agent: both must say the same, and what the file says.

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { DATABASE, serve, USER } from '../harness/application.ts';
import { type CertificateAuthority, createCertificateAuthority } from '../harness/certificates.ts';
import { describeNeeding } from '../harness/needs.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { isPostgresInstalled, type PostgresVersion } from '../harness/postgres_programs.ts';
import * as file from './conversation_file.ts';
import { bytesSent, NOTHING_CAME, type Place, type PlayOptions, play, sayAndLeave } from './player.ts';
import { careless, untidy } from './strangers.ts';

const folder = import.meta.dir;
const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.conversation'))
  .sort();

/** Fewer than there are clients, so that nobody has one for himself. */
const POOL_SIZE = 2;
const CROWD = 12;
/** What drivers say, many of them at a time; the other folders hold what would hurt or mislead a neighbour. */
const DRIVERS = /^(?:asyncpg|node_postgres|npgsql|pgjdbc|pgx|postgres_js|psycopg|tokio_postgres)\//;
const VERSIONS: ReadonlyMap<string, PostgresVersion> = new Map<string, PostgresVersion>([
  ['PostgreSQL 15', 15],
  ['PostgreSQL 18', 'embedded'],
]);

/** Where everything is played; its parts are there once the tests run. */
interface Stage {
  postgres: Postgres;
  authority: CertificateAuthority;
  agent: Agent;
  /** A superuser's connection, which prepares the database for each play. */
  hand: pg.Client;
  direct: Place;
  through: Place;
  strangers: number;
}

/** Declares a test for each conversation on that PostgreSQL. */
export function playAll(name: string): void {
  const version = VERSIONS.get(name)!;
  const missing =
    version === 'embedded' || isPostgresInstalled(version)
      ? undefined
      : `${name} is not installed (scripts/setup --debian)`;
  test(`conversations for ${name} are found`, () => {
    expect(names.length).toBeGreaterThanOrEqual(150);
  });
  describeNeeding(missing)(`${name}, conversation`, () => {
    const stage = {} as Stage;
    beforeAll(() => open(stage, version), 60_000);
    afterAll(() => close(stage));
    for (const path of names) test(titleOf(path), () => checkOne(stage, name, path), 60_000);
    test('all drivers at once', () => checkCrowd(stage), 60_000);
  });
}

async function checkOne(stage: Stage, version: string, path: string): Promise<void> {
  const conversation = read(path);
  await prepare(stage, conversation);
  const direct = await play(conversation, stage.direct);
  if (process.env.UPDATE === '1') {
    expect(direct, 'PostgreSQL itself does not answer: the conversation is wrong').not.toContain(
      NOTHING_CAME,
    );
    writeFileSync(join(folder, path), file.withExpected(conversation, version, [...VERSIONS.keys()], direct));
  } else {
    expect(direct, 'PostgreSQL itself').toBe(file.expectedOf(conversation, version) ?? '');
  }
  for (const options of variantsOf(conversation)) {
    const [theirs, ours] = await playBoth(stage, conversation, options);
    const difference = file.differenceOf(theirs, ours);
    const known = file.expectedDifferenceOf(conversation, version);
    expect(difference, `through the agent ${JSON.stringify(options)}`).toBe(known);
  }
  expect(file.hasDifference(conversation), 'a known difference has a reason and a section').toBe(
    conversation.knownDifference !== undefined,
  );
}

/** As it is written, and cut at each byte where that is asked for. */
function variantsOf(conversation: file.Conversation): PlayOptions[] {
  const whole: PlayOptions = { showsBuiltinOids: true };
  if (!conversation.isCutEverywhere) return [whole];
  const cuts = Array.from({ length: bytesSent(conversation) - 1 }, (_, i) => ({ ...whole, cutAt: i + 1 }));
  return [whole, ...cuts];
}

async function playBoth(
  stage: Stage,
  conversation: file.Conversation,
  options: PlayOptions,
): Promise<[string, string]> {
  await prepare(stage, conversation);
  const theirs = await play(conversation, stage.direct, { ...options, cutAt: 0 });
  await prepare(stage, conversation);
  if (conversation.isAlone) {
    await using agent = await startAgent(stage);
    return [theirs, await play(conversation, placeOf(agent), options)];
  }
  await sendStrangers(stage);
  return [theirs, await play(conversation, stage.through, options)];
}

/** The drivers' conversations that need no table of their own, on two servers: nobody may notice the others. */
async function checkCrowd(stage: Stage): Promise<void> {
  const crowd = names
    .filter((path) => DRIVERS.test(path))
    .map((path) => ({ path, conversation: read(path) }))
    .filter(({ conversation }) => conversation.setup.length === 0 && file.clientsOf(conversation) === 1)
    .filter(({ conversation }) => conversation.knownDifference === undefined && !conversation.isAlone);
  const waiting = [...crowd];
  const differences: string[] = [];
  async function playNext(): Promise<void> {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const theirs = await play(next.conversation, stage.direct);
      const difference = file.differenceOf(theirs, await play(next.conversation, stage.through));
      if (difference !== '') differences.push(`${next.path}\n${difference}`);
    }
  }
  await Promise.all(Array.from({ length: CROWD }, playNext));
  expect(differences).toEqual([]);
  expect(crowd.length).toBeGreaterThan(40);
}

/** They are played by the same rules: whoever was there before must not have hurt them. */
async function sendStrangers(stage: Stage): Promise<void> {
  stage.strangers++;
  for (const { bytes, readies } of [untidy(stage.strangers), careless()]) {
    const errors = await sayAndLeave(stage.through, bytes, readies);
    expect(errors, 'what a stranger was told').toEqual([expect.stringContaining('"division by zero"')]);
  }
}

/** The tables that a conversation needs, new each time. */
async function prepare(stage: Stage, { setup }: file.Conversation): Promise<void> {
  if (setup.length === 0) return;
  await stage.hand.query('DROP SCHEMA IF EXISTS play CASCADE; CREATE SCHEMA play');
  await stage.hand.query([...setup, `ALTER SCHEMA play OWNER TO ${USER}`].join(';\n'));
  const own =
    "SELECT format('ALTER TABLE play.%I OWNER TO app', tablename) AS sql FROM pg_tables WHERE schemaname = 'play'";
  for (const { sql } of (await stage.hand.query<{ sql: string }>(own)).rows) await stage.hand.query(sql);
}

function read(path: string): file.Conversation {
  return file.parseConversation(readFileSync(join(folder, path), 'utf8'));
}

function titleOf(path: string): string {
  return path.replace(/\.conversation$/, '');
}

async function open(stage: Stage, version: PostgresVersion): Promise<void> {
  stage.authority = createCertificateAuthority();
  stage.strangers = 0;
  stage.postgres = await startPostgres({
    version,
    tls: { server: stage.authority.issueServer() },
    hba: [`local all ${USER} trust`],
    users: { [USER]: '' },
    databases: { [DATABASE]: USER },
  });
  await stage.postgres.sql(`ALTER DATABASE ${DATABASE} SET search_path = play, public`);
  stage.agent = await startAgent(stage);
  stage.hand = new pg.Client(stage.postgres.superuserUrl.replace('/postgres?', `/${DATABASE}?`));
  await stage.hand.connect();
  const { socketDir, port } = stage.postgres;
  stage.direct = { socketPath: `${socketDir}/.s.PGSQL.${port}`, user: USER, database: DATABASE };
  stage.through = placeOf(stage.agent);
}

function startAgent({ postgres, authority }: Stage): Promise<Agent> {
  return serve({ postgres, authority, settings: { default_pool_size: POOL_SIZE, auth_type: 'trust' } });
}

function placeOf(agent: Agent): Place {
  return { socketPath: `${agent.socketDir}/.s.PGSQL.5432`, user: USER, database: DATABASE };
}

async function close(stage: Stage): Promise<void> {
  await stage.hand?.end();
  await stage.agent?.stop();
  await stage.postgres?.stop();
}
