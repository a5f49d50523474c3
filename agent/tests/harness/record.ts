// Keeps what a run of all tests made up as secrets, and what the agents said: in the end one is looked for in the other.

import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Names the directory; without it nothing is kept. scripts/test.ts sets it, and scripts/secrets.ts reads what is there. */
export const RECORD_VARIABLE = 'PGSIDECAR_TEST_RECORD';
/** A line each, as JSON. */
export const SECRETS_FOLDER = 'secrets';
/** A file for each agent's log, and one for whatever its commands printed. */
export const OUTPUTS_FOLDER = 'outputs';

/** Shorter ones could be anything's name. */
const SECRET_CHARS_MIN = 12;

export function recordSecret(secret: string): void {
  if (secret.length >= SECRET_CHARS_MIN) append(SECRETS_FOLDER, 'all', `${JSON.stringify(secret)}\n`);
}

/** @param name `agent` or `commands`: what the file is called, beside the process that writes it. */
export function recordOutput(name: string, text: string): void {
  if (text !== '') append(OUTPUTS_FOLDER, name, text);
}

function append(folder: string, name: string, text: string): void {
  const directory = process.env[RECORD_VARIABLE];
  if (directory === undefined || directory === '') return;
  mkdirSync(join(directory, folder), { recursive: true });
  // Test files run in processes of their own, several at once.
  appendFileSync(join(directory, folder, `${name}.${process.pid}`), text);
}
