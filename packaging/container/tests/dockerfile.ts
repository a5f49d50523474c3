// Reads a Dockerfile: its stages, their instructions in order, and what the engine would be told about the container.

export interface Instruction {
  /** In capitals: `COPY`. */
  readonly name: string;
  /** `--from=root` → `from: 'root'`. */
  readonly flags: Readonly<Record<string, string>>;
  /** The words behind the flags; of the JSON form its items, of RUN's shell form the whole text as one. */
  readonly words: readonly string[];
  /** Written as a JSON list: no shell is needed. */
  readonly isExec: boolean;
}

export interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** Instructions that the builder beside this file knows how to do; any other one is an error, never passed over. */
const KNOWN = ['RUN', 'COPY', 'LABEL', 'USER', 'WORKDIR', 'ENTRYPOINT', 'CMD', 'STOPSIGNAL', 'HEALTHCHECK'];

export function readDockerfile(text: string): readonly Stage[] {
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const joined = lines.join('\n').replace(/\\[ \t]*\n/g, ' ');
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of joined.split('\n').map((each) => each.trim())) {
    if (line === '') continue;
    const instruction = readInstruction(line);
    if (instruction.name === 'FROM') {
      const [base = '', as, name] = instruction.words;
      if (as !== undefined && as.toUpperCase() !== 'AS') throw new Error(`Cannot read ${line}`);
      stages.push({ base, name, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined || !KNOWN.includes(instruction.name)) throw new Error(`Cannot do ${line}`);
    stage.instructions.push(instruction);
  }
  return stages;
}

function readInstruction(line: string): Instruction {
  const [, word = '', rest = ''] = /^([A-Za-z]+)\s+(.*)$/s.exec(line) ?? [];
  const name = word.toUpperCase();
  const flags: Record<string, string> = {};
  let text = rest;
  for (
    let flag = /^--([a-z-]+)=(\S+)\s+/.exec(text);
    flag !== null;
    flag = /^--([a-z-]+)=(\S+)\s+/.exec(text)
  ) {
    flags[flag[1]!] = flag[2]!;
    text = text.slice(flag[0].length);
  }
  // HEALTHCHECK has an instruction in it.
  if (name === 'HEALTHCHECK') text = text.replace(/^CMD\s+/, '');
  const isExec = text.startsWith('[');
  if (isExec) return { name, flags, words: JSON.parse(text) as string[], isExec };
  return { name, flags, words: name === 'RUN' ? [text] : text.split(/\s+/), isExec };
}

/** What the last stage says of the container. */
export function lastOf(stage: Stage, name: string): Instruction {
  const found = stage.instructions.findLast((each) => each.name === name);
  if (found === undefined) throw new Error(`The last stage has no ${name}`);
  return found;
}
