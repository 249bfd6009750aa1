/** A way to write bytes as text. `read`: the text that a match stands for; undefined: it stands for none. */
interface ByteCode {
  readonly pattern: RegExp;
  readonly read: (match: string) => string | undefined;
}

/**
 * How debug pages, tokens and mail write bytes. Each is read by itself: what is base64 may well be base32, too. A secret by itself in
 * base64 or hexadecimal digits is found without (`secretTexts`), wherever the code begins; these find it within something.
 */
export const byteCodes: readonly ByteCode[] = [
  { pattern: broken('[a-z0-9+/]', 12), read: (match) => textOf(Buffer.from(match, 'base64')) },
  { pattern: broken('[a-z0-9_-]', 12), read: (match) => textOf(Buffer.from(match, 'base64url')) },
  { pattern: broken('[a-z2-7]', 13), read: (match) => textOf(base32(match)) },
  // `70 26 61`, as dumps have them, and without blanks.
  {
    pattern: /(?<![0-9a-z])[0-9a-f]{2}(?:(?::|[\s,]{0,4})[0-9a-f]{2}){7,}/gi,
    read: (match) => textOf(Buffer.from(match.replace(/[\s:,]/g, ''), 'hex')),
  },
  // `[112 38 97]`, as Go prints bytes, and `112,38,97`, as JSON has a buffer of Node.
  {
    pattern: /(?<!\d)\d{1,3}(?:[\s,]{1,4}\d{1,3}){7,}/g,
    read: (match) => textOf(Buffer.from(match.split(/[\s,]+/).map(Number))),
  },
  // Quoted-printable, with its soft line breaks.
  {
    pattern: /(?:=[0-9a-f]{2})+|=\r?\n/gi,
    read: (match) => Buffer.from(match.replaceAll(/[=\r\n]/g, ''), 'hex').toString('utf8'),
  },
];

/** So many of these characters or more, with line breaks in between. */
function broken(character: string, atLeast: number): RegExp {
  return new RegExp(`${character}(?:[\\r\\n]{0,2}${character}){${atLeast - 1},}`, 'gi');
}

/** undefined: no part of the bytes is text that is long enough to be a secret, as of digests and the like. */
function textOf(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return legible.test(text) ? text : undefined;
}

const legible = /[^\p{Cc}\ufffd]{8}/u;

function base32(text: string): Buffer {
  let bits = 0;
  let count = 0;
  const bytes: number[] = [];
  for (const digit of text.toLowerCase()) {
    const value = 'abcdefghijklmnopqrstuvwxyz234567'.indexOf(digit);
    if (value < 0) continue;
    bits = ((bits << 5) | value) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  return Buffer.from(bytes);
}
