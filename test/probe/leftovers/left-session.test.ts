import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import type { Fault } from '../../support/lab/faults/fault.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { createRunner } from '../../../src/probe/run/run.ts';
import { type DemoEdge, startEdge } from '../../support/lab/edge.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';

describe('bytes that the registry holds after a cut', () => {
  const sizeBytes = 1_200_000;
  const resetAt: Fault = { kind: 'reset-at', afterBytes: 600_000, direction: 'request' };

  let registry: DemoRegistry;
  let edge: DemoEdge;
  beforeEach(async () => {
    registry = await startRegistry({ quirks: 'distribution-3' });
    edge = await startEdge({ upstream: registry.url, faults: [resetAt] });
  });
  afterEach(async () => {
    await Promise.all([edge.close(), registry.close()]);
  });

  function push(options: { client?: ClientName; asks?: boolean } = {}): Promise<Run> {
    const { client = 'docker', asks = true } = options;
    const signal = new AbortController().signal;
    return createRunner(runDeps())(checkOf(edge.url, { client, sizeBytes }), { signal, inspectsSession: asks });
  }

  function statusQuestions(): number {
    return registry.requests.filter(({ method, url }) => method === 'GET' && url.includes('/blobs/uploads/')).length;
  }

  describe('a reset at 600 kB, the registry is asked what arrived', () => {
    test.each(['docker', 'docker-containerd'] as const)('%s, bodies are passed on: about as much', async (client) => {
      const { failure, heldBytes } = await push({ client });
      expect(failure?.reason).toBe('connection_reset');
      expect(heldBytes).toBeGreaterThan(300_000);
      expect(heldBytes).toBeLessThanOrEqual(600_000);
    });

    test.each(['docker', 'docker-containerd'] as const)(
      '%s, the edge collects bodies first: nothing',
      async (client) => {
        edge.setFaults([resetAt, { kind: 'buffer-request' }]);
        const { failure, heldBytes } = await push({ client });
        expect(failure?.reason).toBe('connection_reset');
        expect(heldBytes).toBe(0);
      },
    );

    test('before the session is cancelled, which happens all the same', async () => {
      const { cleanup } = await push();
      const onSession = registry.requests
        .filter(({ url }) => url.includes('/blobs/uploads/'))
        .map(({ method }) => method);
      expect(onSession.indexOf('GET')).toBeGreaterThan(onSession.indexOf('PATCH'));
      expect(onSession.indexOf('GET')).toBeLessThan(onSession.indexOf('DELETE'));
      expect(cleanup.failures).toEqual([]);
    });

    test('a registry that does not say: unknown, and the failure stays what it was', async () => {
      registry.intercept = ({ method, url }) =>
        method === 'GET' && url.includes('/blobs/uploads/') ? { kind: 'answer', status: 500 } : undefined;
      const run = await push();
      expect(run.failure?.reason).toBe('connection_reset');
      expect(statusQuestions()).toBeGreaterThan(0);
      expect(run.heldBytes).toBeUndefined();
    });
  });

  describe('a registry that never answers the question', () => {
    beforeEach(() => {
      // The first one only: the one after the cancellation is cleaning up.
      registry.intercept = ({ method, url }) =>
        method === 'GET' && url.includes('/blobs/uploads/') && statusQuestions() <= 1 ? { kind: 'stall' } : undefined;
    });

    test('is waited for no longer than 5 s, and the session is cancelled', async () => {
      const startedMs = performance.now();
      const run = await push();
      expect(run.heldBytes).toBeUndefined();
      expect(performance.now() - startedMs).toBeGreaterThan(4_900);
      expect(performance.now() - startedMs).toBeLessThan(15_000);
      expect(registry.openSessions).toEqual([]);
    });

    test('Ctrl-C ends the waiting, and the session is cancelled', { timeout: 60_000 }, async () => {
      const caller = new AbortController();
      const { intercept } = registry;
      registry.intercept = (request) => {
        const reaction = intercept?.(request);
        if (reaction?.kind === 'stall') setImmediate(() => caller.abort());
        return reaction;
      };
      // No time limit passes, that of the question neither: what ends the waiting is the caller.
      const { setTimeout: timer } = globalThis;
      const endless = (action: () => void, delayMs = 0, ...args: []): NodeJS.Timeout =>
        timer(action, delayMs < 5_000 ? delayMs : 1e9, ...args);
      vi.spyOn(globalThis, 'setTimeout').mockImplementation(endless);
      try {
        const options = { signal: caller.signal, inspectsSession: true };
        const run = await createRunner(runDeps())(checkOf(edge.url, { sizeBytes }), options);
        expect(run.failure?.reason).toBe('connection_reset');
      } finally {
        vi.restoreAllMocks();
      }
      expect(caller.signal.aborted).toBe(true);
      expect(registry.openSessions).toEqual([]);
    });
  });

  test('without being told to, nobody asks', async () => {
    registry.clearRequests();
    const run = await push({ asks: false });
    expect(run.failure?.reason).toBe('connection_reset');
    expect(run.heldBytes).toBeUndefined();
    // Cleaning up asks once, after its DELETE, whether the session is gone.
    expect(statusQuestions()).toBeLessThanOrEqual(1);
  });

  test('a push that was answered is not asked about', async () => {
    edge.setFaults([{ kind: 'answer', status: 413, afterBytes: 100_000, when: { methods: ['PATCH', 'PUT'] } }]);
    const run = await push();
    expect(run.ok).toBe(false);
    expect(run.failure?.status).toBe(413);
    expect(run.heldBytes).toBeUndefined();
  });
});

describe('answers for a session after a refusal', () => {
  let registry: DemoRegistry;
  beforeEach(async () => {
    registry = await startRegistry({ quirks: 'distribution-3' });
  });
  afterEach(() => registry.close());

  const unknownUpload = {
    status: 404,
    body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"unknown"}]}',
  } as const;

  /** Answers PATCH with `patch`, and the questions for the upload by turns with what is in `turns`. */
  function answer(patch: object, turns: readonly (object | undefined)[]): void {
    let asked = 0;
    registry.intercept = ({ method, url }) => {
      if (!url.includes('/blobs/uploads/')) return undefined;
      if (method === 'PATCH') return { kind: 'answer', status: 404, ...patch };
      if (method !== 'GET') return undefined;
      const turn = turns[asked % turns.length];
      asked += 1;
      return turn === undefined ? undefined : { kind: 'answer', status: 404, ...turn };
    };
  }

  function push(inspectsSession = true): Promise<Run> {
    const signal = new AbortController().signal;
    return createRunner(runDeps())(checkOf(registry.url, { client: 'docker', sizeBytes: 1_000 }), {
      signal,
      inspectsSession,
    });
  }

  test('an upload that is known and unknown by turns is asked for until both were seen', async () => {
    answer(unknownUpload, [undefined, unknownUpload]);
    const { failure, sessionAnswers } = await push();
    expect(failure?.reason).toBe('session_lost');
    // A dozen times, or fewer where a busy host makes 5 s short.
    expect(sessionAnswers?.known).toBeGreaterThan(0);
    expect(sessionAnswers?.disowned).toBeGreaterThan(0);
    expect(sessionAnswers?.elsewhere).toBe(0);
    // Nothing more is asked when that is clear.
    expect((sessionAnswers?.known ?? 0) + (sessionAnswers?.disowned ?? 0)).toBeLessThan(12);
  });

  test('a hop that has too much to do is not asked again', async () => {
    answer(unknownUpload, [{ status: 429, body: '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}' }]);
    const { sessionAnswers } = await push();
    expect(sessionAnswers).toEqual({ known: 0, disowned: 0, elsewhere: 0 });
    const asked = registry.requests.filter(({ method, url }) => method === 'GET' && url.includes('/blobs/uploads/'));
    expect(asked.length).toBeLessThan(12);
  });

  test('nothing is asked by who did not ask for it, and nothing after another failure', async () => {
    answer(unknownUpload, [undefined]);
    expect(await push(false)).not.toHaveProperty('sessionAnswers');
    answer({ status: 413 }, [undefined]);
    expect(await push()).not.toHaveProperty('sessionAnswers');
  });
});
