import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pathsCommand } from '../../src/cli/paths.ts';
import { parseConfig } from '../../src/config/load.ts';
import { annotationRows, defaultRows, hops, policyRows } from '../../src/kubernetes/hops.ts';
import { kindsRead } from '../../src/kubernetes/objects.ts';
import * as scene from '../support/cluster-objects.ts';
import { fakeSources } from '../support/config-sources.ts';
import { type ListServer, startListServer } from '../support/list-server.ts';
import { typed } from '../support/typed.ts';

let folder: string;
let server: ListServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'blobprobe-paths-'));
  server = await startListServer(folder, { objects: scene.movingCluster() });
});
afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

async function paths(args: readonly string[], input = '') {
  return typed(['paths', ...args], [pathsCommand], { readInput: () => input });
}

const list = (objects: readonly object[]): string => JSON.stringify({ kind: 'List', items: objects });
const fromInput = (objects: readonly object[], ...args: readonly string[]) =>
  paths(['--from=-', '--service=registry/gitea-http:http', ...args], list(objects));
const body = (written: string) => scene.ingress({ 'nginx.ingress.kubernetes.io/proxy-body-size': written });

const document = new URL('../../docs/kubernetes.md', import.meta.url);
const text = readFileSync(document, 'utf8');

describe('docs/kubernetes.md', () => {
  const examples = [...text.matchAll(/^```console\n\$ blobprobe paths (.*)\n([^]*?)^```/gm)];

  test.each(examples.map(([, command = '', output = '']) => [command, output]))('%s', async (command, output) => {
    const { code, out, err } = await paths([...command.split(' '), `--kubeconfig=${server.kubeconfig}`]);
    expect(`${out}${err}`).toBe(output);
    expect(code).toBe(1);
  });

  test('has two examples, every hop with what is read of it, and every kind', () => {
    expect(examples).toHaveLength(2);
    for (const hop of Object.keys(hops)) expect(text).toContain(`| ${hop} |`);
    const rows = [
      ...annotationRows.map(({ annotation }) => annotation),
      ...policyRows.map(({ steps }) => steps.join('.')),
    ];
    for (const row of rows) expect(text).toContain(`\`${row}\``);
    for (const { hop, written } of defaultRows)
      expect(text).toMatch(new RegExp(`\\| ${hop} \\|.*default.*\`${written}\``));
    const [, kinds = ''] = /kubectl get (\S+)/.exec(text) ?? [];
    expect(kinds.split(',')).toEqual(kindsRead.map(({ resource }) => resource));
  });
});

test('what is printed is a configuration that passes, with paths and why', async () => {
  const { out } = await fromInput(scene.movingCluster(), '--repository=team/probe');
  const { registries, checks } = parseConfig(out, 'config.yaml', fakeSources({}));
  expect(registries.map(({ name, repository, paths: all }) => [name, repository, all.map((one) => one.name)])).toEqual([
    ['gitea-http', 'team/probe', ['service', 'ingress-gitea', 'httproute-gitea']],
  ]);
  expect(registries[0]?.paths[1]).toMatchObject({
    origin: 'https://git.example.org',
    connectTo: { host: '192.0.2.10', port: 443 },
    kind: 'ingress',
  });
  expect(Math.max(...checks.map(({ workload }) => workload.layerBytes[0] ?? 0))).toBe(105_000_000);
  expect(out).toContain(
    '# Largest body: no limit (0, annotation nginx.ingress.kubernetes.io/proxy-body-size of Ingress registry/gitea).',
  );
});

test('what others wrote stays a comment', async () => {
  const hostile = body('8m\nchecks: {}\n');
  const { code, out, err } = await fromInput([scene.service, scene.ingressClass, hostile]);
  expect(code).toBe(1);
  expect(out.match(/^checks:/gm)).toHaveLength(1);
  expect(err.split('\n').filter((line) => line !== '')).toHaveLength(1);
});

test.each<[string, readonly object[], number, RegExp]>([
  ['no limit', [scene.ingressClass, body('0')], 0, /^$/],
  [
    'a limit below',
    [scene.ingressClass, body('8m')],
    1,
    /^FAULT: ingress-gitea: a body of 100 MiB is refused: annotation \S+ of Ingress registry\/gitea is 8m, 8 MiB; set the annotation \S+: "0"$/,
  ],
  [
    'a value that nginx would not take',
    [scene.ingressClass, body('8 GB')],
    1,
    /^FAULT: .* is "8 GB", which cannot be read/,
  ],
  [
    'the default, which a ConfigMap may change',
    [scene.ingressClass, scene.ingress()],
    4,
    /^doubt: .* unless the hop's own configuration says otherwise/,
  ],
  ['nothing but the Service', [], 0, /^$/],
])('%s: exit code and line', async (_name, objects, expected, line) => {
  const { code, err } = await fromInput([scene.service, ...objects]);
  expect([code, err.trimEnd()]).toEqual([expected, expect.stringMatching(line)]);
});

test('the size is given, or that of the largest layer of a configuration', async () => {
  const objects = [scene.service, scene.ingressClass, body('8m')];
  expect((await fromInput(objects, '--size=8MiB')).code).toBe(0);
  const file = join(folder, 'config.yaml');
  const checks = {
    small: { size: '1MiB', every: '1m', clients: ['docker'] },
    image: { layers: ['2MiB', '9MiB'], every: '1h', clients: ['docker'] },
  };
  const registries = { a: { repository: 'a/b', paths: { p: { url: 'http://127.0.0.1:1' } } } };
  writeFileSync(file, JSON.stringify({ registries, checks }));
  const { code, err } = await fromInput(objects, `--config.file=${file}`);
  expect([code, err]).toEqual([1, expect.stringContaining('a body of 9 MiB is refused')]);
});

test('JSON has paths, limits and findings', async () => {
  const { code, out, err } = await fromInput(scene.movingCluster(), '--json');
  const {
    sizeBytes,
    paths: all,
    findings,
  } = JSON.parse(out) as {
    sizeBytes: number;
    paths: { name: string; url: string; hop?: string; limits: object[] }[];
    findings: object[];
  };
  expect([code, err, sizeBytes]).toEqual([1, '', 105_000_000]);
  expect(all.map(({ name, hop }) => [name, hop])).toEqual([
    ['service', undefined],
    ['ingress-gitea', 'ingress-nginx'],
    ['httproute-gitea', 'nginx-gateway-fabric'],
  ]);
  expect(all[1]?.limits[0]).toMatchObject({ kind: 'body', isUnlimited: true, isDefault: false });
  expect(all[2]?.limits[0]).toMatchObject({ kind: 'body', value: 50 * 1024 ** 2, isUnlimited: false, written: '50m' });
  expect(findings).toMatchObject([{ severity: 'fault', path: 'httproute-gitea' }]);
});

describe('a migration', () => {
  test('takes the Ingresses from before', async () => {
    const before = join(folder, 'before.json');
    writeFileSync(before, list([scene.service, scene.ingressClass, body('200m')]));
    const after = [scene.service, scene.gatewayClass(), scene.gateway, scene.httpRoute()];
    const { out } = await fromInput(after, '--migration', `--before=${before}`, '--json');
    const { moves } = JSON.parse(out) as { moves: { rows: { what: string; change: string }[] }[] };
    expect(moves).toHaveLength(1);
    expect(moves[0]?.rows).toContainEqual({
      what: 'Largest body',
      old: '200 MiB',
      now: '1 MiB (default)',
      change: 'narrower',
    });
  });

  test('of nothing is said', async () => {
    const { code, err } = await fromInput([scene.service, scene.ingressClass, body('0')], '--migration');
    expect([code, err]).toEqual([5, 'blobprobe paths: no host is served by an Ingress and by an HTTPRoute\n']);
  });
});

test.each<[readonly string[], number, RegExp]>([
  [['--service=a/b'], 2, /give --kubernetes, to ask the cluster, or --from=FILE/],
  [['--kubernetes', '--from=x', '--service=a/b'], 2, /give --kubernetes, to ask the cluster, or --from=FILE/],
  [['--from=-'], 2, /give the Service of the registry/],
  [['--from=-', '--service=gitea'], 2, /flag --service: expected NAMESPACE\/NAME or NAMESPACE\/NAME:PORT, got "gitea"/],
  [['--from=-', '--service=a/b', '--context=c'], 2, /flag --context needs --kubernetes/],
  [['--from=-', '--service=a/b', '--before=f'], 2, /flag --before needs --migration/],
  [
    ['--from=-', '--service=a/b', '--size=8m'],
    2,
    /flag --size: expected a size with its unit, such as 100MiB or 100MB, got "8m"/,
  ],
  [
    ['--from=-', '--service=a/b', '--size=8MB', '--config.file=f'],
    2,
    /flags --size and --config\.file exclude each other/,
  ],
  [['--from=-', '--service=a/b', '--repository=A B'], 2, /flag --repository: "A B" is no name of a repository/],
  [['--from=-', '--service=a/b'], 5, /standard input is no JSON as `kubectl get --output=json` writes it/],
  [
    ['--from=/nonexistent/objects.json', '--service=a/b'],
    5,
    /"\/nonexistent\/objects\.json" cannot be read \(ENOENT\)/,
  ],
  [
    ['--kubernetes', '--kubeconfig=/nonexistent/kubeconfig', '--service=a/b'],
    5,
    /the configuration of kubectl cannot be used: ENOENT/,
  ],
])('%j: one line', async (args, expected, line) => {
  const { code, out, err } = await paths(args, 'no JSON');
  expect([code, out]).toEqual([expected, '']);
  expect(err).toMatch(line);
  expect(err.trimEnd()).not.toContain('\n');
});

test.each([['{}'], ['[]'], ['{"kind":"List","items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}]}']])(
  '%s holds nothing to look at',
  async (input) => {
    const { code, err } = await paths(['--from=-', '--service=a/b'], input);
    expect([code, err]).toEqual([5, 'blobprobe paths: standard input holds no object of a kind that is looked at\n']);
  },
);
