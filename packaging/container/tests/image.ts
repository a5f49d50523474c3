// Does what a Dockerfile says without an engine: each stage in a root of its own, in a mount namespace that ends with the build.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Nursery } from '../../../agent/tests/harness/nursery.ts';
import type { Instruction, Stage } from './dockerfile.ts';

export interface Build {
  /** The root of the last stage. */
  readonly root: string;
  /** Each step as it was begun, and what it printed. */
  readonly log: string;
}

/**
 * Stands in for the engine. A stage from `scratch` begins empty, any other one on an overlay over this machine's own root:
 * that is the stand-in for its base image. What RUN needs from a network it does not get.
 */
export async function buildImage(
  stages: readonly Stage[],
  context: string,
  nursery: Nursery,
): Promise<Build> {
  const work = join(nursery.directory, 'build');
  const root = join(nursery.directory, 'image');
  for (const path of [work, root]) mkdirSync(path);
  const script = ['set -eu', `mount -t tmpfs -o size=2g,mode=755 tmpfs ${work}`];
  const roots = new Map<string, string>();
  for (const [index, stage] of stages.entries()) {
    const isLast = index === stages.length - 1;
    const stageRoot = isLast ? root : `${work}/${index}/root`;
    script.push(...beginStage(stage, stageRoot, `${work}/${index}`));
    for (const instruction of stage.instructions) {
      script.push(`echo ${quote(`STEP ${instruction.name} ${instruction.words.join(' ')}`)}`);
      script.push(...perform(instruction, stageRoot, context, roots));
    }
    roots.set(stage.name ?? String(index), stageRoot);
  }
  const path = join(nursery.directory, 'build.sh');
  writeFileSync(path, `${script.join('\n')}\n`);
  // Without a network of its own to talk to: the build has to be content with what is there.
  const child = Bun.spawn(['unshare', '--mount', '--net', '--propagation', 'private', '/bin/sh', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(`The build ended with ${child.exitCode}:\n${out}${err}`);
  return { root, log: out };
}

function beginStage(stage: Stage, root: string, directory: string): readonly string[] {
  if (stage.base === 'scratch') return [`mkdir -p ${root}`];
  const overlay = `lowerdir=/,upperdir=${directory}/upper,workdir=${directory}/work`;
  return [
    `mkdir -p ${directory}/upper ${directory}/work ${root}`,
    `mount -t overlay overlay -o ${overlay} ${root}`,
    `mount -t proc proc ${root}/proc || mount --rbind /proc ${root}/proc`,
    `mount --rbind /dev ${root}/dev`,
  ];
}

function perform(
  { name, flags, words, isExec }: Instruction,
  root: string,
  context: string,
  roots: ReadonlyMap<string, string>,
): readonly string[] {
  if (name === 'COPY') {
    const source = flags.from === undefined ? context : roots.get(flags.from);
    if (source === undefined) throw new Error(`COPY --from=${flags.from}: there is no such stage`);
    const target = `${root}${words.at(-1)}`;
    return words.slice(0, -1).map((word) => {
      const from = join(source, word);
      // A folder is copied by what is in it; from the context everything is root's, from a stage it keeps its owner.
      const what = word.endsWith('/') ? `${from}/.` : from;
      const owner = flags.from === undefined ? ' --no-preserve=ownership' : '';
      return `mkdir -p ${quote(target)}; cp -a${owner} ${quote(what)} ${quote(target)}`;
    });
  }
  if (name === 'RUN') {
    const command = isExec ? words.map(quote).join(' ') : `/bin/sh -c ${quote(words[0]!)}`;
    return [`env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot ${root} ${command}`];
  }
  // An engine makes the folder that it is to begin in.
  if (name === 'WORKDIR') return [`mkdir -p ${root}${words[0]}`];
  return [];
}

export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
