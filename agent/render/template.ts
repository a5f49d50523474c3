// Fills a template: mustache, into which only values go that were quoted for the syntax around them.

import Mustache from 'mustache';

/** A value as the file's own syntax reads it back. Whoever makes one has quoted it. */
export class Quoted {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Mustache (mustache(5)) is logic-free, so that a template can be read by whoever knows the file that it makes. What
 * `{{name}}` stands for must be Quoted: a plain text in the view is our mistake, and throws. `{{{name}}}`, partials and
 * other delimiters would go round that, and are refused.
 */
export function fill(template: string, view: object): string {
  const unquoted = /\{\{\s*[{&>=]/.exec(template);
  if (unquoted !== null) throw new Error(`a template may not use ${unquoted[0]}: it would not be quoted`);
  return Mustache.render(template, view, {}, { escape: textOf });
}

function textOf(value: unknown): string {
  if (value instanceof Quoted) return value.text;
  throw new Error(`a template was given a ${typeof value} that nobody quoted`);
}
