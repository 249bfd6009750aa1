import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeConfig } from '../../src/config/describe.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { redactedConfig } from '../../src/config/redact.ts';
import { checkId } from '../../src/probe/check.ts';
import { clientNames, clientProfiles } from '../../src/probe/clients/client-profiles.ts';
import { drawnHistograms } from '../../src/publish/metrics/chosen-histograms.ts';
import { invalidCases } from '../behaviour/config/invalid-cases.ts';
import { fakeSources } from '../support/config-sources.ts';

const twoRegistries = `
registries:
  gitea:
    repository: platform/blobprobe
    paths:
      public: { url: "https://git.example.org/" }
      internal: { url: "http://[2001:db8::1]:3000" }
  hub:
    repository: probes
    paths:
      public: { url: "HTTPS://Hub.Example.org:443" }
checks:
  small: { size: 1MiB, every: 1m, clients: [docker, crane] }
  large: { size: 150MB, every: 1h, clients: [docker], registries: [gitea], paths: [internal], timeout: 20m }
  image: { layers: [1MiB, 1KiB], every: 12h, clients: [docker], paths: [public], pull: true, retries: 2, payload: { rotate: 3 } }
`;

describe('parseConfig', () => {
  it('takes a client by its version, under the name as it is written', () => {
    const written = twoRegistries.replace('[docker, crane]', '[docker, docker@20.10, docker-containerd@29.7]');
    const { checks } = parseConfig(written, 'c.yaml', fakeSources());
    const names = checks.slice(0, 3).map(({ client: { name, version } }) => `${name} is ${version}`);
    expect(names).toEqual(['docker is 29.7', 'docker@20.10 is 20.10', 'docker-containerd@29.7 is 29.7']);
    const { name: _name, ...byVersion } = clientProfiles['docker-containerd@29.7'];
    expect(clientProfiles['docker-containerd']).toMatchObject(byVersion);
  });

  it('knows no client by a version that has no row', () => {
    const wrong = twoRegistries.replace('[docker, crane]', '[docker@19.03]');
    expect(() => parseConfig(wrong, 'c.yaml', fakeSources())).toThrow(ConfigError);
    const inSchema = new Set(configJsonSchema().match(/"[a-z-]+@[\w.-]+"/g));
    expect([...inSchema].sort()).toEqual(
      clientNames
        .filter((name) => name.includes('@'))
        .map((name) => JSON.stringify(name))
        .sort(),
    );
  });

  it('expands checks to registry × path × client × workload, in the order of the file', () => {
    const config = parseConfig(twoRegistries, 'c.yaml', fakeSources());
    expect(config.checks.map(checkId)).toEqual([
      'gitea/public/docker/small',
      'gitea/public/crane/small',
      'gitea/internal/docker/small',
      'gitea/internal/crane/small',
      'hub/public/docker/small',
      'hub/public/crane/small',
      'gitea/internal/docker/large',
      'gitea/public/docker/image',
      'hub/public/docker/image',
    ]);
    expect(config.checks[0]?.registry).toBe(config.registries[0]);
    expect(config.checks[0]?.path).toBe(config.registries[0]?.paths[0]);
  });

  it('fills in defaults', () => {
    const config = parseConfig(twoRegistries, 'c.yaml', fakeSources());
    expect(config.registries[0]).toMatchObject({ credentials: { kind: 'anonymous' }, cleanup: 'delete' });
    expect(config.registries[0]?.paths[0]).toEqual({
      name: 'public',
      origin: 'https://git.example.org',
      kind: 'direct',
      dnsServers: [],
      headers: {},
      tls: { insecure: false, minVersion: 'TLSv1.2' },
      allowHosts: [],
      realm: 'follow',
    });
    expect(config.registries.flatMap(({ paths }) => paths.map((path) => path.origin))).toEqual([
      'https://git.example.org',
      'http://[2001:db8::1]:3000',
      'https://hub.example.org:443',
    ]);
    expect(config.checks[0]).toMatchObject({
      workload: { name: 'small', kind: 'blob', layerBytes: [1_048_576], pull: false },
      intervalMs: 60_000,
      retries: 'profile',
      retryWaitScale: 1,
      payload: { kind: 'fresh' },
    });
    expect(config).toMatchObject({ budget: { transfers: 1 }, retryWaitScale: 1 });
    expect(config.limits).toBeUndefined();
    expect(config.ledgerFile).toBeUndefined();
  });

  it('bounds a run by its interval, and by 15 minutes, when the check does not say', () => {
    const { checks } = parseConfig(twoRegistries, 'c.yaml', fakeSources());
    const timeouts = Object.fromEntries(checks.map(({ workload, timeoutMs }) => [workload.name, timeoutMs]));
    expect(timeouts).toEqual({ small: 60_000, large: 20 * 60_000, image: 15 * 60_000 });
  });

  it('carries what a check says', () => {
    const { checks } = parseConfig(`${twoRegistries}retryWaitScale: 0.01\n`, 'c.yaml', fakeSources());
    expect(checks.at(-1)).toMatchObject({
      workload: { kind: 'image', layerBytes: [1_048_576, 1024], pull: true },
      retries: 2,
      retryWaitScale: 0.01,
      payload: { kind: 'rotate', count: 3 },
    });
  });

  it('carries every setting of a path', () => {
    const config = parseConfig(
      `
registries:
  gitea:
    repository: r
    cleanup: keep
    paths:
      all:
        url: https://git.example.org:8443
        kind: ingress
        connectTo: "[2001:db8::2]:443"
        dns: [192.0.2.53, "[2001:db8::53]:5353"]
        family: 6
        localAddress: 2001:db8::7
        proxy: { url: "http://[2001:db8::3]", username: u, password: p }
        headers: { X-Probe: "1" }
        tls: { caFile: ca.pem, certFile: c.pem, keyFile: /k.pem, serverName: other.example.org, insecure: true, minVersion: TLSv1.3 }
        allowHosts: [auth.example.org, "up.example.org:444"]
        realm: rewrite
checks: { c: { size: 1B, every: 1s, clients: [docker] } }
limits: { every: 1d, upTo: 600MiB }
budget: { bytesPerDay: 1GB, bandwidth: 200Mbit/s, transfers: 2 }
ledgerFile: state/ledger.jsonl
`,
      '/etc/blobprobe/config.yaml',
      fakeSources({ files: { '/etc/blobprobe/ca.pem': 'x', '/etc/blobprobe/c.pem': 'x', '/k.pem': 'x' } }),
    );
    const path = config.registries[0]?.paths[0];
    expect(path).toEqual({
      name: 'all',
      origin: 'https://git.example.org:8443',
      kind: 'ingress',
      connectTo: { host: '2001:db8::2', port: 443 },
      dnsServers: ['192.0.2.53', '[2001:db8::53]:5353'],
      family: 6,
      localAddress: '2001:db8::7',
      proxy: { host: '2001:db8::3', port: 80, username: 'u', password: path?.proxy?.password },
      headers: { 'X-Probe': '1' },
      tls: {
        caFile: '/etc/blobprobe/ca.pem',
        certFile: '/etc/blobprobe/c.pem',
        keyFile: '/k.pem',
        serverName: 'other.example.org',
        insecure: true,
        minVersion: 'TLSv1.3',
      },
      allowHosts: ['auth.example.org', 'up.example.org:444'],
      realm: 'rewrite',
    });
    expect(path?.proxy?.password?.reveal()).toBe('p');
    const asFine = parseConfig(
      `${twoRegistries}limits: { every: 24h, upTo: 1MiB, resolution: 1MiB }\n`,
      'c.yaml',
      fakeSources(),
    );
    expect(asFine.limits).toMatchObject({ upToBytes: 1_048_576, resolutionBytes: 1_048_576 });
    expect(config.limits).toMatchObject({ intervalMs: 86_400_000, upToBytes: 629_145_600, resolutionBytes: 1_048_576 });
    expect(config.limits?.targets.map(({ path, client }) => [path.name, client.name])).toEqual([['all', 'docker']]);
    expect(config.budget).toEqual({ bytesPerDay: 1_000_000_000, bandwidthBitsPerSecond: 200_000_000, transfers: 2 });
    expect(config.ledgerFile).toBe('/etc/blobprobe/state/ledger.jsonl');
  });

  it('shapes the chunks of the plain client alone', () => {
    const written = twoRegistries.replace('clients: [docker, crane]', 'clients: [docker, chunked], chunkSize: 3MiB');
    const { checks } = parseConfig(written, 'c.yaml', fakeSources());
    expect(checks.slice(0, 2).map(({ client }) => [client.name, client.chunkBytes])).toEqual([
      ['docker', clientProfiles.docker.chunkBytes],
      ['chunked', 3_145_728],
    ]);
    const usual = parseConfig(written.replace(', chunkSize: 3MiB', ''), 'c.yaml', fakeSources());
    expect(usual.checks[1]?.client).toBe(clientProfiles.chunked);
  });

  it('asks a neighbour, leaves out tainted runs and draws histograms as it is told', () => {
    const usual = parseConfig(twoRegistries, 'c.yaml', fakeSources());
    expect(usual.checks[0]).toMatchObject({ asksNeighbour: false });
    expect(usual).toMatchObject({
      excludeTainted: false,
      histograms: drawnHistograms,
      registries: [{}, { name: 'hub' }],
    });
    const told = parseConfig(
      `${twoRegistries.replace('every: 1m,', 'every: 1m, neighbour: true,')}excludeTainted: true\nmetrics: { histograms: [run_attempts] }\n`,
      'c.yaml',
      fakeSources(),
    );
    expect(told.checks.map(({ asksNeighbour }) => asksNeighbour)).toEqual([
      ...Array<boolean>(6).fill(true),
      ...Array<boolean>(3).fill(false),
    ]);
    expect(told).toMatchObject({ excludeTainted: true, histograms: ['runAttempts'] });
  });

  it('never retries, or as often as it is told', () => {
    const retries = (text: string) =>
      parseConfig(twoRegistries.replace('retries: 2', `retries: ${text}`), 'c.yaml', fakeSources()).checks.at(-1)
        ?.retries;
    expect(['none', '1', 'profile'].map(retries)).toEqual(['none', 1, 'profile']);
  });

  it('says where the proxy of a path listens: port 80 unless it says another', () => {
    const proxy = (url: string) =>
      parseConfig(
        twoRegistries.replace('"https://git.example.org/"', `"https://git.example.org/", proxy: { url: "${url}" }`),
        'c.yaml',
        fakeSources(),
      ).registries[0]?.paths[0]?.proxy;
    const nobody = { username: undefined, password: undefined };
    expect(proxy('http://proxy.example')).toEqual({ host: 'proxy.example', port: 80, ...nobody });
    expect(proxy('http://proxy.example:3128/')).toEqual({ host: 'proxy.example', port: 3128, ...nobody });
  });

  it('bounds limit searches to what they name', () => {
    const { limits } = parseConfig(
      `${twoRegistries}limits: { every: 1d, upTo: 1GiB, direction: both, registries: [gitea], paths: [internal], clients: [crane, docker] }\n`,
      'c.yaml',
      fakeSources(),
    );
    expect(limits?.targets.map(({ path, client, pushedOver }) => [path.name, client.name, pushedOver?.name])).toEqual([
      ['internal', 'crane', undefined],
      ['internal', 'crane', 'public'],
      ['internal', 'docker', undefined],
      ['internal', 'docker', 'public'],
    ]);
    // Hub has one path only: what is pulled over it is put there over it.
    const alone = parseConfig(
      `${twoRegistries}limits: { every: 1d, upTo: 1GiB, direction: pull, registries: [hub] }\n`,
      'c.yaml',
      fakeSources(),
    );
    expect(alone.limits?.targets.map(({ path, pushedOver }) => [path.name, pushedOver?.name])).toEqual([
      ['public', 'public'],
    ]);
  });

  it.each([
    ['family: ipv4', 4],
    ['family: ipv6', 6],
    ['family: 4', 4],
    ['family: "ipv6"', 6],
  ])('reads %s', (text, family) => {
    const file = twoRegistries.replace('"https://git.example.org/"', `"https://git.example.org/", ${text}`);
    expect(parseConfig(file, 'c.yaml', fakeSources()).registries[0]?.paths[0]?.family).toBe(family);
  });

  it.each([
    ['a run may take its whole interval', 'size: 1MiB, every: 1m,', 'size: 1MiB, timeout: 1m, every: 1m,'],
    ['the longest time that a timer holds', 'every: 12h,', 'every: 24d20h31m23s647ms,'],
    ['the longest name of a repository', 'repository: probes', `repository: ${'r'.repeat(255)}`],
    [
      'another repository behind the same addresses',
      '"HTTPS://Hub.Example.org:443" }',
      '"https://git.example.org/" }\n      internal: { url: "http://[2001:db8::1]:3000" }',
    ],
    [
      'the same repository behind other addresses',
      'repository: probes\n    paths:\n',
      'repository: platform/blobprobe\n    paths:\n      internal: { url: "http://[2001:db8::2]:3000" }\n',
    ],
    ['any local address without a family', ':3000" }', ':3000", localAddress: "2001:db8::7" }'],
    ['a local IPv4 address, too', ':3000" }', ':3000", localAddress: "192.0.2.7" }'],
    ['a local address of the family', ':3000" }', ':3000", family: ipv6, localAddress: "2001:db8::7" }'],
    [
      'a password with the name of a variable in it',
      'probes',
      'probes\n    credentials: { username: u, password: "a${B}" }',
    ],
    [
      'a password that the name of a variable begins',
      'probes',
      'probes\n    credentials: { username: u, password: "${B}a" }',
    ],
    [
      'defaults of TLS, written out, at an http url',
      ':3000" }',
      ':3000", tls: { insecure: false, minVersion: TLSv1.2 } }',
    ],
    ['the slowest line', 'registries:\n', 'budget: { bandwidth: 1bit/s }\nregistries:\n'],
    [
      'one path of several registries',
      'registries: [gitea], paths: [internal]',
      'registries: [gitea, hub], paths: [internal, public]',
    ],
  ])('accepts %s', (_what, good, written) => {
    const file = twoRegistries.replace(good, written);
    expect(file).not.toBe(twoRegistries);
    expect(linesOf(() => parseConfig(file, 'c.yaml', fakeSources()))).toEqual([]);
  });

  it('follows anchors and aliases', () => {
    const file = twoRegistries
      .replace('[docker, crane]', '&who [docker, crane]')
      .replace('clients: [docker], registries', 'clients: *who, registries');
    expect(parseConfig(file, 'c.yaml', fakeSources()).checks).toHaveLength(10);
  });

  it('accepts names that objects of JavaScript have by birth', () => {
    const file = twoRegistries
      .replace('gitea:', 'constructor:')
      .replace('[gitea]', '[constructor]')
      .replaceAll('public', 'toString')
      .replace('small:', 'hasOwnProperty:');
    expect(parseConfig(file, 'c.yaml', fakeSources()).checks.map(checkId)[0]).toBe(
      'constructor/toString/docker/hasOwnProperty',
    );
    const unknown = twoRegistries.replace('paths: [internal]', 'paths: [valueOf]');
    expect(() => parseConfig(unknown, 'c.yaml', fakeSources())).toThrow('expected a known path');
  });

  it('searches limits of pushes, of pulls, or of both; what is pulled is put there over another direct path', () => {
    const searched = (direction: string) =>
      parseConfig(
        `${twoRegistries}limits: { every: 1d, upTo: 1GiB${direction} }\n`,
        'c.yaml',
        fakeSources(),
      ).limits?.targets.map(
        ({ registry, path, pushedOver }) => `${registry.name}/${path.name} ${pushedOver?.name ?? ''}`,
      );
    const pushes = searched('');
    expect(searched(', direction: push')).toEqual(pushes);
    const pulls = searched(', direction: pull');
    expect(pulls).toHaveLength(pushes?.length ?? 0);
    expect(pulls?.every((one) => !one.endsWith(' '))).toBe(true);
    expect(searched(', direction: both')).toEqual(pushes?.flatMap((one, index) => [one, pulls?.[index]]));
  });

  it('is frozen through and through', () => {
    const config = parseConfig(`${twoRegistries}limits: { every: 1d, upTo: 1GiB }\n`, 'c.yaml', fakeSources());
    const seen = new Set<unknown>();
    const thawed: string[] = [];
    const visit = (value: unknown, at: string): void => {
      if (typeof value !== 'object' || value === null || seen.has(value)) return;
      seen.add(value);
      if (!Object.isFrozen(value)) thawed.push(at);
      for (const [key, inner] of Object.entries(value)) visit(inner, `${at}.${key}`);
    };
    visit(config, 'config');
    expect(thawed).toEqual([]);
    expect(seen.size).toBeGreaterThan(40);
  });

  it('ends in a configuration or in a ConfigError with places, whatever the text', () => {
    const texts = [twoRegistries, ...invalidCases.map(({ text }) => text)];
    const mutated = fc
      .tuple(
        fc.constantFrom(...texts),
        fc.nat(),
        fc.nat(12),
        fc.oneof(fc.string(), fc.constantFrom('\n', '  ', ':', '&a ', '*a', '{', '- ', '"', '\t', 'null', '<<: ')),
      )
      .map(([text, at, length, insert]) => {
        const start = at % (text.length + 1);
        return text.slice(0, start) + insert + text.slice(start + length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.string(), mutated), (text) => {
        const lines = linesOf(() => parseConfig(text, 'c.yaml', fakeSources()));
        expect(lines.filter((line) => !/^c\.yaml:\d+:\d+: .*expected .+, got ./.test(line))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('secrets', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'blobprobe-config-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function load(credentials: string, env: Record<string, string> = {}) {
    const file = join(folder, 'config.yaml');
    writeFileSync(
      file,
      twoRegistries.replace('platform/blobprobe', `platform/blobprobe\n    credentials: ${credentials}`),
    );
    return loadConfig(file, { env }).registries[0]?.credentials;
  }

  it('are read anew from their file, without the newline at its end', () => {
    writeFileSync(join(folder, 'secret'), 'first\n');
    const credentials = load('{ username: probe, passwordFile: secret }');
    if (credentials?.kind !== 'basic') throw new Error('not basic');
    expect(credentials.password.reveal()).toBe('first');
    writeFileSync(join(folder, 'secret'), ' second ');
    expect(credentials.password.reveal()).toBe(' second ');
    writeFileSync(join(folder, 'secret'), 'third\r\n');
    expect(credentials.password.reveal()).toBe('third');
    rmSync(join(folder, 'secret'));
    expect(() => credentials.password.reveal()).toThrow('the file cannot be read (ENOENT)');
  });

  it('are read anew from their variable', () => {
    const env: Record<string, string> = { T: 'first' };
    const credentials = load('{ tokenEnv: T }', env);
    if (credentials?.kind !== 'bearer') throw new Error('not bearer');
    expect(credentials.token.reveal()).toBe('first');
    env['T'] = 'second';
    expect(credentials.token.reveal()).toBe('second');
  });

  it('may stand in the configuration, or in a Docker configuration', () => {
    const identity = load('{ identityToken: inline }');
    expect(identity?.kind === 'identity' && identity.token.reveal()).toBe('inline');
    writeFileSync(join(folder, 'docker.json'), '{}');
    expect(load('{ dockerConfig: docker.json }')).toEqual({
      kind: 'docker-config',
      file: resolve(dirname(join(folder, 'config.yaml')), 'docker.json'),
    });
  });

  it('do not show when the configuration is printed in any way', () => {
    const file = twoRegistries
      .replace('platform/blobprobe', 'platform/blobprobe\n    credentials: { username: probe, password: canary }')
      .replace(
        '"https://git.example.org/"',
        '"https://git.example.org/", proxy: { url: "http://proxy:1", username: u, password: canary }',
      );
    const config = parseConfig(file, 'c.yaml', fakeSources());
    const shown = [JSON.stringify(config), inspect(config, { depth: 20, showHidden: true }), redactedConfig(config)];
    expect(shown.filter((text) => text.includes('canary'))).toEqual([]);
    expect(shown.every((text) => text.includes('<secret>'))).toBe(true);
  });
});

describe('redactedConfig', () => {
  it('is the file with defaults filled in, as YAML that can be read again', () => {
    const config = parseConfig(twoRegistries, 'c.yaml', fakeSources());
    expect(parse(redactedConfig(config))).toMatchObject({
      registries: {
        gitea: { cleanup: 'delete', paths: { public: { url: 'https://git.example.org/', realm: 'follow' } } },
      },
      checks: { small: { size: '1MiB', retries: 'profile', payload: 'fresh', pull: false } },
      budget: { transfers: 1 },
      retryWaitScale: 1,
    });
    const again = parseConfig(redactedConfig(config), 'c.yaml', fakeSources());
    expect(again.checks.map(checkId)).toEqual(config.checks.map(checkId));
  });

  it('hides headers that look like credentials, also under names that mislead', () => {
    const headers = {
      Authorization: 'canary',
      cookie: 'canary',
      'X-Api-Key': 'canary',
      'CF-Access-Client-Secret': 'canary',
      'X-Auth-Token': 'canary',
      'X-Other': 'Bearer canary',
      'X-Probe': 'shown',
    };
    const file = twoRegistries
      .replace(
        'internal: { url: "http://[2001:db8::1]:3000" }',
        `headers: { url: "http://192.0.2.1", headers: ${JSON.stringify(headers)} }`,
      )
      .replace('paths: [internal]', 'paths: [headers]')
      .replace('hub:', 'password:');
    const text = redactedConfig(parseConfig(file, 'c.yaml', fakeSources()));
    expect(text).not.toContain('canary');
    expect(text.match(/<secret>/g)).toHaveLength(6);
    expect(text).toContain('X-Probe: shown');
    expect(text).toContain('url: http://192.0.2.1');
    expect(text).toContain('repository: probes');
  });
});

describe('describeConfig', () => {
  const sources = fakeSources();

  it('adds up runs and bytes of a day, without and with all retries', () => {
    const figures = describeConfig(parseConfig(twoRegistries, 'c.yaml', sources));
    const mebibyte = 1_048_576;
    expect(figures).toEqual({
      registries: 2,
      paths: 3,
      checks: 9,
      runsPerDay: 6 * 1440 + 24 + 2 * 2,
      bytesPerDay: 6 * 1440 * mebibyte + 24 * 150e6 + 4 * 3 * (mebibyte + 1024),
      worstCaseBytesPerDay: 3 * 1440 * (5 + 3) * mebibyte + 24 * 150e6 * 5 + 4 * (2 + 2) * (mebibyte + 1024),
      workloads: [
        {
          workload: 'small',
          checks: 6,
          runsPerDay: 8640,
          bytesPerDay: 8640 * mebibyte,
          worstCaseBytesPerDay: 4320 * 8 * mebibyte,
        },
        { workload: 'large', checks: 1, runsPerDay: 24, bytesPerDay: 3.6e9, worstCaseBytesPerDay: 18e9 },
        {
          workload: 'image',
          checks: 2,
          runsPerDay: 4,
          bytesPerDay: 12 * (mebibyte + 1024),
          worstCaseBytesPerDay: 16 * (mebibyte + 1024),
        },
      ],
    });
  });

  it('counts one attempt for retries: none', () => {
    const config = parseConfig(twoRegistries.replace('timeout: 20m', 'retries: none'), 'c.yaml', sources);
    const large = describeConfig(config).workloads.find(({ workload }) => workload === 'large');
    expect(large?.worstCaseBytesPerDay).toBe(large?.bytesPerDay);
  });

  it('holds the budget to the byte', () => {
    const { bytesPerDay } = describeConfig(parseConfig(twoRegistries, 'c.yaml', sources));
    const withBudget = (bytes: number) => () =>
      parseConfig(`${twoRegistries}budget: { bytesPerDay: ${bytes}B }\n`, 'c.yaml', sources);
    expect(withBudget(bytesPerDay)().budget.bytesPerDay).toBe(bytesPerDay);
    expect(withBudget(bytesPerDay - 1)).toThrow(`without a single retry, got ${bytesPerDay - 1}B`);
  });
});

describe('patterns of the JSON Schema', () => {
  it('can be read by Helm, whose regular expressions know no lookaround and no backreference', () => {
    const patterns = [...configJsonSchema().matchAll(/"pattern": (".*")/g)].map(
      ([, text]) => JSON.parse(text!) as string,
    );
    expect(patterns.length).toBeGreaterThan(20);
    expect(patterns.filter((pattern) => /\(\?[=!<]|\\[1-9]|\(\?<[=!]/.test(pattern))).toEqual([]);
  });
});

/** What a ConfigError says, line by line; nothing when none is thrown. Anything else that is thrown fails the test. */
function linesOf(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

describe('the budget', () => {
  const text = (bytesPerDay: string, size = '10MiB'): string =>
    JSON.stringify({
      registries: { lab: { repository: 'a/b', paths: { direct: { url: 'http://127.0.0.1:1' } } } },
      checks: { large: { size, every: '1d', clients: ['docker'] } },
      budget: { bytesPerDay },
    });

  it('that a run with all its attempts does not fit into is refused: it would never start', () => {
    // 5 attempts of 10 MiB, with 1 % for framing and 64 KiB for the rest of each.
    const worst = Math.ceil(50 * 2 ** 20 * 1.01) + 5 * 65_536;
    expect(() => parseConfig(text(`${worst - 1}B`), 'c.yaml', fakeSources())).toThrow(
      /budget\.bytesPerDay: expected at least the .* that one run of lab\/direct\/docker\/large may need with all its attempts, or it never starts, got/,
    );
    expect(parseConfig(text(`${worst}B`), 'c.yaml', fakeSources()).budget.bytesPerDay).toBe(worst);
  });

  it('that several checks exceed is refused with the one that needs most, the first of equals', () => {
    const config = JSON.parse(text('100MiB')) as { checks: Record<string, unknown> };
    config.checks = {
      small: { size: '1MiB', every: '1d', clients: ['docker'] },
      large: { size: '30MiB', every: '1d', clients: ['docker'] },
      same: { size: '30MiB', every: '1d', clients: ['docker'] },
      tiny: { size: '1B', every: '1d', clients: ['docker'] },
    };
    expect(() => parseConfig(JSON.stringify(config), 'c.yaml', fakeSources())).toThrow(
      'that one run of lab/direct/docker/large may need',
    );
  });

  it('that the checks exceed without a single retry is refused', () => {
    expect(() => parseConfig(text('5MiB'), 'c.yaml', fakeSources())).toThrow(/without a single retry, got 5MiB/);
  });
});
