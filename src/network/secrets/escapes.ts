/** One character in UTF-8, each byte of it as two hexadecimal digits behind `mark`. */
function bytes(mark: string): string[] {
  const next = `${mark}[89ab][0-9a-f]`;
  return [`[0-7]`, `[cd]`, `e`, `f(?=[0-7])`].map((lead, more) => `${mark}${lead}[0-9a-f](?:${next}){${more}}`);
}

/** What stands for one character, as URLs, HTML, JSON and the languages that make error pages write it. */
export const escapes = new RegExp(
  [
    // URLs, and the units of UTF-16, as JavaScript's `escape` has them.
    ...bytes('%'),
    '%u[0-9a-f]{4}',
    // HTML: numbers, and names; the oldest of them end without a semicolon.
    '&#[0-9]{1,7};?',
    '&#x[0-9a-f]{1,6};?',
    '&[a-z][a-z0-9]{1,11};',
    '&(?:amp|lt|gt|quot|nbsp)',
    // JSON, JavaScript, PHP, Python and C.
    '\\\\u\\{[0-9a-f]{1,6}\\}',
    '\\\\u00(?:0[0-9a-f]|10)[0-9a-f]{4}',
    '\\\\u[0-9a-f]{4}',
    ...bytes('\\\\x'),
    '\\\\x[0-9a-f]{2}',
    '\\\\[0-3][0-7]{2}',
    '\\\\["\'\\\\/bfnrt]',
  ].join('|'),
  'gi',
);

const ascii: Readonly<Record<string, string>> = {
  tab: '\t',
  newline: '\n',
  excl: '!',
  quot: '"',
  num: '#',
  dollar: '$',
  percnt: '%',
  amp: '&',
  apos: "'",
  lpar: '(',
  rpar: ')',
  ast: '*',
  plus: '+',
  comma: ',',
  period: '.',
  sol: '/',
  colon: ':',
  semi: ';',
  lt: '<',
  equals: '=',
  gt: '>',
  quest: '?',
  commat: '@',
  lsqb: '[',
  lbrack: '[',
  bsol: '\\',
  rsqb: ']',
  rbrack: ']',
  hat: '^',
  lowbar: '_',
  grave: '`',
  lcub: '{',
  lbrace: '{',
  verbar: '|',
  vert: '|',
  rcub: '}',
  rbrace: '}',
  euro: '€',
};

/** U+00A0 to U+00DF, and U+00E0 to U+00FF without regard to case, but for two. */
const latin = (
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr ' +
  'deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest ' +
  'agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml ' +
  'eth ntilde ograve oacute ocirc otilde ouml times oslash ugrave uacute ucirc uuml yacute thorn szlig'
).split(' ');
const named: Readonly<Record<string, string>> = {
  ...Object.fromEntries(latin.map((name, at) => [name, String.fromCodePoint(0xa0 + at)])),
  divide: '÷',
  yuml: 'ÿ',
  ...ascii,
};

const control: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** What a match of `escapes` stands for; undefined: it is a name of nothing. */
export function characterOf(escape: string): string | undefined {
  // Eight digits are those of `\U`; behind `\u` what comes after four stands for itself.
  if (/\\u[0-9a-fA-F]/.test(escape)) return fromCode(Number.parseInt(escape.slice(2, 6), 16)) + escape.slice(6);
  const code = /^(?:%u|&#x|\\u\{?|\\x(?=..$))([0-9a-f]+)/i.exec(escape)?.[1];
  if (code !== undefined) return fromCode(Number.parseInt(code, 16));
  if (/%|\\x/i.test(escape)) return Buffer.from(escape.replace(/%|\\x/gi, ''), 'hex').toString('utf8');
  const inner = escape.replace(/&#?|^\\|;/g, '');
  if (escape.startsWith('&#')) return fromCode(Number(inner));
  if (escape.startsWith('&')) return Object.hasOwn(named, inner.toLowerCase()) ? named[inner.toLowerCase()] : undefined;
  return /\d/.test(inner) ? fromCode(Number.parseInt(inner, 8)) : (control[inner] ?? inner);
}

function fromCode(code: number): string {
  return code <= 0x10_ffff ? String.fromCodePoint(code) : '\ufffd';
}
