import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type DemoEdge, startEdge } from '../../support/lab/edge.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { manifestCauses } from '../../../src/probe/diagnose/causes-manifest.ts';
import { builtProgram, eventually, listeningUrl, type Program, startProgram, sum } from '../../support/program.ts';

const rightPassword = 'seldom-in-text-1';
const wrongPassword = 'seldom-in-text-2';

let main: string;
let directory: string;
let registry: DemoRegistry;
let edge: DemoEdge;
const programs: Program[] = [];

beforeAll(() => {
  main = builtProgram();
}, 120_000);

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-daemon-'));
  registry = await startRegistry({
    auth: { kind: 'basic', users: [{ name: 'probe', password: rightPassword }] },
    logCapacity: 10_000,
  });
  edge = await startEdge({
    upstream: registry.url,
    faults: [{ kind: 'body-limit', limitBytes: 1_000_000, ending: 'linger' }],
    identity: { style: 'nginx' },
  });
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.kill()));
  await edge.close();
  await registry.close();
  rmSync(directory, { recursive: true });
});

function configuration(changes: { checks?: object; password?: string; budget?: object } = {}): object {
  return {
    registries: {
      lab: {
        repository: 'team/blobprobe',
        credentials: { username: 'probe', password: changes.password ?? rightPassword },
        paths: {
          direct: { url: registry.url },
          ingress: { url: edge.url, kind: 'ingress' },
        },
      },
    },
    checks: changes.checks ?? {
      small: { size: '64KiB', every: '8s', timeout: '8s', clients: ['docker', 'docker-containerd'] },
      large: { size: '2MiB', every: '8s', timeout: '8s', clients: ['docker', 'docker-containerd'] },
    },
    retryWaitScale: 0.001,
    ...(changes.budget === undefined ? {} : { budget: changes.budget }),
  };
}

function write(config: object | string): string {
  const file = join(directory, 'config.yaml');
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config, undefined, 2));
  return file;
}

function run(...args: string[]): Program {
  const program = startProgram(main, args);
  programs.push(program);
  return program;
}

interface Daemon extends Program {
  readonly url: string;
  readonly file: string;
  scrape(): Promise<string>;
  status(path: string): Promise<number>;
}

async function serve(config: object, ...flags: string[]): Promise<Daemon> {
  const file = write(config);
  const program = run('serve', `--config.file=${file}`, '--web.listen-address=127.0.0.1:0', ...flags);
  const url = await listeningUrl(program);
  return {
    ...program,
    url,
    file,
    scrape: async () => (await fetch(`${url}/metrics`)).text(),
    status: async (path) => (await fetch(`${url}${path}`)).status,
  };
}

/** Scrapes until the value holds. */
function scrapeUntil(
  daemon: Daemon,
  name: string,
  labels: Record<string, string>,
  holds: (value: number) => boolean,
): Promise<string> {
  return eventually(
    `${name} ${JSON.stringify(labels)}`,
    async () => {
      const text = await daemon.scrape();
      const value = sum(text, name, labels);
      return value !== undefined && holds(value) && text;
    },
    daemon.stderr,
  );
}

describe('the daemon', () => {
  test('tells the healthy path from the one with a body limit', async () => {
    const daemon = await serve(configuration());
    const clients = ['docker', 'docker-containerd'];
    for (const client of clients) {
      for (const workload of ['small', 'large']) {
        await scrapeUntil(daemon, 'blobprobe_runs_total', { path: 'direct', client, workload }, (runs) => runs >= 1);
        await scrapeUntil(daemon, 'blobprobe_runs_total', { path: 'ingress', client, workload }, (runs) => runs >= 1);
      }
    }
    const text = await daemon.scrape();
    expect(sum(text, 'blobprobe_run_failures_total', { path: 'direct' })).toBe(0);
    expect(sum(text, 'blobprobe_run_failures_total', { path: 'ingress', workload: 'small' })).toBe(0);
    for (const client of clients) {
      const large = { path: 'ingress', client, workload: 'large' };
      expect(sum(text, 'blobprobe_last_run_success', large)).toBe(0);
      const refused = sum(text, 'blobprobe_attempt_failures_total', {
        ...large,
        reason: 'body_too_large',
        answered_by: 'nginx',
      });
      expect(refused).toBeGreaterThanOrEqual(1);
      expect(sum(text, 'blobprobe_attempt_failures_total', large)).toBe(refused);
      // The docker client tries five times, the containerd one once.
      expect(sum(text, 'blobprobe_last_run_attempts', large)).toBe(client === 'docker' ? 5 : 1);
    }
    expect(await run('healthcheck', `--url=${daemon.url}`).ended).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(daemon.stderr()).toMatch(
      /level=WARN msg="push failed" registry=lab path=ingress client=docker workload=large .*reason=body_too_large answered_by=nginx/,
    );
    expect(daemon.stderr()).not.toContain(rightPassword);
    daemon.signal('SIGTERM');
    expect((await daemon.ended).code).toBe(0);
    expect(registry.openSessions).toEqual([]);
    expect(registry.blobs.size).toBe(0);
  });

  test('names the hop that keeps manifests out alike in verdict, remedy and what alerts read', async () => {
    const guarded = await startEdge({
      upstream: registry.url,
      faults: [{ kind: 'answer', status: 403, when: { methods: ['PUT'], pathContains: '/manifests/' } }],
      identity: { style: 'nginx' },
    });
    try {
      const checks = { image: { layers: ['64KiB', '1KiB'], every: '20s', timeout: '20s', clients: ['docker'] } };
      const config = JSON.parse(JSON.stringify(configuration({ checks })).replaceAll(edge.url, guarded.url)) as object;
      const daemon = await serve(config);
      const labels = { path: 'ingress', client: 'docker', workload: 'image' };
      const text = await scrapeUntil(daemon, 'blobprobe_path_at_fault', labels, (value) => value === 1);
      expect(sum(text, 'blobprobe_run_failures_total', { ...labels, path: 'direct' })).toBe(0);
      expect(sum(text, 'blobprobe_path_at_fault', { ...labels, path: 'direct' })).toBe(0);
      const refused = { ...labels, reason: 'blocked_by_policy', phase: 'commit', answered_by: 'nginx' };
      expect(sum(text, 'blobprobe_attempt_failures_total', refused)).toBeGreaterThanOrEqual(1);
      const { remedy } = manifestCauses.manifest_blocked;
      const cause = { ...labels, cause: 'manifest_blocked', hop: 'ingress' };
      const read = await scrapeUntil(daemon, 'blobprobe_last_cause_info', cause, (value) => value === 1);
      expect(read.replaceAll('\\"', '"')).toContain(`remedy="${remedy}"`);
      const verdict = await eventually(
        'verdict that says so',
        async () => {
          const answer = await fetch(`${daemon.url}/api/v1/verdicts`);
          const { verdicts } = (await answer.json()) as { verdicts: Record<'sentence' | 'remedy', string>[] };
          return verdicts.find(({ sentence }) => sentence.startsWith('A path is at fault, by image pushes as docker'));
        },
        daemon.stderr,
      );
      expect(verdict).toEqual({
        registry: 'lab',
        sentence: expect.stringMatching(/: ingress: 403 from nginx .* the same push got through over direct/) as string,
        remedy: expect.stringContaining(remedy) as string,
      });
    } finally {
      await guarded.close();
    }
  });

  test('has every series of a configured check before its first run', async () => {
    registry.intercept = () => ({ kind: 'stall' });
    const daemon = await serve(configuration());
    const text = await daemon.scrape();
    for (const path of ['direct', 'ingress']) {
      for (const client of ['docker', 'docker-containerd']) {
        expect(sum(text, 'blobprobe_runs_total', { path, client, workload: 'large' })).toBe(0);
        expect(sum(text, 'blobprobe_run_failures_total', { path, client, workload: 'large' })).toBe(0);
      }
    }
  });

  test('goes on after bad credentials, and succeeds once they are right', async () => {
    const checks = { small: { size: '64KiB', every: '1s', timeout: '1s', clients: ['docker'], paths: ['direct'] } };
    const daemon = await serve(configuration({ checks, password: wrongPassword }));
    const labels = { path: 'direct', client: 'docker' };
    await scrapeUntil(
      daemon,
      'blobprobe_attempt_failures_total',
      { ...labels, reason: 'auth_rejected', phase: 'start' },
      (count) => count >= 1,
    );
    writeFileSync(daemon.file, JSON.stringify(configuration({ checks })));
    daemon.signal('SIGHUP');
    await scrapeUntil(daemon, 'blobprobe_last_run_success', labels, (value) => value === 1);
    expect(daemon.stderr()).not.toContain(rightPassword);
    expect(daemon.stderr()).not.toContain(wrongPassword);
  });

  test('a registry that restarts in mid-push is a failure of that run, and the next one succeeds', async () => {
    let hit = 0;
    registry.intercept = (request) => {
      if (request.method === 'PATCH' && hit === 0) {
        hit += 1;
        setTimeout(() => registry.restart(), 100);
        return { kind: 'stall', readBytes: 100_000 };
      }
      return undefined;
    };
    const checks = {
      large: { size: '20MiB', every: '3s', timeout: '3s', clients: ['docker'], paths: ['direct'], retries: 'none' },
    };
    const daemon = await serve(configuration({ checks }));
    const labels = { path: 'direct', client: 'docker' };
    await scrapeUntil(
      daemon,
      'blobprobe_attempt_failures_total',
      { ...labels, reason: 'connection_reset', answered_by: 'none' },
      (count) => count === 1,
    );
    await scrapeUntil(daemon, 'blobprobe_last_run_success', labels, (value) => value === 1);
    expect(hit).toBe(1);
  });
});

describe('the end', () => {
  const slowChecks = { large: { size: '8MiB', every: '1m', timeout: '1m', clients: ['docker'], paths: ['direct'] } };

  /** A daemon in the middle of a PATCH that never gets an answer. */
  async function serveInMidPush(): Promise<Daemon> {
    registry.intercept = (request) => (request.method === 'PATCH' ? { kind: 'stall', readBytes: 100_000 } : undefined);
    const daemon = await serve(configuration({ checks: slowChecks }));
    await eventually('open session', () => registry.openSessions.length === 1, daemon.stderr);
    await eventually(
      'PATCH under way',
      () => registry.requests.some(({ method, receivedBytes }) => method === 'PATCH' && receivedBytes > 0),
      daemon.stderr,
    );
    return daemon;
  }

  test.each(['SIGTERM', 'SIGINT'] as const)('%s in mid-push: session cancelled, exit code 0', async (signal) => {
    const daemon = await serveInMidPush();
    expect(sum(await daemon.scrape(), 'blobprobe_runs_in_flight', { path: 'direct' })).toBe(1);
    const before = performance.now();
    daemon.signal(signal);
    const { code, stderr } = await daemon.ended;
    expect(code).toBe(0);
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(registry.openSessions).toEqual([]);
    expect(registry.requests.some(({ method, status }) => method === 'DELETE' && status === 204)).toBe(true);
    expect(stderr).toMatch(/msg="push cancelled".*\n.*msg=stopped\n$/);
  });

  test('while it ends it is not ready; a second signal ends it at once', async () => {
    const daemon = await serveInMidPush();
    expect(await daemon.status('/-/ready')).toBe(200);
    registry.intercept = (request) => (request.method === 'DELETE' ? { kind: 'stall' } : undefined);
    daemon.signal('SIGTERM');
    await eventually('not ready', async () => (await daemon.status('/-/ready')) === 503, daemon.stderr);
    expect(await daemon.status('/-/healthy')).toBe(200);
    daemon.signal('SIGTERM');
    const { code, stderr } = await daemon.ended;
    expect(code).toBe(1);
    expect(stderr).toContain('msg="ending at once" signal=SIGTERM');
  });

  test('a registry that does not answer the cancelling delays the end by no more than its bound', async () => {
    const daemon = await serveInMidPush();
    registry.intercept = (request) => (request.method === 'DELETE' ? { kind: 'stall' } : undefined);
    const before = performance.now();
    daemon.signal('SIGTERM');
    const { code, stderr } = await daemon.ended;
    expect(performance.now() - before).toBeLessThan(15_000);
    expect(code).toBe(0);
    expect(stderr).toMatch(/msg="cleanup failed" .*kind=session/);
  });
});

describe('the kill switch', () => {
  test('pauses over HTTP and by SIGUSR2, and everybody can see it', async () => {
    const checks = { small: { size: '64KiB', every: '1s', timeout: '1s', clients: ['docker'], paths: ['direct'] } };
    const daemon = await serve(configuration({ checks }));
    await scrapeUntil(daemon, 'blobprobe_runs_total', { path: 'direct' }, (runs) => runs >= 1);
    const paused = await fetch(`${daemon.url}/api/v1/pause?for=1h`, { method: 'POST' });
    expect(paused.status).toBe(200);
    expect(await paused.json()).toMatchObject({ paused: true });
    expect(await daemon.scrape()).toMatch(/^blobprobe_paused 1$/m);
    expect(await (await fetch(daemon.url)).text()).toMatch(/Paused since .* until .*pushes nothing/);
    const refused = await fetch(`${daemon.url}/api/v1/pause?for=soon`, { method: 'POST' });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('got \\"soon\\"')]);
    daemon.signal('SIGUSR2');
    await eventually('resumed', async () => /^blobprobe_paused 0$/m.test(await daemon.scrape()), daemon.stderr);
    daemon.signal('SIGUSR2');
    await eventually('paused', async () => /^blobprobe_paused 1$/m.test(await daemon.scrape()), daemon.stderr);
    expect(daemon.stderr()).toMatch(/level=WARN msg="paused: .*by=request until=.*\n(.*\n)*.*msg=resumed by=signal/);
    daemon.signal('SIGTERM');
    expect((await daemon.ended).code).toBe(0);
  });
});

describe('the configuration', () => {
  test('all its errors, one a line, and exit code 1', async () => {
    const file = write(
      [
        'registries:',
        '  lab:',
        '    repository: team/blobprobe',
        '    paths:',
        '      direct: { kind: direct }',
        'checks:',
        '  small: { size: 1 MiB, every: 1m, clients: [dokcer] }',
        '',
      ].join('\n'),
    );
    const { code, stdout, stderr } = await run(`--config.file=${file}`).ended;
    expect(code).toBe(2);
    expect(stdout).toBe('');
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(new RegExp(`^${file}:5:\\d+: registries\\.lab\\.paths\\.direct\\S*: expected .*got `));
    expect(lines[1]).toMatch(new RegExp(`^${file}:7:\\d+: checks\\.small\\.size: expected .*got "1 MiB"`));
    expect(lines[2]).toMatch(
      new RegExp(`^${file}:7:\\d+: checks\\.small\\.clients\\[0\\]: expected .*"dokcer".*docker`),
    );
  });

  test('--config.check says what it would do in a day, and does nothing', async () => {
    const file = write(configuration());
    const { code, stdout } = await run(`--config.file=${file}`, '--config.check').ended;
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe(`${file} is valid: 1 registry, 2 paths, 8 checks`);
    expect(registry.requestTotal).toBe(0);
  });

  test('no file: one line and exit code 2', async () => {
    const { code, stderr } = await run().ended;
    expect(code).toBe(2);
    expect(stderr).toBe(
      'blobprobe: flag --config.file=FILE is missing; blobprobe demo runs without one (see blobprobe --help)\n',
    );
  });

  test('SIGHUP and POST /-/reload put a new one in force and keep the old one when it is wrong', async () => {
    const checks = { small: { size: '64KiB', every: '1s', timeout: '1s', clients: ['docker'], paths: ['direct'] } };
    const daemon = await serve(configuration({ checks }));
    await scrapeUntil(daemon, 'blobprobe_runs_total', { workload: 'small' }, (runs) => runs >= 1);

    writeFileSync(daemon.file, 'registries: {}\n');
    daemon.signal('SIGHUP');
    await scrapeUntil(daemon, 'blobprobe_config_last_reload_successful', {}, (value) => value === 0);
    expect(daemon.stderr()).toMatch(/level=ERROR msg="configuration not loaded" error="?\S*config\.yaml:1:/);
    const answer = await fetch(`${daemon.url}/-/reload`, { method: 'POST' });
    expect(answer.status).toBe(500);
    expect(await answer.text()).toMatch(/config\.yaml:1:\d+: registries: /);
    const runs = sum(await daemon.scrape(), 'blobprobe_runs_total', { workload: 'small' }) ?? Number.NaN;
    await scrapeUntil(daemon, 'blobprobe_runs_total', { workload: 'small' }, (value) => value > runs);

    const more = { ...checks, tiny: { size: '1KiB', every: '1s', timeout: '1s', clients: ['docker'] } };
    writeFileSync(daemon.file, JSON.stringify(configuration({ checks: more })));
    expect((await fetch(`${daemon.url}/-/reload`, { method: 'POST' })).status).toBe(200);
    const text = await scrapeUntil(daemon, 'blobprobe_runs_total', { workload: 'tiny' }, (value) => value >= 1);
    expect(sum(text, 'blobprobe_config_last_reload_successful', {})).toBe(1);
    expect(sum(text, 'blobprobe_runs_total', { workload: 'small' })).toBeGreaterThan(runs);
  });
});

describe('the demo', () => {
  test('its routes are the demo’s alone', async () => {
    const daemon = await serve(configuration());
    for (const action of ['break', 'heal', 'restore']) {
      const answer = await fetch(`${daemon.url}/demo/${action}?path=direct&preset=envoy`, { method: 'POST' });
      expect(answer.status).toBe(404);
    }
    const refused = await run('demo', `--running=${daemon.url}`, '--heal=internal').ended;
    expect(refused).toMatchObject({
      code: 1,
      stderr: `blobprobe demo: ${daemon.url} answered 404: is a demo running there?\n`,
    });
  });
});

describe('the address', () => {
  let occupant: Server;
  afterEach(() => new Promise((resolve) => occupant.close(resolve)));

  test('in use: one line and exit code 1', async () => {
    occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const { port } = occupant.address() as AddressInfo;
    const file = write(configuration());
    const { code, stderr } = await run(
      `--config.file=${file}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ).ended;
    expect(code).toBe(1);
    expect(stderr).toBe(`blobprobe: cannot listen on 127.0.0.1:${port}: the address is in use\n`);
    expect(registry.requestTotal).toBe(0);
  });
});
