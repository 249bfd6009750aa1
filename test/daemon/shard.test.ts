import { describe, expect, test } from 'vitest';
import { parseShard } from '../../src/cli/shard-flag.ts';
import { partOf } from '../../src/daemon/shard.ts';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load.ts';
import { checkId } from '../../src/probe/check.ts';
import { fakeSources } from '../support/config-sources.ts';

const config = parseConfig(
  JSON.stringify({
    registries: Object.fromEntries(
      ['a', 'b', 'c', 'd'].map((name) => [
        name,
        { repository: `probes/${name}`, paths: { direct: { url: 'http://a:1' }, edge: { url: 'http://b:2' } } },
      ]),
    ),
    checks: Object.fromEntries(
      ['small', 'medium', 'large', 'image', 'huge'].map((name) => [
        name,
        { size: '1MiB', every: '1h', clients: ['docker', 'docker-containerd', 'crane'] },
      ]),
    ),
    limits: { every: '1d', upTo: '10MiB', clients: ['docker', 'crane'] },
  }),
  'shards.yaml',
  fakeSources(),
);

function parts(count: number): Config[] {
  return Array.from({ length: count }, (_, index) => partOf(config, { index, count }));
}

function ids({ checks }: Config): string[] {
  return checks.map(checkId);
}

function roundOf(id: string): string {
  const [registry, , client, workload] = id.split('/');
  return `${registry}/${client}/${workload}`;
}

test.each([
  ['0/1', { index: 0, count: 1 }],
  ['0/2', { index: 0, count: 2 }],
  ['99/100', { index: 99, count: 100 }],
])('%s', (text, shard) => {
  expect(parseShard(text)).toEqual(shard);
});

test.each(['', '1', '2/2', '-1/2', '0/0', '0/101', '0/2x', '1.0/2', ' 0/2'])('refuses %j', (text) => {
  expect(() => parseShard(text)).toThrow(/^flag --shard: expected I\/N with I from 0 to N-1/);
});

describe('the parts', () => {
  test.each([1, 2, 3, 7, 16])('%i parts have every check exactly once between them', (count) => {
    const all = ids(config).toSorted();
    expect(all).toHaveLength(4 * 2 * 3 * 5);
    expect(parts(count).flatMap(ids).toSorted()).toEqual(all);
  });

  test('have every search exactly once between them', () => {
    const targets = ({ limits }: Config): string[] =>
      (limits?.targets ?? []).map(({ registry, path, client }) => `${registry.name}/${path.name}/${client.name}`);
    expect(targets(config)).toHaveLength(4 * 2 * 2);
    expect(parts(3).flatMap(targets).toSorted()).toEqual(targets(config).toSorted());
  });

  test('keep the paths of a round together', () => {
    const owners = parts(3).map((part) => new Set(ids(part).map(roundOf)));
    const rounds = owners.flatMap((one) => [...one]);
    expect(rounds).toHaveLength(new Set(ids(config).map(roundOf)).size);
    expect(new Set(rounds).size).toBe(rounds.length);
  });

  test('are all of some size', () => {
    for (const part of parts(4)) expect(part.checks.length).toBeGreaterThan(config.checks.length / 4 / 3);
  });

  test('one more of them takes checks from the others and moves none between these', () => {
    const before = parts(3).map((part) => new Set(ids(part)));
    const after = parts(4).slice(0, 3).map(ids);
    for (const [index, part] of after.entries()) expect(part.filter((id) => !before[index]?.has(id))).toEqual([]);
  });

  // A change of the hash lets checks run twice or never while instances of both versions run.
  test('are the same as ever', () => {
    const part = partOf(config, { index: 0, count: 2 });
    const rounds = new Set(
      ids(part)
        .map(roundOf)
        .filter((round) => round.startsWith('a/')),
    );
    expect([...rounds]).toMatchInlineSnapshot(`
      [
        "a/docker/small",
        "a/docker/medium",
        "a/docker-containerd/medium",
        "a/crane/medium",
        "a/docker-containerd/large",
        "a/docker-containerd/image",
        "a/crane/image",
        "a/docker/huge",
        "a/crane/huge",
      ]
    `);
  });

  test('one of one is the whole', () => {
    expect(partOf(config, { index: 0, count: 1 })).toEqual(config);
  });
});
