// Brings together what the sources say of each database, and gives each the name that clients ask for.

import { type Problem, problem } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { type Origin, printOrigin } from '../base/origin.ts';
import { ANY_DATABASE } from './any_database.ts';
import { type Chosen, choose } from './merge.ts';
import type { DatabaseDraft, DatabaseField, Located } from './source.ts';

export interface MergedDatabase {
  /** What clients ask for. */
  readonly name: string;
  /** What the application's own configuration calls it; the name, for a database that only pgsidecar.yml has. */
  readonly key: string;
  readonly origin: Origin;
  readonly fields: Readonly<Partial<Record<DatabaseField, Chosen<string | number>>>>;
  readonly parameters: Readonly<Record<string, Chosen<string>>>;
}

/** Of two sources that speak of one database, these must not differ: the password of one server is not sent to another. */
const IDENTITY: readonly DatabaseField[] = ['host', 'port', 'dbname', 'user'];
/** Ways to say one thing: the strongest source that says it at all decides alone. */
const PASSWORD: readonly DatabaseField[] = ['password', 'password_file', 'password_command', 'secret_id'];
/** The second password belongs to the first: a weaker source's is not put beside a stronger source's. */
const NEXT_PASSWORD: readonly DatabaseField[] = PASSWORD.map((field) => `${field}_next` as DatabaseField);

/** `own` are those of pgsidecar.yml; `applications` those of each application source, the strongest first. */
export function mergeDatabases(
  own: readonly DatabaseDraft[],
  applications: readonly (readonly DatabaseDraft[])[],
): { readonly databases: readonly MergedDatabase[]; readonly problems: readonly Problem[] } {
  const merger = new Merger();
  for (const drafts of applications) for (const draft of drafts) merger.addApplication(draft);
  merger.nameApplications();
  merger.addOwn(own);
  return { databases: merger.databases(), problems: merger.problems };
}

/** What a later draft adds goes behind what is there. */
class Growing {
  name = '';
  readonly key: string;
  readonly origin: Origin;
  readonly fields = new Map<DatabaseField, Located<string | number>[]>();
  readonly parameters = new Map<string, Located<string>[]>();

  constructor(key: string, origin: Origin) {
    this.key = key;
    this.origin = origin;
  }

  written(field: DatabaseField): string | undefined {
    const value = this.fields.get(field)?.[0]?.value;
    return value === undefined ? undefined : String(value);
  }

  /** Only `lost`: for the eyes of explain, behind a value that is there. */
  add(draft: DatabaseDraft, only?: 'lost'): void {
    const saysPassword = PASSWORD.some((field) => this.fields.has(field));
    const saysNext = saysPassword || NEXT_PASSWORD.some((field) => this.fields.has(field));
    const isSaid = (field: DatabaseField) =>
      (saysPassword && PASSWORD.includes(field)) || (saysNext && NEXT_PASSWORD.includes(field));
    for (const [field, located] of Object.entries(draft.fields) as [
      DatabaseField,
      Located<string | number>,
    ][]) {
      if (field === 'from') continue;
      const there = this.fields.get(field);
      if (there !== undefined) there.push(located);
      else if (only !== 'lost' && !isSaid(field)) this.fields.set(field, [located]);
    }
    for (const [name, located] of Object.entries(draft.parameters)) {
      const there = this.parameters.get(name);
      if (there !== undefined) there.push(located);
      else if (only !== 'lost') this.parameters.set(name, [located]);
    }
  }

  /** libpq's rule: without a dbname it is the user's name. */
  naturalName(): Located<string> {
    const said = this.fields.get('dbname')?.[0] ?? this.fields.get('user')?.[0];
    return said === undefined
      ? { value: this.key, origin: this.origin }
      : { ...said, value: String(said.value) };
  }

  merged(): MergedDatabase {
    const { name, key, origin } = this;
    const fields = [...this.fields].map(([field, written]) => [field, choose(written)]);
    const parameters = [...this.parameters].map(([parameter, written]) => [parameter, choose(written)]);
    return {
      name,
      key,
      origin,
      fields: Object.fromEntries(fields),
      parameters: Object.fromEntries(parameters),
    };
  }
}

class Merger {
  readonly problems: Problem[] = [];
  /** By the application's key; the drafts that grew into each, the strongest first. */
  readonly #applications = new Map<string, { grown: Growing; drafts: DatabaseDraft[] }>();
  readonly #taken = new Set<string>();
  readonly #served: Growing[] = [];

  addApplication(draft: DatabaseDraft): void {
    const there = this.#applications.get(draft.key);
    if (there === undefined) {
      const grown = new Growing(draft.key, draft.origin);
      grown.add(draft);
      this.#applications.set(draft.key, { grown, drafts: [draft] });
      return;
    }
    const differs = IDENTITY.find((field) => {
      const [ours, theirs] = [there.grown.written(field), draft.fields[field]?.value];
      return ours !== undefined && theirs !== undefined && ours !== String(theirs);
    });
    if (differs === undefined) {
      there.grown.add(draft);
      there.drafts.push(draft);
      return;
    }
    there.grown.add(draft, 'lost');
    const theirs = draft.fields[differs];
    const stronger = printOrigin(there.grown.fields.get(differs)?.[0]?.origin ?? there.grown.origin);
    const reason = `its ${differs} is "${theirs?.value}", and "${there.grown.written(differs)}" at ${stronger}, which comes first`;
    this.problems.push(
      problem('warning', 'source_conflict', { database: draft.key, reason }, theirs?.origin ?? draft.origin),
    );
  }

  /**
   * The writer keeps its dbname. Another database has its own dbname too, unless that is taken, as a replica's always is:
   * then `<dbname>_<key>`.
   */
  nameApplications(): void {
    const grown = [...this.#applications.values()].map((each) => each.grown);
    const rank = (each: Growing) => (each.key === 'primary' ? 0 : each.written('role') === 'replica' ? 2 : 1);
    const names = new Set<string>();
    for (const each of grown.toSorted((a, b) => rank(a) - rank(b))) {
      const dbname = each.naturalName().value;
      each.name = names.has(dbname) ? `${dbname}_${each.key}` : dbname;
      names.add(each.name);
      if (!each.fields.has('dbname')) each.fields.set('dbname', [each.naturalName()]);
    }
  }

  addOwn(drafts: readonly DatabaseDraft[]): void {
    for (const draft of drafts) {
      const from = draft.fields.from;
      const key = from === undefined ? this.#keyOf(draft.key) : String(from.value);
      const application = key === undefined ? undefined : this.#applications.get(key);
      if (from !== undefined && application === undefined) {
        this.problems.push(this.#unknownFrom(String(from.value), from.origin));
        continue;
      }
      const grown = new Growing(application?.grown.key ?? draft.key, draft.origin);
      grown.name = from === undefined ? (application?.grown.name ?? draft.key) : draft.key;
      grown.add(draft);
      for (const weaker of application?.drafts ?? []) grown.add(weaker);
      const natural = application?.grown.naturalName() ?? { value: draft.key, origin: draft.origin };
      // What stands for every name has the one that is asked for.
      if (!grown.fields.has('dbname') && draft.key !== ANY_DATABASE) grown.fields.set('dbname', [natural]);
      if (application !== undefined) this.#taken.add(application.grown.key);
      this.#served.push(grown);
    }
  }

  databases(): readonly MergedDatabase[] {
    const keys = [...this.#applications.keys()];
    const left = keys.filter((key) => !this.#taken.has(key)).map((key) => this.#applications.get(key)!.grown);
    const place = (each: Growing) => (keys.includes(each.key) ? keys.indexOf(each.key) : keys.length);
    const inOrder = [...left, ...this.#served].toSorted((a, b) => place(a) - place(b));
    const byName = new Map<string, Growing>();
    for (const each of inOrder) {
      const there = byName.get(each.name);
      if (there === undefined) byName.set(each.name, each);
      else {
        const reason = `the name is taken by ${printOrigin(there.origin)}; give one of them another name: \`databases: NAME: from: ${each.key}\``;
        this.problems.push(
          problem('error', 'database_unusable', { database: each.name, reason }, each.origin),
        );
      }
    }
    return [...byName.values()].map((each) => each.merged());
  }

  /** An entry without `from` speaks of the application's database of that key, else of that name. */
  #keyOf(name: string): string | undefined {
    if (this.#applications.has(name)) return name;
    return [...this.#applications.values()].find((each) => each.grown.name === name)?.grown.key;
  }

  #unknownFrom(value: string, origin: Origin): Problem {
    const keys = [...this.#applications.keys()];
    const meant = nearest(value, keys);
    const expected =
      keys.length === 0
        ? "a database of the application's configuration, which has none"
        : `one of the application's databases (${keys.join(', ')})${meant === undefined ? '' : `; did you mean "${meant}"?`}`;
    return problem('error', 'setting_invalid', { setting: 'from', value, expected }, origin);
  }
}
