// A YAML file of a Ruby application: ERB filled in, read as Psych reads it, its values as the application gets them.

import { type Problem, problem } from '../../base/errors.ts';
import { expandErb, refusedIn } from '../erb.ts';
import type { Located, SourceIo } from '../source.ts';
import { parseYaml, type YamlMap, type YamlNode, type YamlScalar, yamlTooLong } from '../yaml_text.ts';
import { readText } from './read_text.ts';

/** What is wrong with the ERB in a value, if anything: there is no value then. */
export type RefusedIn = (node: YamlScalar) => readonly Problem[];

export class YamlFile {
  readonly path: string;
  /** Undefined when the file is empty, unusable or not there. */
  readonly root: YamlMap | undefined;
  readonly missing: boolean;
  readonly problems: Problem[] = [];
  readonly #refused: readonly Problem[];

  constructor(path: string, io: SourceIo) {
    this.path = path;
    const text = readText(path, io, this.problems);
    this.missing = text === undefined && this.problems.length === 0;
    const tooLong = yamlTooLong(text ?? '', path);
    if (tooLong !== undefined) this.problems.push(tooLong);
    const erb = expandErb(tooLong === undefined ? (text ?? '') : '', path, io.env);
    this.#refused = erb.refused;
    this.problems.push(...erb.problems);
    // Code may write anything anywhere: what it leaves behind is not worth a second complaint.
    const { root, problems } =
      erb.problems.length > 0 ? { root: undefined, problems: [] } : parseYaml(erb.text, path);
    this.problems.push(...problems);
    if (root === undefined || root.kind === 'map') this.root = root;
    else {
      const reason = 'expected keys and values, not a list or a single value';
      this.problems.push(problem('error', 'yaml_syntax', { reason }, root.origin));
    }
  }

  /** What is wrong with the ERB in a text; its value is unknown then. */
  refusedIn(text: string): readonly Problem[] {
    return refusedIn(text, { refused: this.#refused });
  }
}

/** A value that is not there: the key is absent, or `~`. */
export function isNothing(node: YamlNode | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null);
}

/**
 * The text that a Ruby library makes of a value that ought to be one. Where a text is meant, `010` is the text "8" then,
 * and whoever wrote it should know; a password's reading is not told. Where a number is meant, only a comma surprises:
 * `5432,5433` is one number.
 */
export function rubyText(
  node: YamlScalar,
  setting: string,
  meant: 'text' | 'number' | 'secret',
  problems: Problem[],
): Located<string> {
  const { value, text, origin } = node;
  if (typeof value === 'string') return { value, origin };
  if (value === null) return { value: '', origin };
  const whole = typeof value === 'number' && Number.isInteger(value) && text.includes('.');
  const read = whole ? value.toFixed(1) : String(value);
  if (read !== text && (meant !== 'number' || text.includes(','))) {
    const reading = meant === 'secret' ? 'something else' : `"${read}"`;
    problems.push(problem('warning', 'setting_reread', { setting, reading }, origin));
  }
  return { value: read, origin };
}
