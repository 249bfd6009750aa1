import { array, assert, nat, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../../../src/network/exchange.ts';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import { spellings } from '../../support/spellings.ts';

function exchangeOf(requestHeaders: Record<string, string>, url = 'http://registry.test/v2/'): Exchange {
  return { requestHeaders, url: new URL(url) } as Exchange;
}

const knowing = (...secrets: readonly string[]): Redactor => Redactor.of(secrets);
const password = `p&a+s<s>w'o"r/d=5ö%41\\n!`;

describe('a text of a server', () => {
  test('is read in whatever case: letters that become two in upper case', () => {
    expect(knowing('ᾀß-ŉecret').redact('ᾀß-ŉecret'.toUpperCase())).toBe('<secret>');
  });

  test.each(Object.keys(spellings))('holds no secret in the spelling: %s', (name) => {
    const spelled = spellings[name as keyof typeof spellings](password);
    expect(knowing(password).redact(`denied: ${spelled}, sorry`)).toMatch(/^denied: .{0,8}<secret>.{0,8}, sorry$/);
  });

  test.each(Object.keys(spellings))('holds no Basic header in the spelling: %s', (name) => {
    const pair = Buffer.from(`probe:${password}`).toString('base64');
    const redactor = new Redactor();
    redactor.learn(exchangeOf({ authorization: `Basic ${pair}` }));
    const shown = redactor.redact(`got ${spellings[name as keyof typeof spellings](pair)} from you`);
    expect(shown).toMatch(/^got .{0,8}<secret>.{0,8} from you$/);
  });

  // Of all of Unicode in the spellings that keep its characters one by one; of ASCII in all of them.
  const literal = ['as it is', 'JSON of JavaScript', 'JSON of Go', 'a URL', 'base64'] as const;
  test.each([
    ['all of Unicode', 'grapheme', literal],
    ['ASCII', 'grapheme-ascii', Object.keys(spellings) as (keyof typeof spellings)[]],
  ] as const)('holds no spelling of any secret afterwards, wherever it stood: %s', (_name, unit, ways) => {
    const long = string({ minLength: 8, maxLength: 40, unit }).filter((text) => text.trim().length >= 8);
    assert(
      property(array(long, { minLength: 1, maxLength: 4 }), string(), nat(), nat(), (secrets, around, pick, way) => {
        const secret = secrets[pick % secrets.length] ?? '';
        const one = spellings[ways[way % ways.length]!](secret);
        const shown = knowing(...secrets).redact(`${around} ${one} ${around}`);
        expect(shown.replaceAll('<secret>', '\0')).not.toContain(one);
      }),
    );
  });

  test.each([
    ['all but the last character', password.slice(0, -1)],
    ['all but the first', password.slice(1)],
    ['two thirds from the middle', password.slice(4, 18)],
  ])('holds no long part of a secret: %s', (_name, part) => {
    expect(knowing(password).redact(`you gave: ${part} to me`)).toMatch(/^you gave: ?<secret> to me$/);
  });

  test('keeps a short part, and what is like a secret', () => {
    const redactor = knowing('correct horse battery staple');
    expect(redactor.redact('a correct answer of a horse')).toBe('a correct answer of a horse');
    expect(redactor.redact('battery staple')).toBe('battery staple');
  });

  test('keeps what only surrounds a secret: the scheme, the user', () => {
    const redactor = new Redactor();
    const user = 'platform-team-blobprobe-robot';
    redactor.learn(exchangeOf({ authorization: `Basic ${Buffer.from(`${user}:pass:word`).toString('base64')}` }));
    expect(redactor.redact(`user ${user} denied`)).toBe(`user ${user} denied`);
  });

  test('holds no long part of a header, nor of the password in it; of what is around them a part is none', () => {
    const redactor = new Redactor();
    const pair = Buffer.from(`a-user-of-the-lab:${password}`).toString('base64');
    redactor.learn(exchangeOf({ authorization: `Basic ${pair}`, 'x-key': 'abcdefghijklmnopqrst' }));
    expect(redactor.redact('x-key: cdefghijklmnopq')).toBe('x-key: <secret>');
    expect(redactor.redact(`you gave: ${password.slice(0, -1)} to me`)).toBe('you gave: <secret> to me');
    expect(redactor.redact('a-user-of-the-lab')).toBe('a-user-of-the-lab');
  });

  test('is redacted of characters beyond 16 bits in eight digits, as Python writes them', () => {
    expect(knowing('key🔑🔑word').redact('got key\\U0001f511\\U0001F511word')).toBe('got <secret>');
    expect(knowing('1f511-word').redact('got\\u000a1f511-word')).toBe('got<secret>');
  });

  test('may hold a part of what a URL says: it is hidden whole', () => {
    const asked = exchangeOf({}, 'http://registry.test/?_state=abcdefghijklmnopqrst');
    expect(new Redactor().redact('abcdefghijklmnopqrst abcdefghijklmnopqr', asked)).toBe('<secret> abcdefghijklmnopqr');
  });

  test('is cut where nobody is shown more of it, without the beginning of a secret', () => {
    expect(new Redactor().redact('a '.repeat(10_000))).toBe('a '.repeat(8_192));
    expect(knowing(password).redact(`${'a '.repeat(8_191)}p&${password.slice(2)}`)).toBe('a '.repeat(8_191));
  });

  test('keeps what each client of a kind sends', () => {
    const redactor = new Redactor();
    redactor.learn(exchangeOf({ connection: 'close', range: 'bytes=1000-', accept: 'application/json' }));
    const page = 'connection: close, bytes=1000-, application/json';
    expect(redactor.redact(page)).toBe(page);
  });

  test('is redacted of each value that a header had in the run', () => {
    const redactor = new Redactor();
    for (const key of ['key-one-1', 'key-two-2', 'key-two-2', 'key-one-1'])
      redactor.learn(exchangeOf({ 'x-key': key, accept: '*/*' }));
    expect(redactor.redact('key-one-1 and key-two-2')).toBe('<secret> and <secret>');
  });

  test('of which the beginning was read does not end with the beginning of a secret', () => {
    const redactor = new Redactor();
    const token = 'abcdefghijklmnopqrstuvwxyz'.repeat(40);
    redactor.learn(exchangeOf({ authorization: `Bearer ${token}` }));
    const page = `denied: Bearer ${token} and ${token.slice(0, 10)}`;
    expect(redactor.redactCut(page)).toBe('denied: <secret> and ');
    expect(redactor.redactCut('denied: all well')).toBe('denied: all well');
    const cut = new Redactor();
    cut.add('p&ssw0rd-p&ssw0rd');
    expect(cut.redactCut('you gave p&amp;ssw0')).toBe('you gave ');
  });

  test('is redacted of header values, what Basic hides, and queries of this request', () => {
    const redactor = new Redactor();
    const basic = Buffer.from('user:pass:word').toString('base64');
    redactor.learn(exchangeOf({ authorization: `Basic ${basic}`, 'x-key': 'key-1', 'user-agent': 'docker/28' }));
    expect(redactor.redact(`${basic} pass:word KEY-1 docker/28`)).toBe('<secret> <secret> <secret> docker/28');
    const asked = exchangeOf(
      {},
      'http://registry.test/t?_state=abcdef&service=registry&scope=repository%3Aa%3Apull&n=1000',
    );
    expect(redactor.redact('abcdef registry repository:a:pull 1000', asked)).toBe(
      '<secret> registry repository:a:pull 1000',
    );
    expect(redactor.redact('abcdef')).toBe('abcdef');
  });

  test('is redacted of tokens of any length, in time that grows with the text and not with its square', () => {
    const token = '%?'.repeat(60_000);
    expect(knowing(token).redact(`a ${encodeURIComponent(token.slice(0, 2_000))} b ${token}`)).toBe(
      'a <secret> b <secret>',
    );
  });

  test('a short secret is blanked as a whole word only, a very short one not at all', () => {
    const redactor = knowing('demo', 'on');
    expect(redactor.redact('demonstration of /v2/demo/x: once on, DEMO!')).toBe(
      'demonstration of /v2/<secret>/x: once on, <secret>!',
    );
    expect(redactor.holds('once on')).toBe(false);
    expect(redactor.holds('once demo')).toBe(true);
  });
});
