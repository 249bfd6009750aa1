import { afterEach, describe, expect, test } from 'vitest';
import { type EdgeOptions, startEdge } from '../../support/lab/edge.ts';
import { type RegistryOptions, startRegistry } from '../../support/lab/registry.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { createRunner } from '../../../src/probe/run/run.ts';
import { atBearablePace } from '../../support/pace.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});
async function registryOf(options: RegistryOptions = {}) {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}
async function edgeOf(options: EdgeOptions) {
  const edge = await startEdge(options);
  open.push(edge);
  return edge;
}
const megabyte = 1_000_000;

describe('a push that gets through', () => {
  test('docker: ping, POST, streamed PATCH, empty PUT, HEAD; then the blob is deleted', async () => {
    const registry = await registryOf();
    const run = await runOnce(checkOf(registry.url, { sizeBytes: 3 * megabyte }));
    expect(run.failure).toBeUndefined();
    expect(run.ok).toBe(true);
    const [attempt] = run.attempts;
    expect(attempt?.requests.map((r) => `${r.method} ${r.phase} ${r.framing} ${r.status}`)).toEqual([
      'GET auth none 200',
      'POST start none 202',
      'PATCH send chunked 202',
      'PUT commit none 201',
      'HEAD verify none 200',
    ]);
    expect(attempt?.requests.map((r) => r.socketReused)).toEqual([false, true, true, true, true]);
    expect(Object.keys(attempt?.phaseMs ?? {})).toEqual([
      'connect',
      'auth',
      'start',
      'send',
      'wait',
      'commit',
      'verify',
    ]);
    expect(run).toMatchObject({ sentBytes: 3 * megabyte, acknowledgedBytes: 3 * megabyte, realWaits: false });
    expect(run.pushBytesPerSecond).toBeGreaterThan(megabyte);
    expect(run.cleanup.failures).toEqual([]);
    expect([registry.openSessions.length, registry.blobs.size]).toEqual([0, 0]);
  });

  test('docker-containerd: HEAD, POST, one PUT with Content-Length; nothing after', async () => {
    const registry = await registryOf();
    const run = await runOnce(checkOf(registry.url, { client: 'docker-containerd', sizeBytes: 3 * megabyte }));
    expect(run.failure).toBeUndefined();
    expect(run.attempts[0]?.requests.map((r) => `${r.method} ${r.framing} ${r.status}`)).toEqual([
      'HEAD none 404',
      'POST none 202',
      'PUT content-length 201',
    ]);
    expect(Object.keys(run.attempts[0]?.phaseMs ?? {})).toEqual(['connect', 'start', 'send', 'wait']);
  });

  test('Basic credentials are sent after the challenge only', async () => {
    const registry = await registryOf({ auth: { kind: 'basic', users: [{ name: 'probe', password: 'pass word:1' }] } });
    const credentials = { kind: 'basic', username: 'probe', password: Secret.of('pass word:1') } as const;
    const run = await runOnce(checkOf(registry.url, { registry: { credentials } }));
    expect(run.failure).toBeUndefined();
    expect(run.attempts[0]?.requests.slice(0, 3).map((r) => `${r.method} ${r.status}`)).toEqual([
      'GET 401',
      'POST 202',
      'PATCH 202',
    ]);
    expect(registry.blobs.size).toBe(0);
  });

  test('each run pushes another digest; `rotate` comes back to the first', async () => {
    const registry = await registryOf();
    const runner = createRunner(runDeps());
    const signal = new AbortController().signal;
    const keep = { registry: { cleanup: 'keep' } } as const;
    for (let i = 0; i < 3; i += 1) await runner(checkOf(registry.url, keep), { signal });
    expect(registry.blobs.size).toBe(3);
    const rotating = checkOf(registry.url, { ...keep, check: { payload: { kind: 'rotate', count: 2 } } });
    for (let i = 0; i < 5; i += 1) expect((await runner(rotating, { signal })).ok).toBe(true);
    expect(registry.blobs.size).toBe(5);
  });
});

describe('retries', () => {
  test('docker tries five times with 5, 10, 15 and 20 s between, each time with a new session, and leaves none open', async () => {
    const registry = await registryOf();
    const edge = await edgeOf({
      upstream: registry.url,
      faults: [{ kind: 'body-limit', limitBytes: megabyte, ending: 'linger' }],
    });
    const waits: number[] = [];
    const run = await runOnce(
      checkOf(edge.url, { sizeBytes: 30 * megabyte, check: { retries: 'profile' } }),
      runDeps({}, waits),
    );
    expect(waits).toEqual([5_000, 10_000, 15_000, 20_000]);
    expect(run.attempts).toHaveLength(5);
    expect(run.attempts.map((a) => a.requests[0]?.method)).toEqual(['GET', 'POST', 'POST', 'POST', 'POST']);
    for (const attempt of run.attempts) {
      expect(attempt.failure).toMatchObject({
        reason: 'body_too_large',
        answeredBy: 'nginx',
        status: 413,
        blame: 'ingress',
      });
    }
    expect(run.failure).toMatchObject({ reason: 'body_too_large', phase: 'send' });
    expect(run.failure?.evidence).toMatchObject({ early: true, method: 'PATCH' });
    expect(run.failure?.sentBytes).toBeGreaterThan(megabyte / 2);
    expect(run.failure?.sentBytes).toBeLessThan(30 * megabyte);
    expect([registry.openSessions.length, registry.blobs.size]).toEqual([0, 0]);
    expect(run.cleanup.failures).toEqual([]);
  });

  test('the second attempt may succeed: the run does, its first attempt counts as failed', async () => {
    const registry = await registryOf();
    let patches = 0;
    registry.intercept = (request) =>
      request.method === 'PATCH' && (patches += 1) === 1 ? { kind: 'reset', readBytes: 200_000 } : undefined;
    const run = await runOnce(
      checkOf(registry.url, { sizeBytes: 20 * megabyte, check: { retries: 'profile' } }),
      runDeps({}, []),
    );
    expect(run.ok).toBe(true);
    expect(run.attempts.map((a) => a.failure?.reason)).toEqual(['connection_reset', undefined]);
    expect(run.attempts[0]?.failure?.evidence.code).toMatch(/ECONNRESET|EPIPE|UND_ERR_SOCKET/);
    expect([registry.openSessions.length, registry.blobs.size]).toEqual([0, 0]);
  });

  test('docker-containerd gives up at once', async () => {
    const registry = await registryOf();
    const edge = await edgeOf({
      upstream: registry.url,
      faults: [{ kind: 'body-limit', limitBytes: megabyte, ending: 'linger' }],
    });
    const check = checkOf(edge.url, {
      client: 'docker-containerd',
      sizeBytes: 5 * megabyte,
      check: { retries: 'profile' },
    });
    const run = await runOnce(check);
    expect(run.attempts).toHaveLength(1);
    expect(run.failure).toMatchObject({ reason: 'body_too_large', answeredBy: 'nginx' });
    expect(registry.openSessions).toHaveLength(0);
  });

  test('a failing ping is final, as in docker', async () => {
    const registry = await registryOf();
    const { url } = registry;
    await open.pop()?.close();
    const run = await runOnce(checkOf(url, { check: { retries: 'profile' } }), runDeps({}, []));
    expect(run.attempts).toHaveLength(1);
    expect(run.failure).toMatchObject({
      reason: 'connect_refused',
      phase: 'connect',
      answeredBy: 'none',
      sentBytes: 0,
    });
  });
});

describe('ends', () => {
  test('a deadline in mid-push ends the run in time and cancels the session', async () => {
    const registry = await registryOf();
    registry.intercept = (request) => (request.method === 'PATCH' ? { kind: 'stall', readBytes: 100_000 } : undefined);
    const run = await atBearablePace(100, (pace) =>
      runOnce(checkOf(registry.url, { sizeBytes: 50 * megabyte, check: { timeoutMs: 400 * pace } })),
    );
    expect(run.failure).toMatchObject({ reason: 'deadline', phase: 'send' });
    expect(registry.openSessions).toHaveLength(0);
  });

  test('a cancelled run says so, in an attempt and in the wait for the next one', async () => {
    const registry = await registryOf();
    const stop = new AbortController();
    registry.intercept = (request) => {
      if (request.method !== 'PATCH') return undefined;
      stop.abort();
      return { kind: 'stall', readBytes: 0 };
    };
    const inAttempt = await runOnce(checkOf(registry.url, { sizeBytes: 50 * megabyte }), runDeps(), stop.signal);
    expect(inAttempt.failure).toMatchObject({ reason: 'cancelled', blame: 'prober' });
    registry.intercept = (request) => (request.method === 'PATCH' ? { kind: 'reset', readBytes: 0 } : undefined);
    const stopInWait = new AbortController();
    const { clock } = runDeps();
    // A wait that nothing but the end of the run can end.
    const sleep = (_delayMs: number, signal: AbortSignal): Promise<void> => {
      setImmediate(() => stopInWait.abort());
      return clock.sleep(3_600_000, signal);
    };
    const inWait = await runOnce(
      checkOf(registry.url, { sizeBytes: 50 * megabyte, check: { retries: 'profile' } }),
      runDeps({ clock: { ...clock, sleep } }),
      stopInWait.signal,
    );
    expect(inWait.attempts).toHaveLength(1);
    expect(inWait.failure).toMatchObject({ reason: 'cancelled', blame: 'prober', answeredBy: 'none' });
    expect(registry.openSessions).toHaveLength(0);
  });

  test('a run cancelled before its first request is no success', async () => {
    const registry = await registryOf();
    const run = await runOnce(checkOf(registry.url), runDeps(), AbortSignal.abort());
    expect(run).toMatchObject({ ok: false, attempts: [], failure: { reason: 'cancelled', blame: 'prober' } });
    expect(registry.requests).toEqual([]);
  });

  test('a registry that takes no bytes is a stall of ours to end, one that never answers runs into the header timeout', async () => {
    const registry = await registryOf();
    registry.intercept = (request) => (request.method === 'PATCH' ? { kind: 'stall', readBytes: 0 } : undefined);
    const stalled = await atBearablePace(100, (pace) =>
      runOnce(checkOf(registry.url, { sizeBytes: 50 * megabyte }), runDeps({ stallTimeoutMs: 300 * pace })),
    );
    expect(stalled.failure).toMatchObject({ reason: 'upload_stalled', phase: 'send', answeredBy: 'none' });
    expect(stalled.failure?.sentBytes).toBeLessThan(50 * megabyte);
    registry.intercept = (request) => (request.method === 'PUT' ? { kind: 'stall', readBytes: megabyte } : undefined);
    const check = checkOf(registry.url, { client: 'docker-containerd', sizeBytes: 10_000 });
    const silent = await runOnce({ ...check, client: { ...check.client, responseHeaderTimeoutMs: 300 } });
    expect(silent.failure).toMatchObject({
      reason: 'response_timeout',
      phase: 'wait',
      answeredBy: 'none',
      sentBytes: 10_000,
    });
    expect(silent.failure?.evidence.timer).toBe('response_header');
  });
});
