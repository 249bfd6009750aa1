import type { ErrorCode } from 'yaml';

/** Our own words: the parser's messages can quote the text, and the text can be a secret. */
const messages: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'expected an alias without tag or anchor, got one with',
  BAD_ALIAS: 'expected an alias of an anchor above it, got one without',
  BAD_COLLECTION_TYPE: 'expected a tag that fits its value, got another',
  BAD_DIRECTIVE: 'expected a YAML directive, got something else',
  BAD_DQ_ESCAPE: 'expected an escape sequence that YAML knows, got another; single quotes need none',
  BAD_INDENT: 'expected an indentation that fits the lines above, and each { and [ closed, got something else',
  BAD_PROP_ORDER: 'expected anchor and tag before the value, got them elsewhere',
  BAD_SCALAR_START: 'expected a value that starts with a plain character, got a reserved one; quote the value',
  BLOCK_AS_IMPLICIT_KEY: 'expected one "key: value" on a line, got a second; quote a value that holds ": "',
  BLOCK_IN_FLOW: 'expected no block collection between { } or [ ], got one',
  DUPLICATE_KEY: 'expected each name once, got a duplicate name',
  IMPOSSIBLE: 'expected YAML, got something else',
  KEY_OVER_1024_CHARS: 'expected a key of at most 1024 characters, got a longer one',
  MISSING_CHAR: 'expected a closing quote or bracket, a comma or a space, got something else',
  MULTILINE_IMPLICIT_KEY: 'expected a key on one line with ":" after it, got several lines; is a ":" missing?',
  MULTIPLE_ANCHORS: 'expected one anchor, got several',
  MULTIPLE_DOCS: 'expected one YAML document, got several',
  MULTIPLE_TAGS: 'expected one tag, got several',
  NON_STRING_KEY: 'expected a string as key, got something else',
  RESOURCE_EXHAUSTION: 'expected fewer nested values, got too many',
  TAB_AS_INDENT: 'expected spaces as indentation, got a tab',
  TAG_RESOLVE_FAILED: 'expected no tag, got one that this file cannot have; quote a value that starts with "!"',
  UNEXPECTED_TOKEN: 'expected the end of the value, got more; quote a value with special characters',
};

/** What is wrong with the syntax, without quoting the text. */
export function syntaxMessage(code: ErrorCode): string {
  return messages[code];
}
