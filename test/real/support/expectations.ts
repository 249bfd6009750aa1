import { expect } from 'vitest';
import type { LoggedRequest, RunningRegistry } from './docker-registry.ts';
import { waitFor } from './process.ts';

export const MiB = 1024 * 1024;

/** What became of the upload sessions, by identifier, as the registry logged it. */
interface SessionFates {
  readonly started: number;
  readonly committed: readonly string[];
  readonly cancelled: readonly string[];
  /** We asked for cancellation and the registry answered 404. */
  readonly disowned: readonly string[];
}

function sessionFates(registry: RunningRegistry): SessionFates {
  const answered = (method: string, status: number): string[] =>
    registry
      .requests()
      .filter((request) => request.method === method && request.status === status)
      .flatMap((request) => sessionOf(request) ?? []);
  return {
    started: registry.sessionStarts().length,
    committed: answered('PUT', 201),
    cancelled: answered('DELETE', 204),
    disowned: answered('DELETE', 404),
  };
}

function sessionOf({ target }: LoggedRequest): string | undefined {
  return /\/blobs\/uploads\/([0-9a-f-]{36})/.exec(target)?.[1];
}

/** Fails unless each session was committed or cancelled, and the storage holds none. */
export async function expectNoOpenSession(registry: RunningRegistry, repository: string): Promise<void> {
  const fates = await endedSessions(registry);
  expect(fates.disowned).toEqual([]);
  expect(registry.openSessions(repository)).toEqual([]);
}

/**
 * Fails unless each session was committed or its cancellation was asked for, and the storage holds none but those that the
 * registry itself disowned. Registry 2.8.2 does that when a body broke off half-way: the session's state, which is signed and
 * part of its URL, holds the offset; a cut moves the offset and gives the client no new URL, and with the old one every
 * request is answered 404 BLOB_UPLOAD_INVALID. Such a session stays until the registry purges it.
 */
export async function expectNoSessionForgotten(registry: RunningRegistry, repository: string): Promise<void> {
  const { disowned } = await endedSessions(registry);
  expect(disowned).toEqual(expect.arrayContaining(registry.openSessions(repository)));
}

async function endedSessions(registry: RunningRegistry): Promise<SessionFates> {
  // The log line of a request follows its answer.
  const endedOf = ({ committed, cancelled, disowned }: SessionFates): number =>
    new Set([...committed, ...cancelled, ...disowned]).size;
  await waitFor(
    'an end of each session',
    () => {
      const fates = sessionFates(registry);
      return endedOf(fates) >= fates.started;
    },
    { timeoutMs: 30_000, details: () => JSON.stringify(sessionFates(registry), undefined, 2) },
  );
  const fates = sessionFates(registry);
  expect(fates.started).toBeGreaterThan(0);
  expect(endedOf(fates)).toBe(fates.started);
  return fates;
}

/** Digests that the registry's log says were committed. */
export function committedDigests(registry: RunningRegistry): string[] {
  const commits = registry.requests().filter(({ method, status }) => method === 'PUT' && status === 201);
  return commits.map(({ target }) => new URL(target, registry.origin).searchParams.get('digest') ?? '');
}

/** Fails unless something was committed, each commit was deleted again, and each deleted blob answers 404. */
export async function expectBlobsDeleted(registry: RunningRegistry, repository: string): Promise<void> {
  const areAllDeleted = (): boolean =>
    deletedDigests(registry).length >= Math.max(1, committedDigests(registry).length);
  await waitFor('all deletions in the log', areAllDeleted, { timeoutMs: 30_000, details: registry.log });
  const digests = committedDigests(registry);
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
