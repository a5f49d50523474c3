// Rules about imports and exports: the law of rooms, no defaults, no barrels, nothing that only development has.

import type { ReadFile, Rule } from './read_file.ts';
import { complaintAboutImport } from './rooms.ts';
import { importsOf, readsAs, word } from './syntax.ts';

/** `dependencies` are those that the built agent may have: package.json's, without the ones for development. */
export function importRules(dependencies: readonly string[]): readonly Rule[] {
  function* packages({ path, isTest, code }: ReadFile): Iterable<readonly [number, string]> {
    if (isTest || !path.startsWith('agent/')) return;
    for (const { specifier, line, typeOnly } of importsOf(code)) {
      if (typeOnly || specifier.startsWith('.') || /^(?:node|bun):|^bun$/.test(specifier)) continue;
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
      if (dependencies.includes(name)) continue;
      yield [line, `The agent may not import ${name}: package.json does not list it under dependencies`];
    }
  }
  return [rooms, exports, packages];
}

function* rooms(file: ReadFile): Iterable<readonly [number, string]> {
  for (const found of importsOf(file.code)) {
    const sentence = complaintAboutImport(file.path, found);
    if (sentence !== undefined) yield [found.line, sentence];
  }
}

function* exports({ code }: ReadFile): Iterable<readonly [number, string]> {
  for (const [index, token] of code.tokens.entries()) {
    if (token.text !== 'export' || code.depths[index] !== 0) continue;
    if (readsAs(code, index, 'export', 'default')) yield [token.line, 'Export by name: no default exports'];
    const list = readsAs(code, index, 'export', 'type') ? index + 2 : index + 1;
    const end = word(code, list) === '{' ? (code.partners.get(list) ?? list) : list;
    const isBarrel = word(code, list) === '*' || (end !== list && word(code, end + 1) === 'from');
    if (isBarrel)
      yield [token.line, 'Import it where it is: no barrel files, no exports of what another file holds'];
  }
}
