import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { checkApi } from '../../../src/probe/diagnose/api-check.ts';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import { examine } from '../../../src/probe/diagnose/examine.ts';
import { createRunner } from '../../../src/probe/run/run.ts';
import { checkOf, runDeps } from '../../support/checks.ts';

test('an examination of a path that swallows everything ends in its time, and says what it left out', async () => {
  const silent = createServer((socket) => socket.on('error', () => {}).pause());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as { port: number };
  const deps = runDeps();
  const startedMs = performance.now();
  const examination = await examine(
    {
      check: checkOf(`http://127.0.0.1:${port}`, { sizeBytes: 1_000_000, check: { timeoutMs: 60_000 } }),
      durationsMs: [],
      deadlineMs: 5_000,
      signal: new AbortController().signal,
    },
    {
      run: createRunner(deps),
      paced: (pacer) => createRunner({ ...deps, pacer }),
      checkApi: (target, options) => checkApi(target, { ...options, now: () => performance.now() }),
    },
  );
  expect(performance.now() - startedMs).toBeLessThan(15_000);
  const { kind, notExamined } = diagnose(examination);
  expect(kind).toBe('inconclusive');
  expect(notExamined.filter((words) => words.includes('of this examination were over'))).not.toEqual([]);
});
