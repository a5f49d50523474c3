// A runtime that is not the pinned one never gets into a package, wherever it came from.

import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { version } from '../../node_modules/bun/package.json';
import { fetchRuntime } from '../runtime.ts';

const directory = mkdtempSync(join(tmpdir(), 'pgsidecar-runtime-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('fetchRuntime() asks npm for the pinned version, and throws another archive away', () => {
  const asked: string[] = [];
  const tampered = (spec: string, into: string) => {
    asked.push(spec);
    const path = join(into, 'fetched.tgz');
    writeFileSync(path, 'not the runtime');
    return path;
  };
  expect(() => fetchRuntime('arm64', directory, tampered)).toThrow('is not what package-lock.json names');
  expect(asked).toEqual([`@oven/bun-linux-aarch64@${version}`]);
  expect(readdirSync(directory)).toEqual([]);
});

test('fetchRuntime() looks at an archive again that it has kept', () => {
  const kept = join(directory, `arm64-${version}.tgz`);
  writeFileSync(kept, 'put there by somebody');
  const never = () => {
    throw new Error('nothing is fetched where there is one');
  };
  expect(() => fetchRuntime('arm64', directory, never)).toThrow('is not what package-lock.json names');
  expect(existsSync(kept)).toBe(false);
});
