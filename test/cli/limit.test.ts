import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/daemon/engine.ts';
import { limitCommand } from '../../src/cli/limit.ts';
import { type DemoEdge, startEdge } from '../support/lab/edge.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { startScriptedRegistry } from '../support/scripted-registry.ts';
import { typed } from '../support/typed.ts';

let registry: DemoRegistry;
let edge: DemoEdge;
let directory: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-limit-'));
  registry = await startRegistry({
    bytes: 'discard',
    auth: { kind: 'basic', users: [{ name: 'probe', password: 'right' }] },
  });
  edge = await startEdge({
    upstream: registry.url,
    identity: { style: 'nginx' },
    faults: [{ kind: 'body-limit', limitBytes: 1_000_000, ending: 'linger' }],
  });
});
afterEach(async () => {
  await edge.close();
  await registry.close();
  rmSync(directory, { recursive: true });
});

async function limit(args: readonly string[], input = 'right\n', isTerminal = false) {
  const command = limitCommand({
    engine: createEngine(),
    isTerminal,
  });
  return typed(['limit', ...args], [command], { readInput: () => input });
}

const size = ['--only=size', '--up-to=2MB', '--resolution=100kB'];
const login = ['--user=probe', '--password-stdin'];

describe('ad hoc', () => {
  test('a limited path: exit code 1, the limit in words, one line a try', async () => {
    const { code, out, err } = await limit([`--url=${edge.url}/team/probe`, ...login, ...size, '--client=crane']);
    const host = new URL(edge.url).host;
    expect(out).toMatch(
      new RegExp(
        `^${host}/url as crane\\n  size      limited: 977 KiB \\(1 MB\\) is accepted, .* is not\\n +977 KiB is accepted, .* is refused: 413 from nginx.*\\n +the limit lies between them; --resolution=6KiB narrows it\\n +\\d+ runs, .* sent\\n$`,
      ),
    );
    expect(err.split('\n')[0]).toBe(`${host}/url as crane: 1 KiB`);
    expect(err).not.toContain('\u001B');
    expect(code).toBe(1);
    expect(registry.requests.some(({ path }) => path.startsWith('/v2/team/probe/'))).toBe(true);
    expect(registry.openSessions).toEqual([]);
    expect(registry.blobs.size).toBe(0);
  });

  test('an open path: exit code 0; size and duration as JSON', async () => {
    const args = [`--url=${registry.url}`, ...login, '--up-to=2MB', '--up-to-duration=1s', '--json'];
    const { code, out } = await limit(args);
    expect(code).toBe(0);
    const rows: unknown = JSON.parse(out);
    expect(rows).toMatchObject([
      { path: 'url', client: 'docker', unit: 'bytes', conclusion: 'none-up-to', largestAccepted: 2_000_000, runs: 2 },
      { path: 'url', client: 'docker', unit: 'seconds', conclusion: 'none-up-to', largestAccepted: 1, runs: 2 },
    ]);
    expect(out).not.toContain('right');
  });

  test('wrong password: inconclusive is exit code 1 and says why', async () => {
    const { code, out } = await limit([`--url=${registry.url}`, ...login, ...size], 'wrong');
    expect(code).toBe(1);
    expect(out).toMatch(
      /inconclusive; known so far: nothing is accepted\n.*401 UNAUTHORIZED from registry \(auth_rejected\)/,
    );
  });

  test('a registry that is silent costs the time of one push: inconclusive', async () => {
    const silent = await startScriptedRegistry({ POST: () => {} });
    const { code, out } = await limit([`--url=${silent.url}`, ...login, ...size, '--timeout=300ms']);
    await silent.close();
    expect(out).toMatch(/inconclusive; known so far: nothing is accepted\n.*another reason: deadline,/);
    expect(code).toBe(1);
  });

  test('on a terminal the bar is drawn over itself and goes away', async () => {
    const { err } = await limit([`--url=${registry.url}`, ...login, ...size], 'right', true);
    expect(err).toContain('\r\u001B[K');
    expect(err).toMatch(/\[[#-]{20}\]/);
    expect(err.endsWith('\r\u001B[K')).toBe(true);
    expect(err).not.toContain('\n');
  });
});

describe('with a configuration', () => {
  function configured(): string {
    const file = join(directory, 'config.yaml');
    const text = JSON.stringify({
      registries: {
        gitea: {
          repository: 'team/probe',
          credentials: { username: 'probe', password: 'right' },
          paths: { direct: { url: registry.url }, ingress: { url: edge.url, kind: 'ingress' } },
        },
      },
      checks: { small: { size: '1KiB', every: '1m', clients: ['docker'] } },
      limits: { every: '24h', upTo: '2MB', resolution: '50kB' },
    });
    writeFileSync(file, text);
    return file;
  }

  test('all paths, with the sizes of the configuration', async () => {
    const { code, out } = await limit([`--config.file=${configured()}`, '--only=size', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject([
      { registry: 'gitea', path: 'direct', conclusion: 'none-up-to', largestAccepted: 2_000_000 },
      { registry: 'gitea', path: 'ingress', conclusion: 'found', largestAccepted: 1_000_000 },
    ]);
  });

  test('only what is asked for', async () => {
    const args = [
      `--config.file=${configured()}`,
      '--path=direct',
      '--client=oras',
      '--client=docker',
      ...size,
      '--json',
    ];
    const { code, out } = await limit(args);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([
      { path: 'direct', client: 'oras' },
      { path: 'direct', client: 'docker' },
    ]);
  });

  test.each([
    ['--path=dirct', 'flag --path: no path "dirct", did you mean direct?'],
    ['--registry=x', 'flag --registry: no registry "x", there are gitea'],
    ['--client=dokcer', 'flag --client: no client "dokcer", did you mean docker?'],
    ['--url=http://127.0.0.1:1', 'flags --url and --config.file exclude each other'],
    ['--insecure', 'flag --insecure needs --url'],
    ['--up-to=much', 'flag --up-to: expected a size with its unit, such as 100MiB or 100MB, got "much"'],
    ['--only=speed', 'flag --only: expected size or duration, got "speed"'],
    ['--push-over=direct', 'flag --push-over is for --pull'],
    ['--pull --push-over=dirct', 'flag --push-over: no path "dirct", did you mean direct?'],
    ['--timeout=soon', 'flag --timeout: expected a duration such as 15m, got "soon"'],
  ])('%s: exit code 2', async (flag, message) => {
    const { code, err } = await limit([`--config.file=${configured()}`, ...flag.split(' ')]);
    expect(err).toBe(`blobprobe limit: ${message} (see blobprobe limit --help)\n`);
    expect(code).toBe(2);
  });

  /** A registry that keeps what is pushed, and lets everybody in. */
  async function keeping(): Promise<string> {
    const before = registry;
    registry = await startRegistry();
    await before.close();
    edge.setUpstream(registry.url);
    const paths = { direct: { url: registry.url }, ingress: { url: edge.url, kind: 'ingress' } };
    const checks = { small: { size: '1KiB', every: '1m', clients: ['docker'] } };
    const file = join(directory, 'pull.yaml');
    writeFileSync(file, JSON.stringify({ registries: { gitea: { repository: 'team/probe', paths } }, checks }));
    return file;
  }

  test('--pull: what comes back is searched, put there over the direct path; in words, as JSON, and by a path of that name', async () => {
    const file = await keeping();
    edge.setFaults([
      {
        kind: 'reset-at',
        afterBytes: 700_000,
        direction: 'response',
        gently: true,
        when: { methods: ['GET'], pathContains: 'blobs/sha256:' },
      },
    ]);
    const args = [
      `--config.file=${file}`,
      '--path=ingress',
      '--only=size',
      '--up-to=2MB',
      '--resolution=50kB',
      '--pull',
    ];
    const { code, out, err } = await limit(args);
    expect(out).toMatch(
      /^gitea\/ingress as docker, pulled\n  size      limited: 684 KiB \(700 kB\) comes back, 732 KiB \(750 kB\) does not\n/,
    );
    expect(out).toMatch(/ runs, .* sent and pulled\n$/);
    expect(readFileSync(new URL('../../docs/diagnosis.md', import.meta.url), 'utf8')).toContain(
      out.split('\n', 2).join('\n'),
    );
    expect(err).toContain('gitea/ingress as docker, pulled: puts blobs there over direct\n');
    expect(code).toBe(1);
    expect(edge.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect([...registry.blobs]).toEqual([]);

    edge.setFaults([]);
    const { code: open, out: json } = await limit([...args, '--push-over=ingress', '--json']);
    expect(JSON.parse(json)).toMatchObject([
      {
        path: 'ingress',
        pushedOver: 'ingress',
        direction: 'pull',
        unit: 'bytes',
        conclusion: 'none-up-to',
        largestAccepted: 2_000_000,
      },
    ]);
    expect(open).toBe(0);
  });

  test('--pull where the blob cannot be put there: inconclusive, and says why', async () => {
    const { out } = await limit([
      `--config.file=${await keeping()}`,
      '--path=ingress',
      '--only=size',
      '--up-to=2MB',
      '--pull',
      '--push-over=ingress',
    ]);
    expect(out).toMatch(
      /inconclusive; .*\n +what was to be pulled could not be put there over ingress: 413 from nginx/,
    );
  });

  test('a wrong configuration: its errors, exit code 2', async () => {
    writeFileSync(join(directory, 'wrong.yaml'), 'registries: 1');
    const { code, err } = await limit([`--config.file=${join(directory, 'wrong.yaml')}`]);
    expect(err).toMatch(/wrong\.yaml:1:13: /);
    expect(code).toBe(2);
  });
});

test.each([
  [[], 'give --config.file=FILE, or the registry, such as git.example.org/team/app'],
  [
    ['--url=registry.example.org'],
    'flag --url: expected a URL that starts with http:// or https:// such as https://registry.example.org',
  ],
  [
    ['--url=http://u:p@registry.example.org'],
    'flag --url: expected a URL without user name and password (they have keys of their own)',
  ],
  [['--url=http://registry.example.org/a?b'], 'flag --url: expected a URL without query and fragment'],
  [['--url=http://registry.example.org/Team'], 'flag --url: "Team" is no name of a repository'],
  [['--url=http://registry.example.org/a..b'], 'flag --url: "a..b" is no name of a repository'],
  [
    ['--url=http://registry.example.org', '--repository=team/a.-b'],
    'flag --repository: "team/a.-b" is no name of a repository',
  ],
  [['--url=http://registry.example.org/a', '--repository=b'], 'the repository stands in --url and in --repository'],
  [['--url=http://registry.example.org', '--user=u'], 'flags --user and --password-stdin go together'],
  [['--url=http://registry.example.org', '--connect-to=host'], 'flag --connect-to: expected HOST:PORT, got "host"'],
])('%j is refused with one line', async (args, message) => {
  const { code, err } = await limit(args, '');
  expect(err).toBe(`blobprobe limit: ${message} (see blobprobe limit --help)\n`);
  expect(code).toBe(2);
});
