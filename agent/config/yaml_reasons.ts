// What the YAML parser's complaints mean, in words for whoever has to mend the file; never a piece of the file itself.

import type { ErrorCode, YAMLError } from 'yaml';

// The parser's own messages quote the text, and the text holds passwords.
const REASONS: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*) cannot have an anchor (&) or a tag (!) of its own',
  BAD_ALIAS:
    'an alias (*) or anchor (&) has no usable name; put the value in quotes if it begins with * or &',
  BAD_COLLECTION_TYPE: 'a tag (!) does not fit the list or mapping behind it',
  BAD_DIRECTIVE: 'a line begins with %, which is for directives such as %YAML',
  BAD_DQ_ESCAPE: 'a backslash in double quotes begins no known escape; use single quotes or write \\\\',
  BAD_INDENT: 'the indentation does not fit the lines above, or a bracket is not closed',
  BAD_PROP_ORDER: 'anchors (&) and tags (!) must stand before the value, on the line of the key',
  BAD_SCALAR_START:
    'a value begins with a character that YAML keeps for itself (@ ` % , | > and the like); put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a value holds ": ", which begins a mapping; put it in quotes',
  BLOCK_IN_FLOW: 'a block (| > - or an indented mapping) stands inside [ ] or { }',
  DUPLICATE_KEY: 'a key is set twice',
  IMPOSSIBLE: 'the line cannot be understood',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters',
  MISSING_CHAR: 'something is missing: a ":" after a key, a comma, a closing quote or a closing bracket',
  MULTILINE_IMPLICIT_KEY: 'a key runs over several lines; is the ":" behind it missing?',
  MULTIPLE_ANCHORS: 'a value has two anchors (&)',
  MULTIPLE_DOCS: 'a second document (---) begins here',
  MULTIPLE_TAGS: 'a value has two tags (!)',
  NON_STRING_KEY: 'a key must be a word',
  RESOURCE_EXHAUSTION: 'the file asks for more than the parser gives',
  TAB_AS_INDENT: 'the line is indented with a tab; YAML takes spaces only',
  TAG_RESOLVE_FAILED: 'a tag (!) is used that is not read here; put the value in quotes if it begins with !',
  UNEXPECTED_TOKEN: 'something stands where YAML expects none; is a quote or an indentation wrong?',
};

export function yamlReason(error: YAMLError, text: string): string {
  if (error.code === 'MISSING_CHAR' && /^Missing closing/.test(error.message)) {
    return `a quote (${text[openingQuote(text, error.pos[0])] ?? '"'}) is opened and never closed`;
  }
  return REASONS[error.code] ?? 'the line cannot be understood';
}

function openingQuote(text: string, end: number): number {
  return Math.max(text.lastIndexOf('"', end), text.lastIndexOf("'", end));
}
