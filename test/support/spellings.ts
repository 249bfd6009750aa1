const html = (names: Readonly<Record<string, string>>) => (text: string) =>
  Array.from(text)
    .map((character) => names[character] ?? character)
    .join('');
const each = (write: (code: number) => string) => (text: string) =>
  Array.from(text)
    .map((character) => write(character.codePointAt(0) ?? 0))
    .join('');
const bytesOf = (text: string): number[] => [...Buffer.from(text)];
const lines = (text: string, length: number, end: string): string =>
  (text.match(new RegExp(`.{1,${length}}`, 'gs')) ?? []).join(end);
const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');
const basic = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** RFC 4648, section 6. */
function base32(text: string): string {
  const bits = bytesOf(text)
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  const digits = groups.map((group) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(group.padEnd(5, '0'), 2)]);
  return digits.join('') + '='.repeat((8 - (digits.length % 8)) % 8);
}

/** RFC 2045, section 6.7, with lines that are short enough to be broken within a password. */
function quotedPrintable(text: string): string {
  const quoted = bytesOf(text).map((byte) =>
    byte > 32 && byte < 127 && byte !== 61 ? String.fromCodePoint(byte) : `=${hex(byte, 2).toUpperCase()}`,
  );
  return quoted.map((part, at) => (at % 7 === 6 ? `${part}=\r\n` : part)).join('');
}

/** How servers write a text that they repeat, by who writes like that. */
export const spellings = {
  'as it is': (text) => text,
  'upper case': (text) => text.toUpperCase(),
  'JSON of JavaScript': (text) => JSON.stringify(text).slice(1, -1),
  'JSON of Go': (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replace(/[<>&]/g, (character) => `\\u${hex(character.charCodeAt(0), 4)}`),
  'JSON of PHP': (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replaceAll('/', '\\/')
      .replace(/[\u0080-\uffff]/g, (character) => `\\u${hex(character.charCodeAt(0), 4)}`),
  'HTML of Go': html({ ...basic, '"': '&#34;', "'": '&#39;' }),
  'HTML templates of Go': html({ ...basic, '"': '&#34;', "'": '&#39;', '+': '&#43;' }),
  'HTML of Python': html({ ...basic, '"': '&quot;', "'": '&#x27;' }),
  'HTML of PHP': html({ ...basic, '"': '&quot;', "'": '&#039;' }),
  'HTML of Mustache': html({ ...basic, '"': '&quot;', "'": '&#39;', '/': '&#x2F;', '`': '&#x60;', '=': '&#x3D;' }),
  'HTML without semicolons': html({ '&': '&amp', '<': '&lt', '>': '&gt', '"': '&quot', ';': '&#59;' }),
  'HTML with a name for all that has one': html(
    Object.fromEntries(
      '& amp,< lt,> gt," quot,\' apos,+ plus,= equals,/ sol,\\ bsol,% percnt,! excl,\n NewLine,ö ouml'
        .split(',')
        .map((row) => [row.slice(0, 1), `&${row.slice(2)};`]),
    ),
  ),
  'a URL': encodeURIComponent,
  'a URL, twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'a form': (text) => new URLSearchParams({ v: text }).toString().slice(2),
  'every byte in percent signs': (text) => [...Buffer.from(text)].map((byte) => `%${hex(byte, 2)}`).join(''),
  'percent signs in either case': (text) =>
    bytesOf(text)
      .map((byte, at) => `%${at % 2 === 0 ? hex(byte, 2) : hex(byte, 2).toUpperCase()}`)
      .join(''),
  'percent signs with u': each((code) => (code > 0xffff ? String.fromCodePoint(code) : `%u${hex(code, 4)}`)),
  'numeric entities': each((code) => `&#${code};`),
  'escapes of JavaScript': each((code) => (code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${hex(code, 4)}`)),
  'escapes of Python': each((code) => `\\${code > 0xffff ? `U${hex(code, 8)}` : `u${hex(code, 4)}`}`),
  'escapes of C': (text) =>
    bytesOf(text)
      .map((byte) => (byte > 126 ? `\\x${hex(byte, 2)}` : `\\${byte.toString(8).padStart(3, '0')}`))
      .join(''),
  base64: (text) => Buffer.from(text).toString('base64'),
  'base64 for URLs': (text) => Buffer.from(text).toString('base64url'),
  'base64 behind other text': (text) => Buffer.from(`x:${text}`).toString('base64'),
  'base64 in short lines': (text) => lines(Buffer.from(text).toString('base64'), 10, '\r\n'),
  'base64 in short lines, as JSON': (text) => lines(Buffer.from(text).toString('base64'), 10, '\\n'),
  'base64, twice': (text) => Buffer.from(Buffer.from(text).toString('base64')).toString('base64'),
  'base64 of JSON': (text) => Buffer.from(JSON.stringify({ password: text })).toString('base64'),
  'what a JSON Web Token says': (text) => `.${Buffer.from(JSON.stringify({ password: text })).toString('base64url')}.`,
  base32,
  'base32 behind other text': (text) => base32(`user:${text}`),
  'quoted-printable': quotedPrintable,
  hexadecimal: (text) => Buffer.from(text).toString('hex'),
  'hexadecimal, byte by byte': (text) =>
    bytesOf(text)
      .map((byte) => hex(byte, 2))
      .join(' '),
  'bytes of Go': (text) => bytesOf(text).join(' '),
  'a buffer of Node': (text) => JSON.stringify(bytesOf(text)).slice(1, -1),
  'UTF-16': (text) => Buffer.from(text, 'utf16le').toString('latin1'),
  'invisible characters in between': (text) => Array.from(text).join('\u200b'),
  'another normal form': (text) => text.normalize('NFD'),
} as const satisfies Readonly<Record<string, (text: string) => string>>;
