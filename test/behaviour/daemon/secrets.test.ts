import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { webConfigReader } from '../../../src/config/web-config.ts';
import { createCertificates } from '../../support/certificates.ts';
import { builtProgram, eventually, type Program, startProgram } from '../../support/program.ts';
import { type EchoRegistry, echoModes, startEchoRegistry } from '../../support/echo-registry.ts';

/** Everything that is secret in what follows. With marks that encoders change, and short ones that fit everywhere. */
const secrets = {
  password: 'CANARY-pa"ss&w<o>rd/+1',
  plainPassword: 'canary-file-password',
  environmentPassword: 'canary-env-password',
  token: 'CANARYTOKEN0STATIC',
  identityToken: 'CANARY_IDENTITY_TOKEN',
  fetchedToken: `CANARY-fetched-${'x'.repeat(300)}`,
  dockerPassword: 'canary-docker-password',
  proxyPassword: 'canary-proxy-password',
  apiKey: 'CANARY-api-key',
  access: 'CANARY-access-secret',
  uploadState: 'CANARY-upload-state',
  locationQuery: 'CANARY-location-query',
  realmQuery: 'CANARY-realm-query',
  login: 'canary-web-login',
} as const;
const username = 'pro';
const certificates = createCertificates();
const hash = hashSync(secrets.login, 4);

/** All ways to write them: alone, beside a user in Basic, in URLs, JSON and HTML, the beginning of one; in any case. */
const spellings = [
  ...Object.values(secrets).flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    secret.slice(0, 10),
    // Six bits a letter: what follows `pro:` begins with the last two bits of it.
    Buffer.from(`${username}:${secret}`).toString('base64').replace(/=+$/, ''),
    Buffer.from(`${username}:${secret}`).toString('base64').slice(8, 20),
  ]),
  hash,
  hash.slice(7),
  certificates.valid.key.split('\n')[3] ?? '',
].map((text) => text.toLowerCase());

function leaksIn(text: string): string[] {
  const lower = text.toLowerCase();
  return [...new Set(spellings.filter((one) => lower.includes(one)))].map((one) => {
    const at = lower.indexOf(one);
    return `${one}: …${text.slice(Math.max(0, at - 80), at + one.length + 20)}…`;
  });
}

let main: string;
let folder = '';
const echoes = new Map<string, EchoRegistry>();
const programs: Program[] = [];
/** A proxy that repeats its credentials when it refuses. */
const proxyServer = createServer();
let proxyUrl = '';
let proxySaw = '';

beforeAll(async () => {
  main = builtProgram();
  folder = mkdtempSync(join(tmpdir(), 'blobprobe-secrets-'));
  // A registry without TLS is asked for in absolute form, without a tunnel.
  proxyServer.on('request', (request, response) => {
    proxySaw = request.headers['proxy-authorization'] ?? '';
    response
      .writeHead(407, { 'Proxy-Authenticate': `Basic realm="${proxySaw}"`, 'X-Request-Id': proxySaw })
      .end(proxySaw);
  });
  proxyServer.on('connect', (request, socket) => {
    proxySaw = request.headers['proxy-authorization'] ?? '';
    socket
      .on('error', () => {})
      .end(`HTTP/1.1 407 ${proxySaw}\r\nProxy-Authenticate: Basic realm="${proxySaw}"\r\n\r\n${proxySaw}`);
  });
  await new Promise<void>((resolve) => proxyServer.listen(0, '127.0.0.1', resolve));
  proxyUrl = `http://127.0.0.1:${(proxyServer.address() as AddressInfo).port}`;
  const auth = Buffer.from(`${username}:${secrets.dockerPassword}`).toString('base64');
  const late = [secrets.dockerPassword, auth];
  for (const [registry, scheme] of Object.entries(schemes)) {
    for (const mode of echoModes) {
      const tls = mode === 'page' ? { tls: certificates.valid } : {};
      echoes.set(
        `${registry}/${mode}`,
        await startEchoRegistry(mode, { scheme, token: secrets.fetchedToken, late, ...tls }),
      );
    }
  }
  const files = {
    'client.key': certificates.valid.key,
    'client.crt': certificates.valid.cert,
    'ca.crt': certificates.ca.cert,
    password: `${secrets.plainPassword}\n`,
    'docker.json': JSON.stringify({
      auths: Object.fromEntries([...echoes.values()].map(({ url }) => [url, { auth }])),
    }),
    'web.yml': `basic_auth_users: { alice: "${hash}" }\n`,
    'config.yaml': JSON.stringify(configuration()),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}, 120_000);
afterAll(async () => {
  await Promise.all(programs.map((program) => program.kill()));
  for (const echo of echoes.values()) await echo.close();
  proxyServer.close();
  rmSync(folder, { recursive: true });
});

/** The registries: each has servers of its own, because a server repeats what it was told by others, too. */
const schemes = {
  basic: 'basic',
  files: 'basic',
  docker: 'basic',
  posted: 'bearer',
  fetched: 'bearer',
  static: 'bearer',
  identity: 'bearer',
} as const;

function pathsOf(registry: keyof typeof schemes): object {
  return Object.fromEntries(
    echoModes.map((mode) => {
      const url = echoes.get(`${registry}/${mode}`)?.url ?? '';
      const tls = { caFile: 'ca.crt', certFile: 'client.crt', keyFile: 'client.key' };
      const headers = { 'X-Api-Key': secrets.apiKey, 'CF-Access-Client-Secret': secrets.access };
      return [mode, { url, headers, ...(url.startsWith('https') ? { tls } : {}) }];
    }),
  );
}

function configuration(): object {
  const registry = (name: keyof typeof schemes, credentials: object): object => ({
    [name]: { repository: 'team/probe', credentials, paths: pathsOf(name) },
  });
  const proxy = { url: proxyUrl, username, password: secrets.proxyPassword };
  const check = { size: '1KiB', every: '6s', timeout: '4s', retries: 'none' };
  return {
    registries: {
      ...registry('basic', { username, password: secrets.password }),
      ...registry('files', { username, passwordFile: 'password' }),
      ...registry('docker', { dockerConfig: 'docker.json' }),
      ...registry('posted', { username, passwordEnv: 'REGISTRY_PASSWORD' }),
      ...registry('fetched', { username, password: secrets.password }),
      ...registry('static', { token: secrets.token }),
      ...registry('identity', { identityToken: secrets.identityToken }),
      proxied: {
        repository: 'team/probe',
        credentials: { username, password: secrets.password },
        paths: { proxied: { url: 'http://registry.invalid', proxy } },
      },
    },
    checks: {
      small: { ...check, clients: ['docker'] },
      other: { ...check, clients: ['docker-containerd', 'skopeo'], registries: ['posted'] },
    },
    budget: { transfers: 4 },
    ledgerFile: 'ledger',
    retryWaitScale: 0.001,
  };
}

const environment = { REGISTRY_PASSWORD: secrets.environmentPassword };

/** What is told of the error, on stderr or in a log. */
function complaint(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return `${error instanceof Error ? error.stack : String(error)}${inspect(error, { depth: 9 })}`;
  }
  return '';
}

async function run(...args: string[]): Promise<string> {
  const program = startProgram(main, args, environment);
  programs.push(program);
  const { stdout, stderr } = await program.ended;
  return `$ blobprobe ${args.join(' ')}\n${stdout}${stderr}`;
}

const login = { authorization: `Basic ${Buffer.from(`alice:${secrets.login}`).toString('base64')}` };

async function fetchAll(url: string): Promise<string> {
  const get = async (path: string, accept = '*/*', method = 'GET'): Promise<string> => {
    const answer = await fetch(`${url}${path}`, { method, headers: { ...login, accept } });
    return `${path} ${answer.status} ${JSON.stringify([...answer.headers])}\n${await answer.text()}\n`;
  };
  const { runs } = JSON.parse((await get('/api/v1/runs')).split('\n').slice(1).join('\n')) as {
    runs: { id: string }[];
  };
  const paths = [
    '/',
    '/runs?failures',
    '/config',
    '/report',
    '/report?format=markdown',
    '/metrics',
    '/nothing',
    '/%',
    ...['status', 'runs', 'limits', 'verdicts', 'report', 'openapi.json'].map((name) => `/api/v1/${name}`),
    ...['debug=true', ''].map((more) => `/probe?registry=basic&path=location&client=docker&size=1KiB&${more}`),
    '/probe?registry=nobody',
    ...runs.flatMap(({ id }) => [`/runs/${id}`, `/api/v1/runs/${id}`]),
  ];
  const texts = [await get('/metrics', 'application/openmetrics-text'), await get('/-/reload', '*/*', 'POST')];
  for (const path of paths) texts.push(await get(path));
  return texts.join('\n');
}

describe('no canary is found', () => {
  test('in log, pages, metrics, API, ledger and arguments of a daemon whose registries repeat what they are told', async () => {
    const flags = [
      '--web.listen-address=127.0.0.1:0',
      '--log.level=debug',
      `--web.config.file=${join(folder, 'web.yml')}`,
    ];
    const program = startProgram(main, ['serve', `--config.file=${join(folder, 'config.yaml')}`, ...flags], {
      ...environment,
      NODE_DEBUG: '',
    });
    programs.push(program);
    const url = await eventually(
      'address',
      () => /msg=listening address=(\S+)/.exec(program.stderr())?.[1],
      program.stderr,
    );
    const checks = 9 * echoModes.length + 1;
    await eventually(
      'a run of each check',
      async () => {
        const text = await (await fetch(`http://${url}/metrics`, { headers: login })).text();
        await sleep(500);
        const counts = [...text.matchAll(/^blobprobe_runs_total\{.*\} (\d+)$/gm)];
        return counts.length === checks && counts.every(([, count]) => count !== '0');
      },
      program.stderr,
    );
    const pages = await fetchAll(`http://${url}`);

    expect(leaksIn(pages)).toEqual([]);
    const ledger = readFileSync(join(folder, 'ledger'), 'utf8');
    const commandLine = `/proc/${program.pid}/cmdline`;
    expect(leaksIn(existsSync(commandLine) ? readFileSync(commandLine, 'utf8') : '')).toEqual([]);
    // A Location is written down: without it, nobody could cancel the upload. One that repeats credentials is not.
    expect(leaksIn(ledger.replaceAll(secrets.uploadState, ''))).toEqual([]);
    program.signal('SIGTERM');
    const { code, stderr, stdout } = await program.ended;
    expect(code).toBe(0);
    expect(leaksIn(stderr + stdout)).toEqual([]);
    // The canaries were there to be found: the registries got them all, and the pages show what stands in their place.
    const seen = [...echoes.values()].map((echo) => echo.seen).join('\n');
    for (const secret of [secrets.token, secrets.identityToken, secrets.fetchedToken, secrets.apiKey, secrets.access])
      expect(seen).toContain(secret);
    for (const password of [
      secrets.password,
      secrets.plainPassword,
      secrets.environmentPassword,
      secrets.dockerPassword,
    ])
      expect(seen).toContain(Buffer.from(`${username}:${password}`).toString('base64'));
    expect(proxySaw).toContain(Buffer.from(`${username}:${secrets.proxyPassword}`).toString('base64'));
    expect(pages.match(/<secret>|&lt;secret&gt;/g)?.length).toBeGreaterThan(200);
  });

  test.each([
    ['push', '--json', '--size=1KiB', '--retries=none', '--client=docker', '--client=docker-containerd'],
    ['push', '--size=1KiB', '--retries=none'],
    ['diagnose', '--json', '--quick', '--size=1KiB', '--registry=basic', '--path=location', '--path=page'],
    ['diagnose', '--quick', '--size=1KiB', '--registry=identity', '--path=headers'],
    [
      'limit',
      '--json',
      '--only=size',
      '--up-to=2KiB',
      '--resolution=1KiB',
      '--registry=static',
      '--path=page',
      '--path=foreign',
    ],
    ['report', '--format=json', '--quick', '--small-size=512B', '--size=1KiB', '--registry=fetched', '--path=headers'],
    ['report', '--format=html', '--quick', '--small-size=512B', '--size=1KiB', '--registry=posted', '--path=token'],
    ['cleanup', '--json'],
    ['--config.check'],
  ])('in the output of %s %s', async (...args) => {
    const [command = '', ...flags] = args;
    const file = `--config.file=${join(folder, 'config.yaml')}`;
    const output = await run(...(command.startsWith('--') ? [file, command] : [command, file, ...flags]));
    expect(output.length).toBeGreaterThan(args.join('').length + 100);
    expect(output).not.toMatch(/unknown flag|flag --\S+:|: expected/);
    expect(leaksIn(output)).toEqual([]);
  });

  test('in what is said about wrong configurations', () => {
    const right = JSON.stringify(configuration());
    const registry = (text: string): string =>
      `registries: { a: { repository: a/b, ${text} } }\nchecks: { c: { size: 1KiB, every: 1h, clients: [docker] } }\n`;
    const { password } = secrets;
    const wrong = [
      right.replaceAll('"password":', '"passwrd":'),
      right.replaceAll('"username":', '"usr":'),
      right.replaceAll(/"(password|token|identityToken)":"([^"\\]|\\.)*"/g, `"$1":[${JSON.stringify(password)}]`),
      registry(`credentials: ${password}, paths: { p: { url: "http://x" } }`),
      registry(`credentials: "${secrets.token}", paths: { p: { url: "http://x" } }`),
      registry(`credentials: { passwordEnv: ${secrets.plainPassword} }, paths: { p: { url: "http://x" } }`),
      registry(`credentials: { tokenFile: ${secrets.token} }, paths: { p: { url: "http://x" } }`),
      registry(`paths: { p: { url: "https://user:${secrets.token}@registry.test/x" } }`),
      registry(`paths: { p: { url: "https://registry.test/?token=${secrets.token}" } }`),
      registry(`paths: { p: { url: "http://x", proxy: "http://user:${secrets.token}@proxy.test:3128" } }`),
      registry(`paths: { p: { url: "http://x", proxy: { url: "http://user:${secrets.token}@proxy.test" } } }`),
      registry(`paths: { p: { url: "http://x", headers: { X-Api-Key: [${secrets.apiKey}] } } }`),
      registry(`paths: { p: { url: "http://x", headers: { X-Api-Key: "${secrets.apiKey}\\n" } } }`),
      registry(`paths: { p: { url: "http://x", headers: ${secrets.apiKey} } }`),
      registry(`credentials: { username: u, password: "${secrets.token}`),
      registry(`credentials: { username: u, password: *${secrets.token} }`),
      registry(`credentials: { username: u, password: !${secrets.token} x }`),
    ];
    for (const [index, text] of wrong.entries()) {
      const file = join(folder, `wrong-${index}.yaml`);
      writeFileSync(file, text);
      const output = complaint(() => loadConfig(file, { env: environment }));
      expect(output).toContain(`wrong-${index}.yaml:`);
      expect(leaksIn(output)).toEqual([]);
    }
  });

  test('in what is said about wrong web configurations', () => {
    const wrong = [
      `basic_auth_users: { alice: ${secrets.login} }`,
      `basic_auth_users: { alice: ["${hash}"] }`,
      `basic_auth_users: "${hash}"`,
      `basic_auth_users: [{ alice: "${hash}" }]`,
      `tls_server_config: { cert_file: client.crt, key: "${secrets.token}" }`,
      `tls_server_config: { cert: "${secrets.token}", key: "${secrets.token}" }`,
      `tls_server_config: { cert_file: client.crt, key: [${secrets.token}] }`,
      `http_server_config: { headers: { Strict-Transport-Security: [${secrets.token}] } }`,
      `basic_auth_users: { alice: "${hash}`,
    ];
    for (const [index, text] of wrong.entries()) {
      const file = join(folder, `wrong-${index}.yml`);
      writeFileSync(file, text);
      const output = complaint(webConfigReader(file));
      expect(output).toContain(`wrong-${index}.yml`);
      expect(leaksIn(output)).toEqual([]);
    }
  });

  test('in what a crash leaves: the log of an uncaught error and a diagnostic report', async () => {
    const reports = mkdtempSync(join(folder, 'reports-'));
    const bomb = join(folder, 'bomb.mjs');
    writeFileSync(bomb, "process.once('SIGWINCH', () => { throw new Error('bomb'); });\n");
    const flags = ['--web.listen-address=127.0.0.1:0', '--log.level=debug'];
    const program = startProgram(main, ['serve', `--config.file=${join(folder, 'config.yaml')}`, ...flags], {
      ...environment,
      NODE_OPTIONS: `--import=${bomb} --report-on-signal --report-directory=${reports}`,
    });
    programs.push(program);
    await eventually('start', () => program.stderr().includes('msg=running'), program.stderr);
    program.signal('SIGUSR2');
    await eventually('report', () => readdirSync(reports).length > 0, program.stderr);
    program.signal('SIGWINCH');
    const { code, stderr } = await program.ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining('Error: bomb')]);
    expect(leaksIn(stderr)).toEqual([]);
    const [report = ''] = readdirSync(reports).map((name) => readFileSync(join(reports, name), 'utf8'));
    expect(report).toContain('nodejsVersion');
    // Node 20 cannot leave the environment out; docs/security.md says so.
    const { environmentVariables, ...rest } = JSON.parse(report) as Record<string, unknown>;
    expect(leaksIn(JSON.stringify(rest))).toEqual([]);
    expect(environmentVariables === undefined).toBe('excludeEnv' in process.report);
  });
});
