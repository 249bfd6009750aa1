import { describe, expect, test } from 'vitest';
import { listRepositories, listTags, nextPage, readNames } from '../../src/registry/lists.ts';
import { answerOf, exchangeOf } from '../support/exchanges.ts';
import { pathTo } from '../support/paths.ts';
import { lines, scriptedClient } from '../support/scripted-client.ts';

const page = (tags: readonly string[], next?: string) =>
  answerOf(200, next === undefined ? {} : { link: `<${next}>; rel="next"` }, JSON.stringify({ tags }));

describe('tags', () => {
  test('are read page after page', async () => {
    const { client, sent } = scriptedClient([page(['a', 'b'], '/v2/a/b/tags/list?n=2&last=b'), page(['c'])]);
    expect(await listTags(client, { pageSize: 2, maxPages: 5 })).toEqual({
      tags: ['a', 'b', 'c'],
      pages: 2,
      complete: true,
    });
    expect(lines(sent)).toEqual(['GET /v2/a/b/tags/list?n=2', 'GET /v2/a/b/tags/list?n=2&last=b']);
  });

  test('are read up to so many pages', async () => {
    const { client, sent } = scriptedClient([page(['a'], '?last=a'), page(['b'], '?last=b')]);
    expect(await listTags(client, { pageSize: 1, maxPages: 2 })).toEqual({
      tags: ['a', 'b'],
      pages: 2,
      complete: false,
    });
    expect(sent).toHaveLength(2);
  });

  test('of pages that lead in a circle are no list', async () => {
    const { client } = scriptedClient([page(['a'], '?last=a'), page(['b'], '?n=1')]);
    await expect(listTags(client, { pageSize: 1, maxPages: 9 })).rejects.toMatchObject({
      problem: 'list_unparsable',
      step: 'pull',
      message: 'Link to the next page leads back to one before',
    });
  });

  test('are not what another answer holds', async () => {
    const { client } = scriptedClient([answerOf(200, {}, '{"repositories":[]}')]);
    await expect(listTags(client, { pageSize: 1, maxPages: 9 })).rejects.toMatchObject({
      problem: 'list_unparsable',
      step: 'pull',
      message: 'the answer is no list of tags',
    });
  });
});

test('repositories are asked for in one page', async () => {
  const { client, sent } = scriptedClient([answerOf(200, {}, '{"repositories":["a/b"]}'), answerOf(202)]);
  expect(await listRepositories(client, 7)).toEqual(['a/b']);
  expect(lines(sent)).toEqual(['GET /v2/_catalog?n=7']);
  await expect(listRepositories(client, 7)).rejects.toMatchObject({ problem: 'unexpected_status', step: 'pull' });
});

test.each<[string | undefined, readonly string[] | undefined]>([
  [undefined, undefined],
  ['', undefined],
  ['[]', undefined],
  ['{}', undefined],
  ['{"tags":null}', []],
  ['{"tags":["a"]}', ['a']],
  ['{"tags":"a"}', undefined],
  ['{"tags":["a",5]}', undefined],
])('the names in %j', (body, names) => {
  expect(readNames(body === undefined ? undefined : Buffer.from(body), 'tags')).toEqual(names);
});

const long = 'x'.repeat(4_096 - '</></>;rel=next'.length + 3);

test.each<[string | undefined, string | undefined]>([
  [undefined, undefined],
  ['', undefined],
  ['</y>; rel="next"', 'https://registry.example.org/y'],
  ['<y>;rel=next', 'https://registry.example.org/v2/y'],
  ['</y> ; REL = "prev next"', 'https://registry.example.org/y'],
  ['</x>; rel="prev", </y>; rel="next"', 'https://registry.example.org/y'],
  ['</y>; rel="nextish"', undefined],
  ['</y>; rel="xnext"', undefined],
  ['</y>; title="rel=next"', undefined],
  ['</y>', undefined],
  [`</${long}>;rel=next`, `https://registry.example.org/${long}`],
  [`</${long}x>;rel=next`, undefined],
  ['<https://allowed.example.org/y>; rel="next"', 'https://allowed.example.org/y'],
  ['<https://>; rel="next"', 'location_unparsable: Link to the next page is not a URL'],
  [
    '<http://registry.example.org/y>; rel="next"',
    'location_downgrade: Link to the next page leads from https to http://registry.example.org',
  ],
  [
    '<https://other.example.org/y>; rel="next"',
    'location_foreign: Link to the next page leads to other.example.org, which path direct does not allow',
  ],
  [
    '<https://u@registry.example.org/y>; rel="next"',
    'location_foreign: Link to the next page leads to registry.example.org, which path direct does not allow',
  ],
  [
    '<https://:p@registry.example.org/y>; rel="next"',
    'location_foreign: Link to the next page leads to registry.example.org, which path direct does not allow',
  ],
])('the next page of Link %#', (link, expected) => {
  const path = pathTo('https://registry.example.org', { allowHosts: ['allowed.example.org'] });
  const response = answerOf(200, link === undefined ? {} : { link });
  const next = (): string | undefined => {
    try {
      return nextPage(path, exchangeOf({ url: 'https://registry.example.org/v2/x', response }))?.href;
    } catch (error) {
      const { problem, message } = error as { problem: string; message: string };
      return `${problem}: ${message}`;
    }
  };
  expect(next()).toBe(expected);
});

test('the next page of a list over http is on http', () => {
  const origin = 'http://registry.example.org';
  const exchange = exchangeOf({
    url: `${origin}/v2/x`,
    response: answerOf(200, { link: `<${origin}/y>; rel="next"` }),
  });
  expect(nextPage(pathTo(origin), exchange)?.href).toBe(`${origin}/y`);
});
