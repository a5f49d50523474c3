// Kubernetes' manifests of this folder: read, overlaid as kustomize does it, and held against Kubernetes' own schemas.

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAllDocuments, parse as parseYaml } from 'yaml';

export const FOLDER = resolve(import.meta.dir, '..');

// biome-ignore lint/suspicious/noExplicitAny: what a manifest holds is for the schema to say
export type Manifest = any;

/** Every document of a file, by the rules of Kubernetes' own reader: 0440 is octal there. */
export function readManifests(path: string): readonly Manifest[] {
  return parseAllDocuments(readFileSync(path, 'utf8'), { version: '1.1' }).map((each) => {
    if (each.errors.length > 0) throw new Error(`${path}: ${each.errors[0]?.message}`);
    return each.toJS();
  });
}

/** What this folder uses of a kustomization; another field is an error, since `build()` would not follow it. */
interface Kustomization {
  readonly namespace?: string;
  readonly resources?: readonly string[];
  readonly configMapGenerator?: readonly {
    readonly name: string;
    readonly behavior?: string;
    readonly files: readonly string[];
  }[];
  readonly patches?: readonly { readonly path: string }[];
  readonly images?: readonly { readonly name: string; readonly newTag: string }[];
  readonly labels?: readonly {
    readonly pairs: Readonly<Record<string, string>>;
    readonly includeTemplates?: boolean;
  }[];
  readonly generatorOptions?: { readonly disableNameSuffixHash?: boolean };
}

const FOLLOWED = [
  'apiVersion',
  'kind',
  'namespace',
  'resources',
  'configMapGenerator',
  'patches',
  'images',
  'labels',
];

/** `kubectl kustomize FOLDER`, as far as the kustomizations of this folder go. */
export function build(folder: string): readonly Manifest[] {
  const kustomization = parseYaml(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as Kustomization;
  const unknown = Object.keys(kustomization).filter(
    (key) => ![...FOLLOWED, 'generatorOptions'].includes(key),
  );
  if (unknown.length > 0) throw new Error(`${folder}: build() does not follow ${unknown.join(', ')}`);
  let all = (kustomization.resources ?? []).flatMap((each) =>
    each.endsWith('.yaml') ? readManifests(join(folder, each)) : build(join(folder, each)),
  );
  for (const { name, files } of kustomization.configMapGenerator ?? []) {
    const data = Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
    // One that is replaced keeps its labels.
    const before = all.find((each) => each.kind === 'ConfigMap' && each.metadata.name === name);
    all = all.filter((each) => each !== before);
    all.push({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...before?.metadata, name }, data });
  }
  for (const { path } of kustomization.patches ?? []) {
    const [patch] = readManifests(join(folder, path));
    all = all.map((each) => (isSame(each, patch) ? overlaid(each, patch) : each));
  }
  return all.map((each) => finished(each, kustomization));
}

function isSame(one: Manifest, other: Manifest): boolean {
  return one.kind === other.kind && one.metadata.name === other.metadata.name;
}

/** A strategic merge: mappings are merged, lists of named things by their names, other lists replaced. */
function overlaid(base: Manifest, patch: Manifest): Manifest {
  if (Array.isArray(base) && Array.isArray(patch) && patch.every((each) => each?.name !== undefined)) {
    const others = base.map((each) => {
      const found = patch.find(({ name }) => name === each.name);
      return found === undefined ? each : overlaid(each, found);
    });
    return [...others, ...patch.filter(({ name }) => !base.some((each) => each.name === name))];
  }
  if (!isMapping(base) || !isMapping(patch)) return patch;
  const keys = new Set([...Object.keys(base), ...Object.keys(patch)]);
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      key in patch ? (key in base ? overlaid(base[key], patch[key]) : patch[key]) : base[key],
    ]),
  );
}

function isMapping(value: unknown): value is Record<string, Manifest> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function finished(manifest: Manifest, { namespace, images = [], labels = [] }: Kustomization): Manifest {
  const copy = structuredClone(manifest);
  if (namespace !== undefined && copy.kind !== 'Namespace') copy.metadata.namespace = namespace;
  for (const { pairs, includeTemplates } of labels) {
    copy.metadata.labels = { ...copy.metadata.labels, ...pairs };
    const template = copy.spec?.template;
    if (includeTemplates === true && template !== undefined) {
      template.metadata.labels = { ...template.metadata.labels, ...pairs };
    }
  }
  for (const container of containersOf(copy)) {
    const tag = images.find(({ name }) => name === container.image)?.newTag;
    if (tag !== undefined) container.image += `:${tag}`;
  }
  return copy;
}

/** Of a workload, the native sidecars among them. */
export function containersOf({ spec }: Manifest): readonly Manifest[] {
  const pod = spec?.template?.spec ?? {};
  return [...(pod.initContainers ?? []), ...(pod.containers ?? [])];
}

/**
 * What is wrong by the schema of its kind: types, what is missing, and fields that Kubernetes does not know. The schemas let
 * the last pass; so the manifest is handed over such that each field that was asked for is noted, and the rest is unknown.
 */
export async function problemsOf(manifest: Manifest): Promise<readonly string[]> {
  const { apiVersion, kind } = manifest;
  const name = `IoK8sApi${groupOf(apiVersion)}${kind}`;
  const schema = await import(`kubernetes-models/_schemas/${name}`).catch(() => undefined);
  if (schema === undefined) return [`${apiVersion} has no ${kind}`];
  const { validate } = schema as { validate: Validate };
  const asked = new Asked();
  const isValid = validate(asked.watch(manifest, ''));
  const errors = isValid ? [] : (validate.errors ?? []);
  return [
    ...errors.map(
      ({ instancePath, keyword, params }) => `${instancePath} ${keyword} ${JSON.stringify(params)}`,
    ),
    ...asked.unknown().map((path) => `unknown field ${path}`),
  ];
}

type Validate = ((data: Manifest) => boolean) & {
  readonly errors: readonly { instancePath: string; keyword: string; params: object }[] | null;
};

/** `apps/v1` → `AppsV1`, `v1` → `CoreV1`, `networking.k8s.io/v1` → `NetworkingV1`. */
function groupOf(apiVersion: string): string {
  const [version = '', group = 'core'] = apiVersion.split('/').reverse();
  return [group.split('.')[0]!, version].map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

class Asked {
  readonly #paths = new Map<string, Set<string>>();
  readonly #fields = new Map<string, readonly string[]>();

  watch(value: Manifest, path: string): Manifest {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((each, index) => this.watch(each, `${path}.${index}`));
    this.#fields.set(path, Object.keys(value));
    const asked = new Set<string>();
    this.#paths.set(path, asked);
    const watched = Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, this.watch(each, `${path}.${key}`)]),
    );
    return new Proxy(watched, {
      get: (target, key) => {
        asked.add(String(key));
        return target[key as string];
      },
    });
  }

  unknown(): readonly string[] {
    return [...this.#fields].flatMap(([path, fields]) =>
      fields
        .filter((field) => this.#paths.get(path)?.has(field) !== true)
        .map((field) => `${path}.${field}`.slice(1)),
    );
  }
}
