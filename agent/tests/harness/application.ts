// What an application brings along: its application.yml for a test's PostgreSQL, its CA, and a pgsidecar.yml beside them.

import { type Agent, type AgentOptions, startAgent } from './agent.ts';
import type { CertificateAuthority } from './certificates.ts';
import type { Postgres } from './postgres.ts';
import { recordSecret } from './record.ts';

/** Whom the application's file names; what is left out is the ordinary case. */
export interface Application {
  readonly postgres: Postgres;
  readonly authority: CertificateAuthority;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  readonly password?: string;
  readonly sslmode?: string;
  /** More lines of application.yml, key and value. */
  readonly more?: Readonly<Record<string, string>>;
  /** pgsidecar.yml: settings at the top level, `databases` and `users` as they nest there. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** The role and the database that every application here has, unless it says otherwise. */
export const USER = 'app';
export const DATABASE = 'shop';

/** Whatever an agent logs at all is worth a look for secrets. */
const DEFAULTS = { log_level: 'debug', client_login_failure_delay: '10ms' };

export function applicationFiles(application: Application): Record<string, string> {
  return {
    'application.yml': applicationYml(application),
    'pgsidecar.yml': pgsidecarYml(application.settings),
    'ca.crt': application.authority.certificate,
  };
}

/** login.gov's dialect: every value is a text. */
export function applicationYml(application: Application): string {
  const { postgres, user = USER } = application;
  const values: Record<string, string> = {
    database_host: application.host ?? 'localhost',
    database_port: String(application.port ?? postgres.port),
    database_name: application.database ?? DATABASE,
    database_username: user,
    database_password: application.password ?? postgres.passwordOf(user),
    ...(application.sslmode !== undefined && { database_sslmode: application.sslmode }),
    ...application.more,
  };
  const lines = Object.entries(values).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return `production:\n${lines.join('\n')}\n`;
}

/** JSON is YAML, and needs no second set of rules for quotes. */
export function pgsidecarYml(settings: Application['settings'] = {}): string {
  const all: Record<string, unknown> = { server_tls_ca_file: 'ca.crt', ...DEFAULTS, ...settings };
  return `${Object.entries(all)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join('\n')}\n`;
}

/** Starts the agent on the application's files. Its end fails when anything that it ever logged holds one of the secrets. */
export async function serve(application: Application, options: AgentOptions = {}): Promise<Agent> {
  const files = { ...applicationFiles(application), ...options.files };
  if (application.password !== undefined) recordSecret(application.password);
  const agent = await startAgent({ ...options, files });
  const secrets = [application.password ?? application.postgres.passwordOf(application.user ?? USER)];
  async function stop(): Promise<void> {
    await agent.stop();
    expectNoSecrets(agent, secrets);
  }
  return { ...agent, stop, [Symbol.asyncDispose]: stop };
}

/** Looks through everything that the agent ever logged, its crashes included. */
export function expectNoSecrets(agent: Agent, secrets: readonly string[]): void {
  const text = agent
    .logLines()
    .map((line) => JSON.stringify(line))
    .join('\n');
  for (const secret of secrets) {
    for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')]) {
      if (!text.includes(form)) continue;
      const line = text.split('\n').find((each) => each.includes(form))!;
      throw new Error(`A secret is in the log: ${line.replaceAll(form, '<the secret>')}`);
    }
  }
}
