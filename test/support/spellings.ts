const html = (names: Readonly<Record<string, string>>) => (text: string) =>
  Array.from(text)
    .map((character) => names[character] ?? character)
    .join('');
const each = (write: (code: number) => string) => (text: string) =>
  Array.from(text)
    .map((character) => write(character.codePointAt(0) ?? 0))
    .join('');
const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');
const basic = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

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
  'a URL': encodeURIComponent,
  'a URL, twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'a form': (text) => new URLSearchParams({ v: text }).toString().slice(2),
  'every byte in percent signs': (text) => [...Buffer.from(text)].map((byte) => `%${hex(byte, 2)}`).join(''),
  'numeric entities': each((code) => `&#${code};`),
  'escapes of JavaScript': each((code) => (code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${hex(code, 4)}`)),
  base64: (text) => Buffer.from(text).toString('base64'),
  'base64 for URLs': (text) => Buffer.from(text).toString('base64url'),
  'base64 behind other text': (text) => Buffer.from(`x:${text}`).toString('base64'),
  hexadecimal: (text) => Buffer.from(text).toString('hex'),
  'invisible characters in between': (text) => Array.from(text).join('\u200b'),
  'another normal form': (text) => text.normalize('NFD'),
} as const satisfies Readonly<Record<string, (text: string) => string>>;
