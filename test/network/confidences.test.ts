import { array, assert, nat, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Confidences } from '../../src/network/confidences.ts';
import type { Exchange } from '../../src/network/exchange.ts';
import { secretSpellings } from '../../src/network/request-secrets.ts';

function exchangeOf(requestHeaders: Record<string, string>, url = 'http://registry.test/v2/'): Exchange {
  return { requestHeaders, url: new URL(url) } as Exchange;
}

const long = string({ minLength: 4, maxLength: 40, unit: 'grapheme' }).filter((text) => text.trim().length >= 4);

describe('a text of a server', () => {
  test('holds no spelling of a secret afterwards, wherever it stood and in whatever case', () => {
    assert(
      property(array(long, { minLength: 1, maxLength: 4 }), string(), nat(), (secrets, around, pick) => {
        const confidences = new Confidences();
        secrets.forEach((secret) => confidences.add(secret));
        const spellings = secrets.flatMap(secretSpellings).filter((text) => text.length >= 4);
        const one = spellings[pick % spellings.length] ?? '';
        const shown = confidences.blank(`${around}${one}${around}${one.toUpperCase()}`);
        return !shown.replaceAll('<secret>', '\0').includes(one);
      }),
    );
  });

  test('of which the beginning was read does not end with the beginning of a secret', () => {
    const confidences = new Confidences();
    const token = 'abcdefghijklmnopqrstuvwxyz'.repeat(40);
    confidences.learn(exchangeOf({ authorization: `Bearer ${token}` }));
    const page = `denied: Bearer ${token} and ${token.slice(0, 300)}`;
    expect(confidences.blankCut(page)).toBe('denied: <secret> and ');
    expect(confidences.blankCut('denied: all well')).toBe('denied: all well');
  });

  test('is blanked of header values, what Basic hides, and queries of this request', () => {
    const confidences = new Confidences();
    const basic = Buffer.from('user:pass:word').toString('base64');
    confidences.learn(exchangeOf({ authorization: `Basic ${basic}`, 'x-key': 'key-1', 'user-agent': 'docker/28' }));
    expect(confidences.blank(`${basic} pass:word KEY-1 docker/28`)).toBe('<secret> <secret> <secret> docker/28');
    const asked = exchangeOf(
      {},
      'http://registry.test/t?_state=abcdef&service=registry&scope=repository%3Aa%3Apull&n=1000',
    );
    expect(confidences.blank('abcdef registry repository:a:pull 1000', asked)).toBe(
      '<secret> registry repository:a:pull 1000',
    );
    expect(confidences.blank('abcdef')).toBe('abcdef');
  });

  test('is blanked of tokens of any length', () => {
    const confidences = new Confidences();
    const token = '%?'.repeat(60_000);
    confidences.add(token);
    expect(confidences.blank(`a ${encodeURIComponent(token)} b ${token}`)).toBe('a <secret> b <secret>');
  });

  test('short values are words, not secrets', () => {
    const confidences = new Confidences();
    confidences.add('on');
    expect([confidences.blank('once on'), confidences.holds('once on')]).toEqual(['once on', false]);
  });
});
