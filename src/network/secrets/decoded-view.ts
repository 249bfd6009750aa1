import { byteCodes } from './byte-codes.ts';
import { characterOf, escapes } from './escapes.ts';

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

/** NUL: what is UTF-16 and read as something else has one beside each letter. */
const invisible = /[\p{Cf}\0]/u;

/** Characters and, for each, where it began and ended in the first text; undefined: where it stands. */
interface Mapped {
  readonly text: string;
  readonly from?: readonly number[];
  readonly to?: readonly number[];
}

/**
 * The text as it reads, and in front of that what it reads as when what stands for bytes in it is read, too: one view for each
 * way in which it can be. Total, and without regard to case. Linear in the length of the text.
 */
export function decodedViews(text: string): [DecodedView, ...DecodedView[]] {
  const plain = isPlain.test(text) ? undefined : decoded(visible(text));
  const read = byteCodes.flatMap((code) => replaced(plain ?? { text }, code.pattern, code.read) ?? []);
  return [
    plain === undefined ? lowerCase(text) : viewOf(plain, text.length),
    ...read.map((one) => viewOf(decoded(one), text.length)),
  ];
}

/** The first of them. */
export function decodedView(text: string): DecodedView {
  return isPlain.test(text) ? lowerCase(text) : viewOf(decoded(visible(text)), text.length);
}

/** Nothing to decode, as nearly always: no tables are made. */
const isPlain = /^[^%&\\+\0\x7f-\uffff]*$/;

function lowerCase(text: string): DecodedView {
  return { text: text.toLowerCase(), rangeOf: (from, to) => [from, to] };
}

function viewOf(mapped: Mapped, length: number): DecodedView {
  const folded = foldedOf(mapped);
  return { text: folded.text, rangeOf: (from, to) => [folded.from[from] ?? 0, folded.to[to - 1] ?? length] };
}

function decoded(first: Mapped): Mapped {
  let mapped = first;
  for (let round = 0; round < mostRounds; round += 1) {
    const next = replaced(mapped, escapes, characterOf);
    if (next === undefined) break;
    mapped = next;
  }
  return mapped;
}

/** Without what cannot be seen: it could stand within an escape. */
function visible(text: string): Mapped {
  if (!invisible.test(text)) return { text };
  const from = Array.from({ length: text.length }, (_, at) => at).filter((at) => !invisible.test(text.charAt(at)));
  return { text: from.map((at) => text[at]).join(''), from, to: from.map((at) => at + 1) };
}

/** With what `read` makes of each match, which it may leave; undefined: it left all. */
function replaced(
  { text, from, to }: Mapped,
  pattern: RegExp,
  read: (match: string) => string | undefined,
): Mapped | undefined {
  const out = { text: '', from: [] as number[], to: [] as number[] };
  let at = 0;
  const copy = (until: number): void => {
    out.text += text.slice(at, until);
    for (; at < until; at += 1) {
      out.from.push(from?.[at] ?? at);
      out.to.push(to?.[at] ?? at + 1);
    }
  };
  for (const match of text.matchAll(pattern)) {
    const meant = read(match[0]);
    if (meant === undefined) continue;
    copy(match.index);
    const last = at + match[0].length - 1;
    append(out, meant, from?.[at] ?? at, to?.[last] ?? last + 1);
    at = last + 1;
  }
  if (at === 0) return undefined;
  copy(text.length);
  return out;
}

/** Puts `text` behind, each unit of which stands for what was between `from` and `to`. */
function append(out: { text: string; from: number[]; to: number[] }, text: string, from: number, to: number): void {
  out.text += text;
  for (let unit = 0; unit < text.length; unit += 1) {
    out.from.push(from);
    out.to.push(to);
  }
}

/** Empty for what cannot be seen. Upper case first: some letters become two there, which no lower case undoes. */
function foldedCase(character: string): string {
  if (invisible.test(character)) return '';
  if (character < '\x80') return character.toLowerCase();
  return character.normalize('NFKD').toUpperCase().normalize('NFKD').toLowerCase();
}

/** Decomposed, in one case, a plus as the space that forms write it for, without what cannot be seen. */
function foldedOf({ text, from, to }: Mapped): Required<Mapped> {
  const out = { text: '', from: [] as number[], to: [] as number[] };
  let at = 0;
  for (const character of text) {
    const folded = character === '+' ? ' ' : foldedCase(character);
    const last = at + character.length - 1;
    append(out, folded, from?.[at] ?? at, to?.[last] ?? last + 1);
    at = last + 1;
  }
  return out;
}
