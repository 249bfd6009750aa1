import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { hashSync } from 'bcryptjs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adviseCommand } from '../../src/cli/advise.ts';
import { createEngine } from '../../src/daemon/engine.ts';
import { type DemoEdge, startEdge } from '../support/lab/edge.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { History } from '../../src/publish/history.ts';
import { buildServer } from '../../src/server/server.ts';
import { tooLarge } from '../support/fake-run.ts';
import { foundLimit } from '../support/limits.ts';
import { check, failedRun, successfulRun } from '../support/run-fixtures.ts';
import { serverDeps } from '../support/server-fixtures.ts';
import { typed } from '../support/typed.ts';

const MB = 1_000_000;
const index = 'application/vnd.oci.image.index.v1+json';
const manifest = 'application/vnd.oci.image.manifest.v1+json';

let registry: DemoRegistry;
let edge: DemoEdge;
let daemon: ReturnType<typeof buildServer>;
let daemonUrl: string;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-advise-'));
  registry = await startRegistry({ bytes: 'discard' });
  edge = await startEdge({
    upstream: registry.url,
    identity: { style: 'nginx' },
    faults: [{ kind: 'body-limit', limitBytes: MB, ending: 'linger' }],
  });
  await put('small', manifest, { layers: layers(1_000, 2_000) });
  await put('large', manifest, { layers: layers(1_000, 3 * MB) });
  await put('again', manifest, { layers: layers(1_000, 3 * MB) });
  const inner = await put('inner', manifest, { layers: layers(5_000) });
  await put('both', index, {
    manifests: [{ mediaType: manifest, digest: inner, size: 1, platform: { os: 'linux', architecture: 'arm64' } }],
  });
  const history = new History();
  const over = (path: string, sizeBytes: number) => check({ path, sizeBytes, workload: String(sizeBytes) });
  history.add(successfulRun({ check: over('inside', 5 * MB) }));
  history.add(successfulRun({ check: over('edge', 1_000) }));
  history.add(failedRun({ check: over('edge', 2 * MB) }, tooLarge));
  const checks = [over('inside', 5 * MB), over('edge', 1_000), over('edge', 2 * MB)];
  const limits = [foundLimit({ largestAccepted: MB, smallestRejected: 1.01 * MB, rejection: tooLarge })];
  daemon = buildServer(serverDeps({ history, checks: () => checks, limits: () => limits }));
  daemonUrl = await daemon.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await daemon.close();
  await edge.close();
  await registry.close();
  rmSync(directory, { recursive: true });
});

/** Layers that are kept elsewhere, so that the registry takes the manifest without them. */
function layers(...sizes: readonly number[]): object[] {
  return sizes.map((size, at) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: `sha256:${String(at).repeat(64)}`,
    size,
    urls: ['https://elsewhere.example'],
  }));
}

async function put(tag: string, mediaType: string, content: object): Promise<string> {
  const sent = await fetch(`${registry.url}/v2/team/app/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, ...content }),
  });
  expect(sent.status).toBe(201);
  return sent.headers.get('docker-content-digest') ?? '';
}

async function advise(...args: readonly string[]) {
  const command = adviseCommand({ engine: createEngine(), isTerminal: false });
  return typed(['advise', ...args], [command]);
}

describe('what a daemon knows', () => {
  test('the example of the document', async () => {
    const [, command = '', output = ''] =
      /^```console\n\$ blobprobe advise (.*)\n([^]*?)^```/m.exec(
        readFileSync(join(import.meta.dirname, '../../docs/advise.md'), 'utf8'),
      ) ?? [];
    const { out } = await advise(...command.replace('http://127.0.0.1:10719', daemonUrl).split(' '));
    expect(out).toBe(output);
  });

  test('sizes: dies over one path, another takes it', async () => {
    const { code, out } = await advise('--layers=1kB,2MB', `--daemon=${daemonUrl}`);
    expect(out).toContain('gitea/inside as docker: gets through: 4.77 MiB got through\n');
    expect(out).toMatch(
      /gitea\/edge as docker: dies at layer 2 \(1.91 MiB\): 986 KiB is refused \(body_too_large by nginx\), 977 KiB gets through\n {4}way out: over inside\n {4}way out: layers of 1000000 bytes at most \(977 KiB\)\n {4}way out: .*client_max_body_size/,
    );
    expect(code).toBe(3);
  });

  test('what gets through everywhere, what dies everywhere, what nobody knows', async () => {
    const daemonFlag = `--daemon=${daemonUrl}`;
    expect((await advise('--layers=1kB', daemonFlag)).code).toBe(0);
    expect((await advise('--layers=2MB', daemonFlag, '--path=edge')).code).toBe(1);
    expect((await advise('--layers=9MB', daemonFlag, '--path=inside')).code).toBe(4);
  });

  test('a tag, an index, and a digest, read over the registry itself', async () => {
    const host = new URL(registry.url).host;
    const sizes = async (reference: string): Promise<unknown> => {
      const { out } = await advise(reference, `--daemon=${daemonUrl}`, '--json');
      return (JSON.parse(out) as { images: unknown }).images;
    };
    expect(await sizes(`${host}/team/app:large`)).toEqual([
      {
        name: 'team/app:large',
        layers: [
          { storedBytes: 1_000, compression: 'gzip' },
          { storedBytes: 3 * MB, compression: 'gzip' },
        ],
      },
    ]);
    expect(await sizes(`${host}/team/app:both`)).toMatchObject([
      { name: 'team/app:both linux/arm64', layers: [{ storedBytes: 5_000 }] },
    ]);
  });

  test('all tags of a repository: how many cannot be pushed over which path', async () => {
    const host = new URL(registry.url).host;
    const { code, out } = await advise(`${host}/team/app`, '--all-tags', `--daemon=${daemonUrl}`);
    expect(out).toMatch(/^team\/app:again \(2 layers, 2.86 MiB\)\n/);
    expect(out).not.toContain('team/app:small');
    // `large` is the same image as `again`.
    expect(out).toMatch(/\n1 of 4 images cannot be pushed over edge as docker\n$/);
    expect(code).toBe(3);
  });

  test('JSON has facts, verdicts and words', async () => {
    const { out } = await advise('--layers=2MB', `--daemon=${daemonUrl}`, '--json');
    expect(JSON.parse(out)).toMatchObject({
      known: [{ path: 'inside' }, { path: 'edge', limits: [{ unit: 'bytes', smallestRejected: 1.01 * MB }] }],
      advice: [
        { verdict: 'passes' },
        { verdict: 'dies', layer: 1, layerBytes: 2 * MB, waysOut: [{ kind: 'path' }, {}, {}] },
      ],
      summary: ['1 of 1 image cannot be pushed over edge as docker'],
    });
  });
});

describe('a search of its own', () => {
  test('up to the largest layer, over the named registry, and nothing stays there', async () => {
    const { code, out, err } = await advise(
      '--layers=1kB,3MB',
      '--search',
      `--url=${edge.url}/team/probe`,
      '--client=crane',
    );
    expect(out).toMatch(/url as crane: dies at layer 2 \(2.86 MiB\): .* is refused \(body_too_large by nginx\)/);
    expect(code).toBe(1);
    expect(err).toContain('url as crane: 2.86 MiB\n');
    expect(registry.blobs.size).toBe(0);
    expect(registry.openSessions).toEqual([]);
  });

  test('over the registry of the image', async () => {
    const host = new URL(edge.url).host;
    const { code, out } = await advise(`${host}/team/app:small`, '--search');
    expect(out).toMatch(
      /^team\/app:small \(2 layers, 2.93 KiB\)\n {2}.*\/url as docker: gets through: 1.95 KiB got through\n$/,
    );
    expect(code).toBe(0);
  });
});

describe('a daemon that wants a login', () => {
  let guarded: ReturnType<typeof buildServer>;
  let args: string[];
  beforeAll(async () => {
    const users = new Map([['alice', hashSync('right', 4)]]);
    const history = new History();
    const pushed = check({ path: 'inside', sizeBytes: MB, workload: 'large' });
    history.add(successfulRun({ check: pushed }));
    const webConfig = () => ({ headers: {}, users });
    guarded = buildServer(serverDeps({ history, checks: () => [pushed], webConfig }));
    args = ['--layers=1kB', `--daemon=${await guarded.listen({ host: '127.0.0.1', port: 0 })}`];
    // As editors leave it.
    writeFileSync(join(directory, 'right'), 'right\n');
    writeFileSync(join(directory, 'wrong'), 'wrong');
    writeFileSync(join(directory, 'latin1'), 'wr\u00f6ng', 'latin1');
    writeFileSync(join(directory, 'lines'), 'wrong\nwrong\n');
    writeFileSync(join(directory, 'empty'), '\n');
  });
  afterAll(() => guarded.close());

  const login = (file: string): string[] => ['--daemon-user=alice', `--daemon-password-file=${join(directory, file)}`];

  test('gets it from a file', async () => {
    expect(await advise(...args, ...login('right'))).toMatchObject({ code: 0, err: '' });
  });

  test.each<[string, () => string[], number, RegExp]>([
    ['none', () => [], 5, /wants a login: give --daemon-user and --daemon-password-file$/],
    ['a wrong one', () => login('wrong'), 5, /refuses this login$/],
    ['half of one', () => ['--daemon-user=alice'], 2, /go together \(see /],
    ['a file that is not UTF-8', () => login('latin1'), 2, /"[^"]*latin1" holds text that is not UTF-8 \(see /],
    ['a file of two lines', () => login('lines'), 2, /"[^"]*lines" holds more than one line of text \(see /],
    ['an empty file', () => login('empty'), 2, /"[^"]*empty" is empty \(see /],
    ['a file that is not there', () => login('gone'), 2, /"[^"]*gone" cannot be read \(ENOENT\) \(see /],
  ])('%s: one line, without the password', async (_what, given, wanted, message) => {
    const { code, out, err } = await advise(...args, ...given());
    expect({ code, out, err: err.trimEnd() }).toEqual({ code: wanted, out: '', err: expect.stringMatching(message) });
    expect(err).not.toContain('wrong');
  });

  test('without a daemon there is nobody to log in to', async () => {
    const { code, err } = await advise('--layers=1kB', '--search', ...login('right'));
    expect([code, err]).toEqual([2, expect.stringContaining('flag --daemon-user needs --daemon')]);
  });
});

describe('in one line', () => {
  test.each<[string, readonly string[], number, string]>([
    ['no source of facts', ['--layers=1kB'], 2, 'give --daemon=URL'],
    ['two sources', ['--layers=1kB', '--search', '--daemon=http://x'], 2, 'give --daemon=URL'],
    ['no image', ['--daemon=http://127.0.0.1:1'], 2, 'give an image'],
    ['an image and sizes', ['a', '--layers=1kB', '--daemon=http://127.0.0.1:1'], 2, 'not both'],
    ['no sizes', ['--layers=1kB,x', '--daemon=http://127.0.0.1:1'], 2, 'flag --layers: expected sizes'],
    ['no such file', ['./gone.tar', '--daemon=http://127.0.0.1:1'], 2, 'there is no file "./gone.tar"'],
    ['tags of a file', ['FILE', '--all-tags', '--daemon=http://127.0.0.1:1'], 2, 'flag --all-tags needs a repository'],
    ['a file that is no image', ['FILE', '--daemon=http://127.0.0.1:1'], 5, 'FILE is no tar archive'],
    ['a login in the URL', ['--layers=1kB', '--daemon=http://a:b@127.0.0.1:1'], 2, 'a login in a URL'],
    ['nobody listens', ['--layers=1kB', '--daemon=http://127.0.0.1:1'], 5, 'http://127.0.0.1:1: connect ECONNREFUSED'],
    [
      'no such image',
      ['REGISTRY/team/app:gone', '--daemon=http://127.0.0.1:1'],
      5,
      '404 MANIFEST_UNKNOWN from registry',
    ],
    [
      'a path that the daemon does not know',
      ['--layers=1kB', '--daemon=DAEMON', '--path=x'],
      5,
      'knows only gitea/inside as docker',
    ],
    ['no daemon', ['--layers=1kB', '--daemon=EDGE'], 5, 'answered 404: is it a blobprobe'],
  ])('%s', async (_what, args, wanted, message) => {
    const file = join(directory, 'file');
    writeFileSync(file, 'x'.repeat(2_000));
    const real = (text: string): string =>
      text
        .replace('FILE', file)
        .replace('REGISTRY', new URL(registry.url).host)
        .replace('DAEMON', daemonUrl)
        .replace('EDGE', edge.url);
    const { code, out, err } = await advise(...args.map(real));
    expect({ code, out }).toEqual({ code: wanted, out: '' });
    expect(err).toContain(real(message));
    expect(
      err
        .trimEnd()
        .split('\n')
        .filter((line) => !line.includes('no scheme was given')),
    ).toHaveLength(1);
    expect(err).not.toContain('a:b@');
  });
});
