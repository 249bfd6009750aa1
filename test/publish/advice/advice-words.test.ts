import { expect, test } from 'vitest';
import { alike, placesWords, wayOutWords } from '../../../src/publish/advice/advice-words.ts';

const advice = {
  image: 'app',
  registry: 'gitea',
  path: 'edge',
  client: 'docker',
  verdict: 'dies',
  because: { kind: 'untried' },
} as const;

test('all paths are one way out, and all clients; settings stand alone', () => {
  const waysOut = [
    { kind: 'path', what: 'inside' },
    { kind: 'path', what: 'bypass' },
    { kind: 'client', what: 'crane' },
    { kind: 'split', bytes: 1024 },
    { kind: 'setting', what: 'Raise it.' },
    { kind: 'setting', what: 'Or that.' },
  ] as const;
  expect(wayOutWords({ ...advice, waysOut })).toEqual([
    'over inside or bypass',
    'as crane',
    'layers of 1024 bytes at most (1 KiB)',
    'Raise it.',
    'Or that.',
  ]);
});

test('what is said of many paths and clients in the same words is said once', () => {
  const passes = {
    ...advice,
    verdict: 'passes',
    because: { kind: 'accepted', acceptedBytes: 1024 },
    waysOut: [],
  } as const;
  const all = [
    { ...passes, path: 'direct' },
    { ...passes, path: 'direct', client: 'crane' },
    { ...passes, path: 'internal' },
    { ...advice, waysOut: [{ kind: 'path', what: 'direct' }] },
    { ...passes, path: 'internal', client: 'crane' },
    { ...passes, client: 'crane' },
    { ...advice, path: 'other', waysOut: [] },
    { ...passes, path: 'direct', client: 'oras' },
    { ...passes, registry: 'harbor' },
  ] as const;
  expect(alike(all).map(placesWords)).toEqual([
    'gitea/direct, internal as docker; gitea/direct, internal, edge as crane; gitea/direct as oras',
    'gitea/edge as docker',
    'gitea/other as docker',
    'harbor/edge as docker',
  ]);
  const same = all.filter(({ path, client }) => path !== 'edge' && path !== 'other' && client !== 'oras');
  expect(alike(same).map(placesWords)).toEqual(['gitea/direct, internal as docker, crane']);
});
