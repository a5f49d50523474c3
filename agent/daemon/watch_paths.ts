// Which directories have to be watched so that no change of a file goes unseen, whatever links its path goes through.

/** What lies at a path, the last link not followed. */
export type PathEntry =
  | {
      readonly kind: 'directory';
      /** Another one when the directory was replaced by a new one of the same name. */
      readonly identity: string;
    }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'other' | 'missing' };

export interface WantedDirectory {
  readonly identity: string;
  /** The entries whose change matters; whatever else happens in the directory does not. */
  readonly names: ReadonlySet<string>;
}

/** As many links as Linux follows in one path (path_resolution(7)): beyond them nothing can be read either. */
export const LINKS_MAX = 40;

/**
 * Walks every path as the kernel does (so `..` behind a link goes up from where the link leads), and names each
 * directory in which the walk could turn out differently: those that hold a link of the path, the one that holds the
 * file, and, where the walk ends early, the last one that there is. All are real paths. `files` are absolute.
 */
export async function watchPaths(
  files: readonly string[],
  entryAt: (path: string) => Promise<PathEntry>,
): Promise<ReadonlyMap<string, WantedDirectory>> {
  const wanted = new Map<string, { identity: string; names: Set<string> }>();
  const seen = new Map<string, PathEntry>();

  async function look(path: string): Promise<PathEntry> {
    const entry = seen.get(path) ?? (await entryAt(path));
    seen.set(path, entry);
    return entry;
  }

  async function want(directory: string, name: string): Promise<void> {
    const there = wanted.get(directory);
    if (there !== undefined) {
      there.names.add(name);
      return;
    }
    const entry = await look(directory);
    // Gone since the walk came through it: whoever took it away is heard one directory up, on the next walk.
    if (entry.kind !== 'directory') return;
    wanted.set(directory, { identity: entry.identity, names: new Set([name]) });
  }

  for (const file of files) await walk(file, look, want);
  return wanted;
}

async function walk(
  file: string,
  look: (path: string) => Promise<PathEntry>,
  want: (directory: string, name: string) => Promise<void>,
): Promise<void> {
  const ahead = componentsOf(file);
  let directory = '/';
  let links = 0;
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    if (name === '..') {
      directory = parentOf(directory);
      continue;
    }
    const path = directory === '/' ? `/${name}` : `${directory}/${name}`;
    const entry = await look(path);
    if (entry.kind === 'directory' && ahead.length > 0) {
      directory = path;
      continue;
    }
    await want(directory, name);
    if (entry.kind !== 'link' || links === LINKS_MAX) return;
    links++;
    if (entry.target.startsWith('/')) directory = '/';
    ahead.unshift(...componentsOf(entry.target));
  }
}

function componentsOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function parentOf(directory: string): string {
  return directory.slice(0, directory.lastIndexOf('/')) || '/';
}
