import { afterEach, describe, expect, test } from 'vitest';
import { checkOf, runOnce } from '../support/checks.ts';
import { type Scripts, startScriptedRegistry, uploadLocation } from '../support/scripted-registry.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0)) await item.close();
});

async function push(scripts: Scripts) {
  const head: Scripts = { HEAD: (scene) => scene.answer(200, { 'Content-Length': '50000' }) };
  const registry = await startScriptedRegistry({ ...head, ...scripts });
  open.push(registry);
  const run = await runOnce(checkOf(registry.url, { client: 'docker', sizeBytes: 50_000 }));
  return { failure: run.failure?.reason, status: run.failure?.status, phase: run.failure?.phase };
}

const fine = { failure: undefined, status: undefined, phase: undefined };

describe('what a client takes for yes', () => {
  // ECR answers 201 to a PATCH (aws/containers-roadmap#2831).
  test.each([202, 201, 204])('PATCH answered %d', async (status) => {
    const outcome = await push({
      PATCH: async (scene) => {
        const bytes = await scene.read();
        scene.answer(status, { Location: uploadLocation, Range: `0-${bytes - 1}` });
      },
    });
    expect(outcome).toEqual(fine);
  });

  test('PATCH answered 200 is no yes', async () => {
    const outcome = await push({
      PATCH: async (scene) => {
        const bytes = await scene.read();
        scene.answer(200, { Location: uploadLocation, Range: `0-${bytes - 1}` });
      },
    });
    expect(outcome).toMatchObject({ status: 200, phase: 'wait' });
  });

  test.each([201, 204])('a closing PUT answered %d', async (status) => {
    const outcome = await push({
      PUT: async (scene) => {
        await scene.read();
        scene.answer(status, { Location: '/v2/probe/blobs/blobs/x' });
      },
    });
    expect(outcome).toEqual(fine);
  });

  test.each([200, 202])('a closing PUT answered %d is no yes', async (status) => {
    const outcome = await push({
      PUT: async (scene) => {
        await scene.read();
        scene.answer(status, { Location: uploadLocation });
      },
    });
    expect(outcome).toMatchObject({ status, phase: 'commit' });
  });
});
