import { expect } from 'vitest';
import type { RunningRegistry } from './docker-registry.ts';
import { waitFor } from './process.ts';

export const MiB = 1024 * 1024;

/** Digests that the registry's log says were committed. */
export function committedDigests(registry: RunningRegistry): string[] {
  const commits = registry.requests().filter(({ method, status }) => method === 'PUT' && status === 201);
  return commits.map(({ target }) => new URL(target, registry.origin).searchParams.get('digest') ?? '');
}

/** Fails unless no upload session is open, each commit was deleted again, and each deleted blob answers 404. */
export async function expectNothingLeft(registry: RunningRegistry, repository: string): Promise<void> {
  // The registry may still be storing what it had received when the session was cancelled.
  await waitFor('no open session', () => registry.openSessions(repository).length === 0, {
    timeoutMs: 5_000,
    details: () => registry.openSessions(repository).join('\n'),
  });
  const digests = committedDigests(registry);
  expect(digests).not.toEqual([]);
  // The log line of a request follows its answer.
  await waitFor('all deletions in the log', () => deletedDigests(registry).length >= digests.length, {
    timeoutMs: 5_000,
    details: registry.log,
  });
  expect(deletedDigests(registry).toSorted()).toEqual(digests.toSorted());
  const answers = await Promise.all(
    digests.map((digest) => fetch(`${registry.origin}/v2/${repository}/blobs/${digest}`, { method: 'HEAD' })),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
}

function deletedDigests(registry: RunningRegistry): string[] {
  return registry
    .requests()
    .filter(({ method, status, target }) => method === 'DELETE' && status === 202 && target.includes('/blobs/sha256'))
    .map(({ target }) => decodeURIComponent(target.split('/').at(-1) ?? ''));
}
