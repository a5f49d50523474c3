// YAML text becomes a tree in which every value knows its file, line and key, by the rules that Ruby's Psych follows.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseAllDocuments,
  Scalar,
  YAMLError,
} from 'yaml';
import { type Problem, problem } from '../base/errors.ts';
import type { Origin } from '../base/origin.ts';
import { type PlainValue, psychScalar } from './psych_scalar.ts';
import { yamlReason } from './yaml_reasons.ts';

/** A file longer than this is not a configuration file. */
export const YAML_CHARS_MAX = 256 * 1024;
/**
 * Words, marks, blanks and line ends: about 10,000 lines of `key: value`. A reload reads on the thread that all clients
 * are served by, and the parser's time grows with these; for the worst file it takes about a fifth of a second.
 */
export const YAML_TOKENS_MAX = 50_000;
/** Nodes in the tree after every alias is counted as often as it is used: exploding anchors stop here. */
export const YAML_NODES_MAX = 50_000;
export const YAML_ALIASES_MAX = 1_000;
export const YAML_DEPTH_MAX = 64;
/** One slip makes the parser complain about everything behind it; nobody reads more than these. */
export const YAML_PROBLEMS_MAX = 20;

export interface YamlScalar {
  readonly kind: 'scalar';
  readonly value: PlainValue;
  /** As it is written, without its quotes. */
  readonly text: string;
  readonly quoted: boolean;
  readonly origin: Origin;
}

export interface YamlMap {
  readonly kind: 'map';
  /** Merge keys (`<<`) are already applied; a merged value keeps the line where it is written. */
  readonly entries: ReadonlyMap<string, YamlNode>;
  readonly origin: Origin;
}

export interface YamlList {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
  readonly origin: Origin;
}

export type YamlNode = YamlScalar | YamlMap | YamlList;

export interface YamlReading {
  /** Undefined when the text is empty or unusable; a reading with an error among its problems is never half a tree. */
  readonly root: YamlNode | undefined;
  readonly problems: readonly Problem[];
}

/** Never throws: whatever is wrong with the text is in `problems`, each with its line. */
export function parseYaml(text: string, path: string): YamlReading {
  const tooLong = yamlTooLong(text, path) ?? tooManyTokens(text, path);
  if (tooLong !== undefined) return { root: undefined, problems: [tooLong] };
  const lines = new LineCounter();
  const problems: Problem[] = [];
  let documents: readonly Document.Parsed[];
  try {
    // Failsafe keeps every scalar as it is written; psychScalar gives it its type, and TreeBuilder merges in Psych's order.
    const options = { version: '1.1', schema: 'failsafe', merge: false, uniqueKeys: false } as const;
    const parsed = parseAllDocuments(text, {
      ...options,
      prettyErrors: false,
      logLevel: 'silent',
      lineCounter: lines,
    });
    for (const error of errorsOf(parsed)) {
      if (problems.length === YAML_PROBLEMS_MAX) break;
      const origin = { place: path, line: lines.linePos(error.pos[0]).line };
      problems.push(problem('error', 'yaml_syntax', { reason: yamlReason(error, text) }, origin));
    }
    documents = 'empty' in parsed ? [] : parsed;
  } catch (error) {
    // The parser recurses: a file of ten thousand brackets ends in the engine's own RangeError.
    if (!(error instanceof RangeError)) throw error;
    return { root: undefined, problems: [tooDeep({ place: path })] };
  }
  if (problems.length > 0) return { root: undefined, problems };
  const [first, second] = documents;
  if (first?.contents == null) return { root: undefined, problems };
  if (second !== undefined) {
    const origin = { place: path, line: lines.linePos(second.range[0]).line };
    problems.push(problem('warning', 'yaml_second_document', {}, origin));
  }
  const builder = new TreeBuilder(path, lines);
  const root = builder.build(first.contents);
  problems.push(...builder.problems.slice(0, YAML_PROBLEMS_MAX));
  const empty = root.kind === 'scalar' && root.value === null;
  const unusable = problems.some((each) => each.severity === 'error');
  return { root: empty || unusable ? undefined : root, problems };
}

/** Before anything else is done with the text: whatever reads it takes its time. */
export function yamlTooLong(text: string, path: string): Problem | undefined {
  if (text.length <= YAML_CHARS_MAX) return undefined;
  const reason = `it has ${text.length} characters, and at most ${YAML_CHARS_MAX} (YAML_CHARS_MAX) are read`;
  return problem('error', 'yaml_limit', { reason }, { place: path });
}

/** Counted by the parser's own lexer, which takes a fraction of its time and stops where there are too many. */
function tooManyTokens(text: string, path: string): Problem | undefined {
  let count = 0;
  for (const _ of new Lexer().lex(text)) {
    if (++count <= YAML_TOKENS_MAX) continue;
    const reason = `it has more than ${YAML_TOKENS_MAX} (YAML_TOKENS_MAX) words, marks and lines`;
    return problem('error', 'yaml_limit', { reason }, { place: path });
  }
  return undefined;
}

/** The tree as plain JavaScript values, for a validator; origins are looked up in the tree again by path. */
export function plainOf(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainOf);
  return Object.fromEntries([...node.entries].map(([key, value]) => [key, plainOf(value)]));
}

function* errorsOf(parsed: ReturnType<typeof parseAllDocuments>): Iterable<YAMLError> {
  const documents = 'empty' in parsed ? [parsed] : parsed;
  for (const document of documents) {
    for (const error of document.errors) if (error instanceof YAMLError) yield error;
  }
}

function tooDeep(origin: Origin): Problem {
  const reason = `it is nested deeper than ${YAML_DEPTH_MAX} (YAML_DEPTH_MAX) levels`;
  return problem('error', 'yaml_limit', { reason }, origin);
}

interface Entry {
  readonly node: YamlNode;
  readonly line: number | undefined;
  readonly merged: boolean;
}

/** Walks the parser's nodes once, in the order of the text, so that an alias means the last anchor above it. */
class TreeBuilder {
  readonly problems: Problem[] = [];
  readonly #path: string;
  readonly #lines: LineCounter;
  readonly #anchors = new Map<string, YamlNode | 'open'>();
  /** How many nodes each list or mapping is once its aliases are written out. */
  readonly #sizes = new Map<YamlNode, number>();
  #aliases = 0;
  #stopped = false;

  constructor(path: string, lines: LineCounter) {
    this.#path = path;
    this.#lines = lines;
  }

  build(contents: Node): YamlNode {
    return this.#node(contents, this.#originOf(contents, undefined), 0);
  }

  #node(from: unknown, origin: Origin, depth: number): YamlNode {
    if (this.#stopped) return nothing(origin);
    if (depth > YAML_DEPTH_MAX) return this.#stop(tooDeep(origin));
    if (isAlias(from)) return this.#alias(from.source, origin);
    const anchor = isScalar(from) || isMap(from) || isSeq(from) ? from.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, 'open');
    const built = this.#unaliased(from, origin, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    return built;
  }

  #unaliased(from: unknown, origin: Origin, depth: number): YamlNode {
    if (isMap(from)) {
      this.#checkTag(from.tag, ['tag:yaml.org,2002:map'], origin);
      return this.#map(from.items, origin, depth);
    }
    if (isSeq(from)) {
      this.#checkTag(from.tag, ['tag:yaml.org,2002:seq'], origin);
      const items = from.items.map((item) => this.#node(item, this.#originOf(item, origin.key), depth + 1));
      return this.#sized({ kind: 'list', items, origin }, items);
    }
    return isScalar(from) ? this.#scalar(from, origin) : nothing(origin);
  }

  #scalar(from: Scalar, origin: Origin): YamlScalar {
    const text = from.source ?? '';
    const quoted = from.type !== undefined && from.type !== Scalar.PLAIN;
    const tag = from.tag?.replace('tag:yaml.org,2002:', '!!');
    if (tag === '!!str') return { kind: 'scalar', value: text, text, quoted: true, origin };
    if (tag === undefined || tag === '!') {
      return { kind: 'scalar', value: quoted ? text : psychScalar(text), text, quoted, origin };
    }
    if (tag === '!!int' || tag === '!!float' || tag === '!!bool' || tag === '!!null') {
      return { kind: 'scalar', value: psychScalar(text), text, quoted, origin };
    }
    this.#checkTag(tag, [], origin);
    return nothing(origin);
  }

  #map(items: readonly { key: unknown; value: unknown }[], origin: Origin, depth: number): YamlNode {
    const entries = new Map<string, Entry>();
    for (const { key: keyNode, value: valueNode } of items) {
      if (this.#stopped) break;
      const key = this.#key(keyNode, origin);
      if (key === undefined) continue;
      const line = this.#lineOf(keyNode);
      const at = { ...this.#place(line), key };
      const node = this.#node(valueNode, at, depth + 1);
      const merges =
        key === '<<' && isScalar(keyNode) && keyNode.type === Scalar.PLAIN && keyNode.tag === undefined;
      if (merges && this.#merge(entries, node, at)) continue;
      const before = entries.get(key);
      if (before !== undefined && !before.merged) {
        this.problems.push(problem('error', 'yaml_duplicate_key', { key, line: before.line }, at));
      }
      entries.set(key, { node, line, merged: false });
    }
    const nodes = new Map([...entries].map(([key, entry]) => [key, entry.node]));
    return this.#sized({ kind: 'map', entries: nodes, origin }, nodes.values());
  }

  /**
   * Psych merges where the `<<` stands: it wins over the keys above it and loses to the keys below. False when the value
   * is no mapping, which Psych keeps as a key named `<<`.
   */
  #merge(entries: Map<string, Entry>, from: YamlNode, at: Origin): boolean {
    const maps = from.kind === 'map' ? [from] : from.kind === 'list' ? [...from.items].reverse() : [];
    if (maps.length === 0 || !maps.every((each) => each.kind === 'map')) return false;
    for (const map of maps) {
      for (const [key, node] of map.entries) {
        const before = entries.get(key);
        if (before !== undefined && !before.merged) {
          const details = { key, line: before.line, from: node.origin.line };
          this.problems.push(problem('warning', 'yaml_merge_order', details, at));
        }
        entries.set(key, { node, line: node.origin.line, merged: true });
      }
    }
    return true;
  }

  #key(from: unknown, origin: Origin): string | undefined {
    const node =
      isScalar(from) || isAlias(from) ? this.#node(from, this.#originOf(from, undefined), 0) : undefined;
    if (node?.kind === 'scalar') return node.value === null ? node.text : String(node.value);
    const reason = 'a key must be a word, not a list or a mapping';
    const at = from === null ? origin : this.#originOf(from, origin.key);
    this.problems.push(problem('error', 'yaml_syntax', { reason }, at));
    return undefined;
  }

  #alias(name: string, origin: Origin): YamlNode {
    this.#aliases += 1;
    if (this.#aliases > YAML_ALIASES_MAX) {
      const reason = `it has more than ${YAML_ALIASES_MAX} (YAML_ALIASES_MAX) aliases`;
      return this.#stop(problem('error', 'yaml_limit', { reason }, origin));
    }
    const found = this.#anchors.get(name);
    // A scalar takes the line of its own key; a mapping's entries keep the lines where they are written.
    if (found !== undefined && found !== 'open')
      return found.kind === 'scalar' ? { ...found, origin } : found;
    // The name may be a password that was meant to be quoted, so it is not repeated.
    const reason =
      found === 'open'
        ? 'an alias (*) stands inside the value that it names'
        : 'an alias (*) names no anchor (&) above it; put the value in quotes if it begins with *';
    this.problems.push(problem('error', 'yaml_syntax', { reason }, origin));
    return nothing(origin);
  }

  #sized(node: YamlNode, children: Iterable<YamlNode>): YamlNode {
    let size = 1;
    for (const child of children) size += this.#sizes.get(child) ?? 1;
    this.#sizes.set(node, size);
    if (size <= YAML_NODES_MAX) return node;
    const reason = `with its aliases written out it has more than ${YAML_NODES_MAX} (YAML_NODES_MAX) values`;
    return this.#stop(problem('error', 'yaml_limit', { reason }, node.origin));
  }

  /** Tags construct objects in Ruby; none is followed here beyond the plain types. */
  #checkTag(tag: string | undefined, allowed: readonly string[], origin: Origin): void {
    if (tag === undefined || tag === '!' || allowed.includes(tag)) return;
    const reason = 'a tag (!) is used that is not read here; put the value in quotes if it begins with !';
    this.problems.push(problem('error', 'yaml_syntax', { reason }, origin));
  }

  #stop(why: Problem): YamlNode {
    this.#stopped = true;
    this.problems.push(why);
    return nothing(why.origin ?? { place: this.#path });
  }

  #originOf(node: unknown, key: string | undefined): Origin {
    return { ...this.#place(this.#lineOf(node)), ...(key === undefined ? {} : { key }) };
  }

  #place(line: number | undefined): Origin {
    return line === undefined ? { place: this.#path } : { place: this.#path, line };
  }

  #lineOf(node: unknown): number | undefined {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
    return range == null ? undefined : this.#lines.linePos(range[0]).line;
  }
}

function nothing(origin: Origin): YamlScalar {
  return { kind: 'scalar', value: null, text: '', quoted: false, origin };
}
