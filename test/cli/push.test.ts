import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cleanupCommand } from '../../src/cli/cleanup.ts';
import { diagnoseCommand } from '../../src/cli/diagnose.ts';
import { createEngine } from '../../src/daemon/engine.ts';
import { pushCommand } from '../../src/cli/push.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type DemoEdge, startEdge } from '../support/lab/edge.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { Ledger } from '../../src/probe/leftovers/ledger.ts';
import { checkOf } from '../support/checks.ts';
import { typed } from '../support/typed.ts';

let registry: DemoRegistry;
let edge: DemoEdge;
let directory: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-push-'));
  registry = await startRegistry({ auth: { kind: 'basic', users: [{ name: 'probe', password: 'right' }] } });
  edge = await startEdge({
    upstream: registry.url,
    identity: { style: 'nginx' },
    faults: [{ kind: 'body-limit', limitBytes: 400_000, ending: 'linger' }],
  });
});
afterEach(async () => {
  await edge.close();
  await registry.close();
  rmSync(directory, { recursive: true });
});

async function run(
  args: readonly string[],
  ledger = new Ledger(),
  input = 'right\n',
  isTerminal = false,
  env: Readonly<Record<string, string>> = {},
) {
  const deps = { engine: createEngine(ledger), ledger, isTerminal };
  const commands = [pushCommand(deps), diagnoseCommand(deps), cleanupCommand(deps)] as const;
  return typed(args, [...commands], { env, readInput: () => input });
}

const login = ['--user=probe', '--password-stdin'];

function configured(more: object = {}): string {
  const file = join(directory, 'config.yaml');
  const text = JSON.stringify({
    registries: {
      gitea: {
        repository: 'team/probe',
        credentials: { username: 'probe', password: 'right' },
        paths: { internal: { url: registry.url, kind: 'internal' }, ingress: { url: edge.url, kind: 'ingress' } },
      },
    },
    checks: {
      small: { size: '100KiB', every: '1m', clients: ['docker'] },
      large: { size: '900KiB', every: '1m', clients: ['docker'] },
    },
    ...more,
  });
  writeFileSync(file, text);
  return file;
}

describe('push', () => {
  test('ad hoc: what was pushed, how fast; plain lines; nothing is left', async () => {
    const { code, out, err } = await run([
      'push',
      `--url=${registry.url}/team/probe`,
      ...login,
      '--size=300kB',
      '--pull',
    ]);
    expect(out).toMatch(
      /^.*\/url\/docker\/300kB: pushed 293 KiB in .*, sent at .*\/s, pulled cold .*\/s, .*, pulled warm .*\/s.*\n$/,
    );
    expect(err).toMatch(/^[^\n]*300kB, 293 KiB\n$/);
    expect(code).toBe(0);
    expect(registry.blobs.size).toBe(0);
    expect(registry.openSessions).toEqual([]);
  });

  test('as a client by its version', async () => {
    const { code, out } = await run([
      'push',
      `--url=${registry.url}/team/probe`,
      ...login,
      '--size=1kB',
      '--client=docker@20.10',
    ]);
    expect(out).toContain('/url/docker@20.10/1kB: pushed');
    expect(registry.requests.at(-1)?.headers['user-agent']).toMatch(/^docker\/20\.10/);
    expect(code).toBe(0);
  });

  test('a failure: request by request, then cause, remedy and reference', async () => {
    const args = ['push', `--config.file=${configured()}`, '--path=ingress', '--workload=large', '--retries=none'];
    const { code, out } = await run(args);
    expect(code).toBe(1);
    expect(out).toMatch(/^gitea\/ingress\/docker\/large: failed after/);
    expect(out).toContain('PATCH');
    expect(out).toContain('client_max_body_size 0;');
    expect(out).toMatch(/See: https:\/\/nginx\.org\//);
    expect(out).not.toContain('right');
  });

  test('as JSON, with a bar on a terminal that goes away', async () => {
    const args = ['push', `--config.file=${configured()}`, '--path=internal', '--workload=small', '--json'];
    const { code, out, err } = await run(args, undefined, '', true);
    expect(JSON.parse(out)).toMatchObject({ path: 'internal', workload: 'small', ok: true, sizeBytes: 102_400 });
    expect(err).toMatch(/\[[#-]{5,20}\]/);
    expect(err.endsWith('\r\u001B[K')).toBe(true);
    expect(code).toBe(0);
  });

  test('as JSON, a failed push has its cause, where it is and what to do', async () => {
    const args = [
      'push',
      `--config.file=${configured()}`,
      '--path=ingress',
      '--workload=large',
      '--retries=none',
      '--json',
    ];
    const { code, out } = await run(args);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      cause: {
        cause: 'nginx_body_limit',
        remedy: expect.stringContaining('client_max_body_size'),
        reference: expect.any(String),
      },
    });
    expect(code).toBe(1);
  });

  test.each([
    [['--path=ingress', '--workload=huge'], 'no workload "huge", there are small, large'],
    [['--workload=small'], 'choose --registry and --path of gitea/internal, gitea/ingress'],
    [['--path=ingress', '--client=docker', '--client=crane'], 'give --client once'],
    [['--path=ingress', '--size=1MB', '--workload=small'], 'exclude each other'],
    [
      ['--path=ingress', '--size=lots'],
      'flag --size: expected a size with its unit, such as 100MiB or 100MB, got "lots"',
    ],
    [['--path=ingress', '--retries=many'], 'flag --retries: expected profile or none, got "many"'],
  ])('%s is a usage error', async (args, message) => {
    const { code, err, out } = await run(['push', `--config.file=${configured()}`, ...args]);
    expect({ code, out, lines: err.split('\n').length }).toEqual({ code: 2, out: '', lines: 2 });
    expect(err).toContain(message);
  });

  test('a configuration with an error: exit code 2', async () => {
    const { code, err } = await run(['push', `--config.file=${configured({ oops: 1 })}`]);
    expect(code).toBe(2);
    expect(err).toContain('unknown key "oops"');
  });
});

describe('what newcomers meet is named', () => {
  const push = async (url: string, ...more: readonly string[]) =>
    (await run(['push', `--url=${url}`, '--size=100kB', '--retries=none', ...more])).out;

  test('https on a plain port', async () => {
    const plain = createServer();
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as AddressInfo;
    const out = await push(`https://127.0.0.1:${port}/team/probe`, ...login);
    plain.close();
    expect(out).toMatch(/^Cause: the path uses TLS, but the port speaks plain HTTP$/m);
  });

  test('no login', async () => {
    const out = await push(`${registry.url}/team/probe`);
    expect(out).toMatch(/^Cause: the registry wants a login, and none was given$/m);
  });

  test('nothing listens', async () => {
    const out = await push('http://127.0.0.1:1/team/probe');
    expect(out).toMatch(/^Cause: nothing listens at this host and port$/m);
    // The id of the run may have these digits.
    expect(out).not.toMatch(/\b502\b/);
  });

  test('an owner that does not exist', async () => {
    registry.intercept = ({ method }) => (method === 'POST' ? { kind: 'answer', status: 404 } : undefined);
    const out = await push(registry.url, ...login);
    expect(out).toContain('to probe/blobprobe over');
    expect(out).toMatch(/^Cause: the registry does not know the repository, or its owner$/m);
  });
});

describe('diagnose', () => {
  test('compares with the internal path and names cause, hop, evidence, remedy', async () => {
    const { code, out, err } = await run(['diagnose', `--config.file=${configured()}`, '--path=ingress', '--quick']);
    expect(out).toMatch(/^gitea\/ingress as docker, 900 KiB: fault: nginx refuses bodies above its size limit\n/);
    expect(out).toContain('(nginx_body_limit, certain)');
    expect(out).toMatch(/ {2}Hop +ingress\n/);
    expect(out).toContain('over internal the same push got through');
    expect(out).toContain('proxy-body-size: "0"');
    expect(err).toMatch(/^gitea\/ingress as docker: sends .* at most\nAPI and login\n/);
    expect(code).toBe(1);
  });

  test('healthy is exit code 0; with slow bodies; as JSON', async () => {
    const args = ['diagnose', `--config.file=${configured()}`, '--path=internal', '--up-to-duration=300ms', '--json'];
    const { code, out } = await run(args);
    expect(JSON.parse(out)).toMatchObject([{ path: 'internal', kind: 'healthy', findings: [], sizeBytes: 921_600 }]);
    expect(out).toContain('time limit as docker, none-up-to');
    expect(code).toBe(0);
  });

  test('--pull: a hop that cuts what comes back is named; put there over the direct path; without it nothing is pulled', async () => {
    const blobs = ['GET', 'blobs/sha256:'] as const;
    edge.setFaults([
      {
        kind: 'reset-at',
        afterBytes: 300_000,
        direction: 'response',
        gently: true,
        when: { methods: [blobs[0]], pathContains: blobs[1] },
      },
    ]);
    const pulled = (requests: DemoRegistry['requests']) =>
      requests.filter(({ method, path }) => method === blobs[0] && path.includes(blobs[1])).length;
    const args = ['diagnose', `--config.file=${configured()}`, '--path=ingress', '--quick'];
    expect((await run(args)).out).toMatch(/^gitea\/ingress as docker, 900 KiB: healthy: /);
    expect(pulled(registry.requests)).toBe(0);
    const pushes = edge.requests.filter(({ method }) => method === 'PATCH').length;
    const { code, out } = await run([...args, '--pull']);
    expect(out).toMatch(
      /^gitea\/ingress as docker, 900 KiB: fault: a hop ends pulls after a certain number of bytes\n/,
    );
    expect(readFileSync(new URL('../../docs/diagnosis.md', import.meta.url), 'utf8')).toContain(out.split('\n', 1)[0]);
    expect(out).toContain('(pull_size_limit, certain)');
    expect(out).toMatch(/ {2}Hop +ingress\n/);
    expect(out).toContain('over internal the same pull got through');
    expect(out).toContain('internal: docker, 900 KiB pulled back: all of it came\n');
    expect(code).toBe(1);
    expect(pulled(edge.requests)).toBe(3);
    // The same pushes as without it: what is pulled was put there over the other path, and taken away.
    expect(edge.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(2 * pushes);
    expect([...registry.blobs]).toEqual([]);
    registry.intercept = ({ method }) => (method === 'POST' ? { kind: 'answer', status: 500 } : undefined);
    const { out: broken } = await run([...args, '--pull']);
    expect(broken).toContain('pulls: no push got through, so there was nothing to pull\n');
    expect(broken).not.toContain('pulled back');
    registry.intercept = undefined;
    edge.setFaults([]);
    const { out: json, code: healthy } = await run([...args, '--pull', '--json']);
    expect(JSON.parse(json)).toMatchObject([{ kind: 'healthy', findings: [] }]);
    expect(healthy).toBe(0);
  });

  test('--conformance: what is lost on the way is a fault, in words and as JSON; without it nothing is asked', async () => {
    edge.setFaults([{ kind: 'strip-request-header', names: ['range'] }]);
    const args = ['diagnose', `--config.file=${configured()}`, '--path=ingress', '--size=8kB', '--quick'];
    const asked = () =>
      registry.requests.filter(({ headers }) => headers['user-agent']?.includes('conformance')).length;
    expect((await run(args)).code).toBe(0);
    expect(asked()).toBe(0);
    const { code, out } = await run([...args, '--conformance']);
    expect(out).toMatch(/^gitea\/ingress as docker, .*: fault: a hop does not let clients read parts of blobs/);
    expect(out).toContain('(range_lost, certain)');
    expect(out).toContain('ingress: blob_range: not supported, answered 200 with all of it\n');
    expect(out).toContain('internal: blob_range: supported, answered 206\n');
    expect(code).toBe(1);
    expect(asked()).toBeGreaterThan(0);
    const { out: json } = await run([...args, '--conformance', '--json']);
    expect(JSON.parse(json)).toMatchObject([
      {
        kind: 'fault',
        findings: [{ cause: 'range_lost', hop: 'ingress', confidence: 'certain' }],
        conformance: {
          subject: [{ path: 'ingress', behaviours: { blob_range: { outcome: 'not supported', status: 200 } } }, {}],
          direct: [{ path: 'internal', behaviours: { blob_range: { outcome: 'supported', status: 206 } } }, {}],
        },
      },
    ]);
    expect(registry.openSessions).toEqual([]);
  });

  test('ad hoc, wrong password: exit code 1 and the credentials', async () => {
    const args = ['diagnose', `--url=${registry.url}`, ...login, '--size=200kB', '--quick', '--json'];
    const { code, out } = await run(args, undefined, 'wrong');
    expect(JSON.parse(out)).toMatchObject([{ kind: 'fault', findings: [{ cause: 'credentials_rejected' }] }]);
    expect(out).not.toContain('wrong"');
    expect(code).toBe(1);
  });

  test('without a target: usage', async () => {
    const { code, err } = await run(['diagnose']);
    expect({ code, err }).toEqual({
      code: 2,
      err: 'blobprobe diagnose: give --config.file=FILE, or the registry, such as git.example.org/team/app (see blobprobe diagnose --help)\n',
    });
  });
});

describe('cleanup', () => {
  const ledgerFile = () => join(directory, 'ledger.jsonl');
  const config = () => configured({ ledgerFile: ledgerFile() });

  test('nothing left behind', async () => {
    const { code, out } = await run(['cleanup', `--config.file=${config()}`]);
    expect({ code, out }).toEqual({ code: 0, out: 'Nothing was left behind.\n' });
  });

  test('removes what a process that died has left', async () => {
    // Its deletions were refused: the blob stays and the ledger remembers it.
    registry.intercept = ({ method }) => (method === 'DELETE' ? { kind: 'answer', status: 500 } : undefined);
    const died = new Ledger({ file: ledgerFile() });
    const check = checkOf(registry.url, { sizeBytes: 1_000, path: { name: 'internal' } });
    const { registry: target } = loadConfig(config(), {
      env: {},
    }).checks[0]!;
    await createEngine(died).run({ ...check, registry: target }, { signal: new AbortController().signal });
    await died.close();
    registry.intercept = undefined;
    expect(registry.blobs.size).toBe(1);
    const { code, out } = await run(['cleanup', `--config.file=${config()}`]);
    expect({ code, out }).toEqual({ code: 0, out: 'gitea/internal: 1 blob removed\n' });
    expect(registry.blobs.size).toBe(0);
  });

  test('a ledger that another process uses is left alone', async () => {
    const other = new Ledger({ file: ledgerFile() });
    try {
      const { code, out } = await run(['cleanup', `--config.file=${config()}`]);
      expect(code).toBe(1);
      expect(out).toMatch(/^Another process uses the ledger/);
    } finally {
      await other.close();
    }
  });

  test('a push with a configuration writes what it leaves into the ledger file, and gives it free', async () => {
    registry.intercept = ({ method }) => (method === 'DELETE' ? { kind: 'answer', status: 500 } : undefined);
    const args = [`--config.file=${config()}`, '--path=internal', '--workload=small'];
    expect((await run(['push', ...args])).code).toBe(0);
    registry.intercept = undefined;
    expect(registry.blobs.size).toBe(1);
    const { code, out } = await run(['cleanup', `--config.file=${config()}`]);
    expect({ code, out }).toEqual({ code: 0, out: 'gitea/internal: 1 blob removed\n' });
    expect(registry.blobs.size).toBe(0);
  });

  test('a push beside a process that has the ledger works, says so, and leaves the file alone', async () => {
    const other = new Ledger({ file: ledgerFile() });
    try {
      const { code, err } = await run(['push', `--config.file=${config()}`, '--path=internal', '--workload=small']);
      expect(code).toBe(0);
      expect(err).toMatch(/in use by another process .*; what is left to clean up is kept in memory\n/);
      expect(registry.blobs.size).toBe(0);
      expect(other.entries).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test('a push to a registry of the moment remembers what it leaves in the home directory; cleanup finds it by the same URL', async () => {
    registry.intercept = ({ method }) => (method === 'DELETE' ? { kind: 'answer', status: 405 } : undefined);
    const env = { HOME: directory };
    const target = [`--url=${registry.url}/team/probe`, ...login];
    const pushed = await run(['push', ...target, '--size=100kB'], new Ledger(), 'right\n', false, env);
    expect(pushed.err).toContain(
      `left in ${registry.url}/team/probe: 1 blob; the registry has deletion switched off: its garbage collection`,
    );
    registry.intercept = undefined;
    expect(registry.blobs.size).toBe(1);
    const elsewhere = await run(['cleanup', `--url=${edge.url}`], new Ledger(), '', false, env);
    expect(elsewhere.out).toContain('1 blob not configured');
    const { code, out } = await run(
      ['cleanup', `--url=${registry.url}`, ...login],
      new Ledger(),
      'right\n',
      false,
      env,
    );
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^[^\n]*\/url: 1 blob removed\n$/) });
    expect(registry.blobs.size).toBe(0);
  });

  test('what could not be removed at once is removed after a while', async () => {
    let refused = 0;
    registry.intercept = ({ method }) => {
      if (method !== 'DELETE' || refused > 0) return undefined;
      refused += 1;
      return { kind: 'answer', status: 500 };
    };
    const { code, err } = await run(['push', `--url=${registry.url}/team/probe`, ...login, '--size=100kB']);
    expect({ code, refused, left: registry.blobs.size }).toEqual({ code: 0, refused: 1, left: 0 });
    expect(err).not.toContain('left in');
  });

  test('no ledger file, no configuration: usage', async () => {
    expect((await run(['cleanup'])).code).toBe(2);
    expect((await run(['cleanup', `--config.file=${configured()}`])).err).toContain('names no ledger file');
  });
});

test.each(['push', 'diagnose', 'cleanup'])('%s --help names the exit codes', async (command) => {
  const { code, out } = await run([command, '--help']);
  expect(code).toBe(0);
  expect(out).toMatch(
    /\nExit codes:\n {2}0 {4}\w.*\n {2}1 {4}\w.*\n {2}2 {4}the command line.*\n {2}130 {2}interrupted/,
  );
});
