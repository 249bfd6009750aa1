/**
 * A text as its reader would read it, and where each character of that stands in the text itself. Servers repeat what they were sent
 * as URLs, forms, JSON, HTML and JavaScript have it, twice over, with invisible characters in between and in other normal forms of
 * Unicode: two texts that read the same have the same view.
 */
export interface DecodedView {
  readonly text: string;
  /** Of a part of the view: where it begins and ends in the text. */
  rangeOf(from: number, to: number): readonly [from: number, to: number];
}

/** What was encoded thrice was encoded to deceive, and more often is not looked at. */
const mostRounds = 3;

const escapes = new RegExp(
  [
    // UTF-8 in percent signs: one to four bytes.
    '%[0-7][0-9a-f]',
    '%[cd][0-9a-f]%[89ab][0-9a-f]',
    '%e[0-9a-f](?:%[89ab][0-9a-f]){2}',
    '%f[0-7](?:%[89ab][0-9a-f]){3}',
    // HTML: numbers, and the names of characters that need one.
    '&#[0-9]{1,7};?',
    '&#x[0-9a-f]{1,6};?',
    '&(?:amp|lt|gt|quot|apos|nbsp|plus|equals|sol|bsol|grave|colon|semi|num|percnt|lowbar|commat);',
    // JSON, JavaScript, PHP and Python.
    '\\\\u\\{[0-9a-f]{1,6}\\}',
    '\\\\u[0-9a-f]{4}',
    '\\\\x[0-9a-f]{2}',
    '\\\\["\'\\\\/bfnrt]',
  ].join('|'),
  'gi',
);

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  plus: '+',
  equals: '=',
  sol: '/',
  bsol: '\\',
  grave: '`',
  colon: ':',
  semi: ';',
  num: '#',
  percnt: '%',
  lowbar: '_',
  commat: '@',
};
const control: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

const invisible = /^\p{Cf}$/u;

/** Characters and, for each, where it began and ended in the first text. */
interface Mapped {
  readonly text: string;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Total and without regard to case. Linear in the length of the text. */
export function decodedView(text: string): DecodedView {
  // Nothing to decode, as nearly always: no tables are made.
  if (!/[%&\\+\x7f-\uffff]/.test(text)) return { text: text.toLowerCase(), rangeOf: (from, to) => [from, to] };
  let mapped = visible(text);
  for (let round = 0; round < mostRounds; round += 1) {
    const next = decodedOnce(mapped);
    if (next === undefined) break;
    mapped = next;
  }
  const folded = foldedOf(mapped);
  return { text: folded.text, rangeOf: (from, to) => [folded.from[from] ?? 0, folded.to[to - 1] ?? text.length] };
}

/** Without what cannot be seen: it could stand within an escape. */
function visible(text: string): Mapped {
  const from = Array.from({ length: text.length }, (_, at) => at).filter((at) => !invisible.test(text[at] ?? ''));
  return { text: from.map((at) => text[at]).join(''), from, to: from.map((at) => at + 1) };
}

/** undefined: there was nothing to decode. */
function decodedOnce({ text, from, to }: Mapped): Mapped | undefined {
  const out = { text: '', from: [] as number[], to: [] as number[] };
  let at = 0;
  const copy = (until: number): void => {
    out.text += text.slice(at, until);
    for (; at < until; at += 1) {
      out.from.push(from[at] ?? 0);
      out.to.push(to[at] ?? 0);
    }
  };
  for (const match of text.matchAll(escapes)) {
    copy(match.index);
    const [escape] = match;
    const decoded = characterOf(escape);
    append(out, decoded, from[at], to[at + escape.length - 1]);
    at += escape.length;
  }
  if (at === 0) return undefined;
  copy(text.length);
  return out;
}

/** Puts `text` behind, each unit of which stands for what was between `from` and `to`. */
function append(out: { text: string; from: number[]; to: number[] }, text: string, from = 0, to = 0): void {
  out.text += text;
  for (let unit = 0; unit < text.length; unit += 1) {
    out.from.push(from);
    out.to.push(to);
  }
}

function characterOf(escape: string): string {
  if (escape.startsWith('%')) return Buffer.from(escape.replaceAll('%', ''), 'hex').toString('utf8');
  const inner = escape.replace(/^&#?|^\\|;$/g, '');
  if (escape.startsWith('&#')) return fromCode(/^x/i.test(inner) ? Number.parseInt(inner.slice(1), 16) : Number(inner));
  if (escape.startsWith('&')) return named[inner.toLowerCase()] ?? escape;
  return /^[ux].|^U./.test(inner)
    ? fromCode(Number.parseInt(inner.slice(1).replace('{', ''), 16))
    : (control[inner] ?? inner);
}

function fromCode(code: number): string {
  return code <= 0x10_ffff ? String.fromCodePoint(code) : '\ufffd';
}

/** Upper case first: some letters become two there, which no lower case undoes. */
function foldedCase(character: string): string {
  return character.normalize('NFKD').toUpperCase().normalize('NFKD').toLowerCase();
}

/** Decomposed, in one case, a plus as the space that forms write it for, without what cannot be seen. */
function foldedOf({ text, from, to }: Mapped): Mapped {
  const out = { text: '', from: [] as number[], to: [] as number[] };
  let at = 0;
  for (const character of text) {
    const folded = invisible.test(character) ? '' : foldedCase(character).replace('+', ' ');
    append(out, folded, from[at], to[at + character.length - 1]);
    at += character.length;
  }
  return out;
}
