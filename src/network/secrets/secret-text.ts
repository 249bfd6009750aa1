import { type DecodedView, decodedView, decodedViews } from './decoded-view.ts';

/** Shorter values are no secrets, and replacing them would tear words apart. */
const minSecretChars = 4;
/** A shorter secret may be a word: it is found as a whole word only. */
export const minSafeChars = 8;
/** Of a long secret so much is enough to be worth hiding. */
const fragmentChars = 24;

/** A secret, prepared for being found in what servers say. */
export interface SecretText {
  /** As it is, lowered. */
  readonly literal: string;
  /** As it reads, decoded. */
  readonly view: string;
  readonly wholeWord: boolean;
  /** Characters of it that are hidden even when the rest is not there; undefined: it is found whole or not at all. */
  readonly fragment: number | undefined;
}

/**
 * What `secret` is looked for as: itself, and what base64 (three alignments, both alphabets) and hexadecimal digits make of it.
 * `inParts`: a long part of it is a secret, too. Empty for what is too short to be one.
 */
export function secretTexts(secret: string, inParts: boolean): SecretText[] {
  if (secret.length < minSecretChars) return [];
  return [prepared(secret, inParts), ...encoded(secret).map((text) => prepared(text, false))];
}

function prepared(secret: string, inParts: boolean): SecretText {
  const { text: view } = decodedView(secret);
  return {
    literal: lowered(secret),
    view,
    wholeWord: secret.length < minSafeChars,
    fragment: inParts ? Math.min(fragmentChars, Math.max(minSafeChars, Math.ceil(view.length * 0.6))) : undefined,
  };
}

/** Without what depends on the bytes before and behind it. */
function encoded(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].flatMap((before) => {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
    const whole = shifted.length - (shifted.length % 3);
    const text = shifted
      .subarray(0, whole)
      .toString('base64')
      .slice(before === 0 ? 0 : 4);
    return [text, text.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [...new Set([...inBase64, bytes.toString('hex')])].filter((text) => text.length >= minSafeChars);
}

/** The text with `<secret>` in the place of each secret, in whatever spelling, and of long parts of it. */
export function withoutSecrets(text: string, secrets: readonly SecretText[]): string {
  if (secrets.length === 0) return text;
  const lower = lowered(text);
  const views = decodedViews(text);
  const found = secrets.flatMap((secret) => [
    ...occurrences(lower, secret.literal, secret.wholeWord),
    ...views.flatMap((view) => [...inView(view, secret), ...inText(view, fragments(view.text, secret))]),
  ]);
  return blanked(text, found);
}

/** Characters at the end of `text` that may be the beginning of a secret of which the rest was not read. */
export function startAtEnd(text: string, secrets: readonly SecretText[]): number {
  const views = decodedViews(text);
  const lower = lowered(text);
  const starts = secrets.flatMap((secret) => [
    commonEnd(lower, secret.literal),
    ...views.map((view) => charsAtEnd(text, view, commonEnd(view.text, secret.view))),
  ]);
  return Math.max(0, ...starts);
}

/** Of the text, for so many of the view. */
function charsAtEnd(text: string, view: DecodedView, viewChars: number): number {
  return viewChars === 0 ? 0 : text.length - view.rangeOf(view.text.length - viewChars, view.text.length)[0];
}

type Range = readonly [from: number, to: number];

function inView(view: DecodedView, secret: SecretText): Range[] {
  return inText(view, occurrences(view.text, secret.view, secret.wholeWord));
}

function inText(view: DecodedView, ranges: readonly Range[]): Range[] {
  return ranges.map(([from, to]) => view.rangeOf(from, to));
}

/** By plain search: secrets can be too long for a regular expression. */
function occurrences(text: string, secret: string, wholeWord: boolean): Range[] {
  const found: Range[] = [];
  // The view of a secret of invisible characters is empty.
  if (secret === '') return found;
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
    const end = at + secret.length;
    if (!wholeWord || !(isWord(text[at - 1]) || isWord(text[end]))) found.push([at, end]);
  }
  return found;
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}]/u.test(character);
}

/**
 * Parts of the secret of its fragment's length or more: each holds one of the seeds into which the secret is cut. The text is gone
 * through once, however often the secret repeats itself.
 */
function fragments(text: string, { view: secret, fragment }: SecretText): Range[] {
  if (fragment === undefined) return [];
  const seedChars = Math.floor(fragment / 2);
  const seeds = new Map<string, number>();
  for (let at = secret.length - seedChars; at >= 0; at -= seedChars) seeds.set(secret.slice(at, at + seedChars), at);
  const found: Range[] = [];
  for (let at = 0; at + seedChars <= text.length; at += 1) {
    const seed = seeds.get(text.slice(at, at + seedChars));
    if (seed === undefined) continue;

    const range = grown(text, secret, at, seed, seedChars);
    if (range[1] - range[0] < fragment) continue;

    found.push(range);
    at = range[1] - 1;
  }
  return found;
}

function grown(text: string, secret: string, at: number, seed: number, seedChars: number): Range {
  let before = 0;
  while (seed > before && text[at - before - 1] === secret[seed - before - 1]) before += 1;
  let behind = seedChars;
  while (seed + behind < secret.length && text[at + behind] === secret[seed + behind]) behind += 1;
  return [at - before, at + behind];
}

function blanked(text: string, ranges: readonly Range[]): string {
  let shown = '';
  let at = 0;
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    // What touches or overlaps the one before is one secret with it.
    if (from > at || shown === '') shown += `${text.slice(at, from)}<secret>`;
    at = Math.max(at, to);
  }
  return shown + text.slice(at);
}

function commonEnd(text: string, secret: string): number {
  for (let length = secret.length - 1; length > 0; length -= 1)
    if (text.endsWith(secret.slice(0, length))) return length;
  return 0;
}

/** ASCII only, as host names are lowered: the text keeps its length. */
function lowered(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
