import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { type DemoEdge, startEdge } from '../support/lab/edge.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { Ledger } from '../../src/probe/leftovers/ledger.ts';
import { builtProgram, eventually, sum } from '../support/program.ts';
import { type RunningProcess, startProcess } from '../real/support/process.ts';
import { randomFaults } from './edge-faults.ts';
import { createRandom, type Random } from './random.ts';

/** Decides everything that happens here; another one: BLOBPROBE_FAULT_SEED. */
const seed = process.env['BLOBPROBE_FAULT_SEED'] ?? '1';
const chaosMs = 5_000;

let main: string;
let folder: string;
let registry: DemoRegistry;
const edges: DemoEdge[] = [];
let daemon: RunningProcess | undefined;

beforeAll(() => {
  main = builtProgram();
}, 120_000);
afterEach(async () => {
  await daemon?.stop('SIGKILL');
  for (const edge of edges.splice(0)) await edge.close();
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
});

const configFile = (): string => join(folder, 'config.yaml');
const ledgerFile = (): string => join(folder, 'ledger.jsonl');

function configText(transfers: number): string {
  const paths = Object.fromEntries(edges.map(({ url }, index) => [`path${index}`, { url }]));
  return JSON.stringify({
    registries: { lab: { repository: 'probe/blobs', paths } },
    checks: { blob: { size: '200KiB', every: '1s', timeout: '1s', clients: ['docker', 'oras'] } },
    retryWaitScale: 0.01,
    budget: { transfers },
    ledgerFile: ledgerFile(),
  });
}

/** What an administrator, a full disk and a busy machine do to the process itself. */
async function disturb(random: Random, child: RunningProcess, url: string): Promise<void> {
  const what = random.pick([
    'hup-storm',
    'bad-file',
    'torn-file',
    'stop',
    'pause',
    'edge',
    'edge',
    'restart',
    'reload',
  ]);
  if (what === 'hup-storm') {
    writeFileSync(configFile(), configText(random.int(1, 4)));
    for (let times = random.int(1, 100); times > 0; times -= 1) process.kill(child.pid, 'SIGHUP');
  } else if (what === 'bad-file' || what === 'torn-file') {
    const text = configText(2);
    writeFileSync(configFile(), what === 'bad-file' ? 'registries: {}' : text.slice(0, random.int(0, text.length - 1)));
    process.kill(child.pid, 'SIGHUP');
  } else if (what === 'stop') {
    process.kill(child.pid, 'SIGSTOP');
    await sleep(random.int(50, 800));
    process.kill(child.pid, 'SIGCONT');
  } else if (what === 'pause') {
    process.kill(child.pid, 'SIGUSR2');
    await sleep(random.int(20, 300));
    process.kill(child.pid, 'SIGUSR2');
  } else if (what === 'edge') {
    random.pick(edges).setFaults(randomFaults(random));
  } else if (what === 'restart') {
    registry.restart();
  } else {
    await fetch(`${url}/-/reload`, { method: 'POST' });
  }
}

function openSockets(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

test.runIf(process.platform === 'linux')(
  'the program under storms of SIGHUP, bad files, a full disk, SIGSTOP and pauses: alive, quiet when paused, and nothing left that the ledger does not know',
  async () => {
    folder = mkdtempSync(join(tmpdir(), 'blobprobe-process-'));
    registry = await startRegistry({ logCapacity: 50_000 });
    for (const style of ['nginx', 'caddy', 'cloudflare'] as const)
      edges.push(await startEdge({ upstream: registry.url, identity: { style }, lingerMs: 300 }));
    writeFileSync(configFile(), configText(2));
    const flags = [`--config.file=${configFile()}`, '--web.listen-address=127.0.0.1:0'];
    // No file beyond 4 KiB for this process: the ledger meets a full disk again and again.
    const limited = ['-c', 'ulimit -f 8 && exec "$0" "$@"', process.execPath, main, 'serve', ...flags];
    const child = await startProcess('/bin/sh', limited, { env: { PATH: process.env['PATH'] } });
    daemon = child;
    const url = await eventually('its address', () => /address=(\S+)/.exec(child.output())?.[1], child.output);
    const base = `http://${url}`;
    const metrics = async (): Promise<string> => (await fetch(`${base}/metrics`)).text();
    await eventually('runs', async () => (sum(await metrics(), 'blobprobe_runs_total', {}) ?? 0) > 3, child.output);

    const random = createRandom(`process ${seed}`);
    const endMs = performance.now() + chaosMs;
    while (performance.now() < endMs) {
      await disturb(random, child, base);
      await sleep(random.int(20, 200));
    }

    edges.forEach((edge) => edge.setFaults([]));
    writeFileSync(configFile(), configText(3));
    expect((await fetch(`${base}/-/reload`, { method: 'POST' })).status).toBe(200);
    const before = sum(await metrics(), 'blobprobe_runs_total', {}) ?? Number.NaN;
    const text = await eventually(
      'more runs, all good in the end',
      async () => {
        const now = await metrics();
        const good = sum(now, 'blobprobe_last_run_success', {}) === 6;
        return good && (sum(now, 'blobprobe_runs_total', {}) ?? 0) > before + 6 && now;
      },
      child.output,
      20_000,
    );
    expect(sum(text, 'blobprobe_config_last_reload_successful', {})).toBe(1);
    expect((await fetch(`${base}/api/v1/pause`, { method: 'POST' })).status).toBe(200);
    // The listening socket, and what `fetch` keeps open to it from here.
    await eventually(
      'no other socket',
      () => openSockets(child.pid) <= 3,
      () => `${openSockets(child.pid)} open`,
    );
    expect(await child.stop('SIGTERM')).toBe(0);
    expect(child.output()).not.toMatch(/uncaught|contract|did not end in time/);
    // EFBIG where nothing of a line fits, ENOSPC by our own word where a part of it did.
    expect(child.output()).toMatch(/the ledger cannot be written \((?:EFBIG|ENOSPC)\)/);

    const left = new Ledger({ file: ledgerFile() });
    const known = left.entries.map(({ location }) => location ?? '').join(' ');
    const unnamed = registry.openSessions.filter(({ id }) => !known.includes(id)).length;
    const unanswered = edges
      .flatMap(({ requests }) => requests)
      .filter(({ method, status }) => method === 'POST' && status !== 202);
    expect(unnamed).toBeLessThanOrEqual(unanswered.length);
    const digests = new Set(left.entries.map(({ digest }) => digest));
    expect([...registry.blobs.keys()].filter((digest) => !digests.has(digest))).toEqual([]);
    await left.close();
    expect(readFileSync(ledgerFile(), 'utf8').length).toBeLessThanOrEqual(8 * 512);
  },
  90_000,
);
