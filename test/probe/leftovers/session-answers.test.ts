import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DemoRegistry, startRegistry } from '../../../src/lab/registry.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { createRunner } from '../../../src/probe/run/run.ts';
import { checkOf, runDeps } from '../../support/checks.ts';

let registry: DemoRegistry;
beforeEach(async () => {
  registry = await startRegistry({ quirks: 'distribution-3' });
});
afterEach(() => registry.close());

const unknownUpload = { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"unknown"}]}' } as const;

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
  // Six times, or fewer where a busy host makes 5 s short.
  expect(sessionAnswers?.known).toBeGreaterThan(0);
  expect(sessionAnswers?.disowned).toBeGreaterThan(0);
  expect(sessionAnswers?.elsewhere).toBe(0);
});

test('nothing is asked by who did not ask for it, and nothing after another failure', async () => {
  answer(unknownUpload, [undefined]);
  expect(await push(false)).not.toHaveProperty('sessionAnswers');
  answer({ status: 413 }, [undefined]);
  expect(await push()).not.toHaveProperty('sessionAnswers');
});
