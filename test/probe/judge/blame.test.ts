import { expect, test } from 'vitest';
import type { AnsweredBy } from '../../../src/probe/failure.ts';
import { crossedCloudflare, edgeToOrigin, storageAtTheEnd } from '../../../src/probe/judge/blame.ts';
import { type Facts, factsOf, noContext } from '../../../src/probe/judge/facts.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';

const factsWith = (changes: Partial<Facts>): Facts => ({
  ...factsOf(undefined, { ...noContext, step: 'commit' }),
  ...changes,
});
const page = exchangeOf({ response: answerOf(500, {}, '<html>') });

test.each<[AnsweredBy, Facts['exchange'], string]>([
  ['other', page, 'unknown'],
  ['registry', page, 'registry_storage'],
  ['other', exchangeOf({ response: answerOf(500) }), 'registry_storage'],
  ['none', exchangeOf(), 'registry_storage'],
  ['none', undefined, 'registry_storage'],
])('an answer of %s at the end of an upload %#', (answeredBy, exchange, blame) => {
  expect(storageAtTheEnd(factsWith({ answeredBy, exchange }))).toBe(blame);
});

test.each([
  [519, 'unknown'],
  [520, 'edge_to_origin'],
  [529, 'edge_to_origin'],
  [530, 'tunnel'],
  [undefined, 'unknown'],
])('a status %j on the way to the origin', (status, blame) => {
  expect(edgeToOrigin(factsWith({ status }))).toBe(blame);
});

test('what crossed Cloudflare bears a ray id', () => {
  const through = exchangeOf({ response: answerOf(500, { 'cf-ray': '7f' }) });
  expect(
    [through, page, exchangeOf(), undefined].map((exchange) => crossedCloudflare(factsWith({ exchange }))),
  ).toEqual([true, false, false, false]);
});
