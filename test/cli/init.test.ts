import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { LookupAddress } from 'node:dns';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Terminal } from '../../src/cli/command.ts';
import { candidatesOf, clientsFound } from '../../src/cli/init-paths.ts';
import { initCommand } from '../../src/cli/init.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createEngine } from '../../src/daemon/engine.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { checkOf } from '../support/checks.ts';
import { startScriptedRegistry } from '../support/scripted-registry.ts';
import { typed } from '../support/typed.ts';

let registry: DemoRegistry;
let directory: string;
let file: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-init-'));
  file = join(directory, 'config.yaml');
  registry = await startRegistry({ auth: { kind: 'basic', users: [{ name: 'probe', password: 'right' }] } });
});
afterEach(async () => {
  await registry.close();
  rmSync(directory, { recursive: true });
});

async function init(args: readonly string[], more: Partial<Terminal> = {}, addresses: readonly LookupAddress[] = []) {
  const deps = { engine: createEngine(), isTerminal: false, lookUp: async () => addresses };
  return typed(['init', `--output=${file}`, ...args], [initCommand(deps)], { readInput: () => 'right\n', ...more });
}

const login = ['--user=probe', '--password-stdin'];

test('writes a commented configuration that passes the check, and a password file for its owner alone', async () => {
  const { code, out, err } = await init([`--url=${registry.url}/team/probe`, ...login]);
  expect({ code, err }).toEqual({
    code: 0,
    err: expect.stringMatching(/^loopback, http:.*: docker pushed 64 KiB in /),
  });
  expect(out).toContain(`blobprobe --config.file=${file} --config.check`);
  const text = readFileSync(file, 'utf8');
  expect(text).not.toContain('right');
  expect(text).toContain('# Tried: docker pushed 64 KiB');
  expect(readFileSync(`${file}.password`, 'utf8')).toBe('right');
  expect(statSync(`${file}.password`).mode & 0o777).toBe(0o600);
  const { registries, checks } = loadConfig(file, { env: {} });
  expect(registries).toMatchObject([
    { repository: 'team/probe', paths: [{ name: 'loopback', origin: registry.url, kind: 'internal' }] },
  ]);
  expect(checks.map(({ workload, client }) => `${workload.name} ${client.name}`)).toEqual([
    'small docker',
    'large docker',
  ]);
  expect(registry.blobs.size).toBe(0);
});

test('never overwrites, neither the configuration nor the password', async () => {
  writeFileSync(file, 'mine');
  expect(await init([`--url=${registry.url}/a/b`, ...login])).toMatchObject({
    code: 2,
    err: expect.stringContaining('is there already: name another with --output=FILE'),
  });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  rmSync(file);
  writeFileSync(`${file}.password`, 'mine');
  expect(await init([`--url=${registry.url}/a/b`, ...login])).toMatchObject({
    code: 2,
    err: expect.stringContaining('.password is there already: name another with --output=FILE'),
  });
  expect(readFileSync(`${file}.password`, 'utf8')).toBe('mine');
  expect(existsSync(file)).toBe(false);
});

test('a folder in which nothing can be written is refused before anything is pushed', async () => {
  file = join(directory, 'nowhere', 'config.yaml');
  expect(await init([`--url=${registry.url}/a/b`, ...login])).toMatchObject({
    code: 2,
    err: expect.stringContaining('flag --output: ENOENT'),
  });
  expect(registry.requests).toHaveLength(0);
});

test('where nothing gets through, nothing is written, and the remedy is said', async () => {
  const { code, out, err } = await init([`--url=${registry.url}/a/b`]);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/Nothing got through, so .*config\.yaml is not written\.\nRemedy: .*\nSee: /);
  expect(readdirSync(directory)).toEqual([]);
});

test('asks for registry, user and password where somebody sits', async () => {
  const questions: string[] = [];
  const answers = [`${registry.url}/team/probe`, 'probe', 'right'];
  const ask = async (question: string, secret = false): Promise<string> => {
    questions.push(`${secret ? 'secret ' : ''}${question}`);
    return answers[questions.length - 1] ?? '';
  };
  expect(await init([], { isInteractive: true, ask })).toMatchObject({ code: 0 });
  expect(questions).toEqual([
    'Registry and repository, such as git.example.org/team/probe: ',
    "User name (empty: docker's login, if there is one): ",
    'secret Password of probe: ',
  ]);
  expect(loadConfig(file, { env: {} }).registries).toMatchObject([{ repository: 'team/probe' }]);
});

test("takes docker's login, and http where a guessed https leads nowhere", async () => {
  const dockerConfig = join(directory, 'docker.json');
  const { port } = new URL(registry.url);
  // Leads to this host, and yet https is guessed.
  const host = `0.0.0.0:${port}`;
  const auth = Buffer.from('probe:right').toString('base64');
  writeFileSync(dockerConfig, JSON.stringify({ auths: { [host]: { auth } } }));
  const { code, err } = await init([`${host}/a/b:latest`, `--docker-config=${dockerConfig}`]);
  expect({ code, err }).toMatchObject({
    code: 0,
    err: expect.stringContaining(`no registry at https://${host}; http://${host} works`),
  });
  const [found] = loadConfig(file, { env: {} }).registries;
  expect(found).toMatchObject({
    repository: 'a/b',
    credentials: { kind: 'docker-config', file: dockerConfig },
    paths: [{ origin: `http://${host}` }],
  });
});

test('a named path stays when it fails, with what was found; one that was only found goes', async () => {
  const passwordFile = join(directory, 'secret');
  writeFileSync(passwordFile, 'right\n');
  const { code, err } = await init(
    [
      `--url=${registry.url.replace('127.0.0.1', 'localhost')}/a/b`,
      '--user=probe',
      `--password-file=${passwordFile}`,
      '--path=gone=http://127.0.0.1:1',
    ],
    {},
    [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ],
  );
  expect(code).toBe(0);
  expect(err).toMatch(/^ipv6, .*: docker failed: /m);
  const [found] = loadConfig(file, { env: {} }).registries;
  expect(found?.paths.map(({ name, family }) => [name, family])).toEqual([
    ['loopback', undefined],
    ['gone', undefined],
    ['ipv4', 4],
  ]);
  expect(readFileSync(file, 'utf8')).toMatch(/# Tried: docker failed: .*\n {6}gone:\n/);
  expect(existsSync(`${file}.password`)).toBe(false);
});

test.each([
  [[], 'give the registry, such as git.example.org/team/probe'],
  [['a.example/b', '--client=dokcer'], 'did you mean docker?'],
  [['a.example/b', '--path=x'], 'expected NAME=URL'],
  [['a.example/b', '--path=x=ftp://y'], 'expected NAME=URL'],
  [['a.example/b', '--path=x y=http://y'], 'expected NAME=URL'],
  [['a.example/b', '--path=public=http://y'], 'there are two paths "public"'],
  [['a.example/b', '--password-file=x'], 'flag --password-file needs --user'],
  [['a.example/b', '--password-file=x', ...login], 'exclude each other'],
  [['a.example/b', '--user=u', '--password-file=gone'], 'flag --password-file: "gone" cannot be read (ENOENT)'],
])('%j is refused in one line', async (args, words) => {
  const { code, err } = await init(args);
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(words) });
  expect(err).toMatch(/^[^\n]*\n$/);
});

test('a file that is no password is named in the error', async () => {
  const passwordFile = join(directory, 'secret');
  writeFileSync(passwordFile, 'one\ntwo\n');
  const { code, err } = await init(['a.example/b', '--user=u', `--password-file=${passwordFile}`]);
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(`flag --password-file: "${passwordFile}" `) });
  expect(err).not.toContain('two');
});

test('clients are those whose programs are installed, docker where there is none', () => {
  expect(clientsFound(undefined).map(({ name }) => name)).toEqual(['docker']);
  for (const program of ['skopeo', 'buildctl', 'unknown']) {
    writeFileSync(join(directory, program), '');
    chmodSync(join(directory, program), 0o755);
  }
  writeFileSync(join(directory, 'crane'), '');
  expect(clientsFound(`/nonexistent:${directory}`).map(({ name }) => name)).toEqual(['buildkit', 'skopeo']);
});

test('where the environment names a proxy, the way without it is a path, too', () => {
  const { path } = checkOf('http://registry.example.org');
  const proxy = { host: '192.0.2.9', port: 3128 };
  const found = candidatesOf({ ...path, proxy, environmentProxy: () => proxy }, [], []);
  expect(found.map((one) => [one.path.name, one.path.proxy, one.isNamed])).toEqual([
    ['proxied', proxy, true],
    ['public', undefined, false],
  ]);
});

test.each([
  ['http://localhost:5000', [], 'loopback'],
  ['http://[::1]:5000', [], 'loopback'],
  ['https://127.0.0.1', [], 'loopback'],
  ['http://gitea-http.gitea.svc:3000', ['10.96.0.7'], 'cluster'],
  ['http://registry.registry.svc.cluster.local', [], 'cluster'],
  ['https://192.168.1.5', [], 'private'],
  ['https://[fd12::5]', [], 'private'],
  ['https://100.100.1.2', [], 'private'],
  ['http://registry:5000', [], 'private'],
  ['https://registry.lan', ['192.0.2.1'], 'private'],
  ['https://git.example.org', ['10.0.0.5', 'fd00::5'], 'private'],
  ['https://git.example.org', ['127.0.1.1'], 'loopback'],
  ['https://git.example.org', ['10.0.0.5', '203.0.113.5'], 'public'],
  ['https://git.example.org', ['203.0.113.5'], 'public'],
  ['https://git.example.org', [], 'public'],
  ['https://203.0.113.5', [], 'public'],
])('the first path is named after where its address lies: %s at %j is %s', (url, found, name) => {
  const addresses = found.map((address) => ({ address, family: 4 }));
  expect(candidatesOf({ ...checkOf(url).path }, [], addresses)[0]?.path.name).toBe(name);
});

test('where the connection is made elsewhere, that address names it', () => {
  const path = { ...checkOf('https://git.example.org').path, connectTo: { host: '10.0.0.5', port: 443 } };
  expect(candidatesOf(path, [], [{ address: '203.0.113.5', family: 4 }])[0]?.path.name).toBe('private');
});

test.each(['CF-Ray', 'X-Amz-Cf-Id', 'X-Served-By'])(
  'a path whose answers have %s is one through an edge',
  async (header) => {
    const server = await startScriptedRegistry({ 'GET /v2/': (scene) => scene.answer(200, { [header]: '1' }) });
    expect(await init([`--url=${server.url}/a/b`])).toMatchObject({ code: 0 });
    await server.close();
    expect(loadConfig(file, { env: {} }).registries[0]?.paths).toMatchObject([{ kind: 'edge' }]);
  },
);

describe('a registry that sends to another host for tokens', () => {
  let tokens: DemoRegistry;
  let own: string;
  beforeEach(async () => {
    tokens = await startRegistry({ auth: { kind: 'bearer', users: [{ name: 'probe', password: 'right' }] } });
    own = tokens.url.replace('127.0.0.1', 'localhost');
    tokens.change({ realmOrigin: own });
  });
  afterEach(() => tokens.close());

  test('its inner path asks at its own host, and the file says so', async () => {
    const { code, err } = await init([`--url=${own}/a/b`, `--path=inner=${tokens.url}`, ...login]);
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringMatching(/^inner, .*: docker pushed 64 KiB/m) });
    const [found] = loadConfig(file, { env: {} }).registries;
    expect(found?.paths.map(({ name, realm }) => [name, realm])).toEqual([
      ['loopback', 'follow'],
      ['inner', 'rewrite'],
    ]);
    expect(readFileSync(file, 'utf8')).toContain('realm: rewrite # the registry names another host for tokens');
  });

  test('--allow-host lets the login go there; without it nothing gets through, and the flag is named', async () => {
    const { host } = new URL(own);
    const refused = await init([`--url=${tokens.url}/a/b`, ...login]);
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        `For tokens the registry sends to ${host}; --allow-host=${host} lets the login go there.`,
      ),
    });
    expect(tokens.requests.filter(({ url }) => url.includes('token'))).toEqual([]);
    expect(await init([`--url=${tokens.url}/a/b`, `--allow-host=${host}`, ...login])).toMatchObject({ code: 0 });
    expect(loadConfig(file, { env: {} }).registries[0]?.paths).toMatchObject([{ allowHosts: [host] }]);
    expect(tokens.requests.filter(({ url }) => url.includes('token')).length).toBeGreaterThan(0);
  });
});
