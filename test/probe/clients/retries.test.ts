import { describe, expect, test } from 'vitest';
import type { RetryPolicy } from '../../../src/probe/clients/client-profile.ts';
import { type ClientName, clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { ownClient } from '../../../src/probe/clients/controls.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { PullCut } from '../../../src/registry/pull.ts';
import type { RequestEnd } from '../../../src/registry/resend.ts';
import { failure } from '../../support/run-fixtures.ts';

/** A page without the registry's JSON. */
const page = (status: number, more: Partial<Failure> = {}): Failure => failure({ status, ...more });
const coded = (registryCode: string, status = 400): Failure => failure({ status, registryCode });
/** An answer with a good status whose body broke off. */
const cut = (code: string): Failure =>
  failure({ reason: 'connection_reset', phase: 'pull', status: 200, evidence: { message: '', code } });
const lost = (code: string, more: Partial<Failure> = {}): Failure =>
  failure({ reason: 'connection_reset', status: undefined, evidence: { message: '', code }, ...more });

type Way = 'push' | 'pull';
function policyOf(client: ClientName, way: Way): RetryPolicy {
  const profile = clientProfiles[client];
  return way === 'push' ? profile.retry : profile.pull.retry;
}

describe('what is begun anew', () => {
  const statuses = [400, 401, 403, 404, 408, 413, 429, 499, 500, 502, 503, 504];
  test.each<[client: ClientName, way: Way, again: readonly number[]]>([
    ['docker', 'push', [400, 404, 408, 413, 499, 500, 502, 503, 504]],
    ['docker', 'pull', [400, 408, 413, 499, 500, 502, 503, 504]],
    ['docker@20.10', 'push', [500, 502, 503, 504]],
    ['docker@20.10', 'pull', [500, 502, 503, 504]],
    ['buildkit', 'push', [500, 502, 503, 504]],
    ['buildkit', 'pull', [500, 502, 503, 504]],
    ['podman', 'push', [502, 503, 504]],
    ['podman', 'pull', [502, 503, 504]],
    ['podman@4.3', 'push', []],
    ['crane', 'push', [408, 429, 500, 502, 503, 504]],
    ['crane', 'pull', []],
    ['docker-containerd', 'push', []],
    ['oras', 'push', []],
  ])('%s, %s, after a page with a status', (client, way, again) => {
    expect(statuses.filter((status) => policyOf(client, way).retries(page(status)))).toEqual(again);
  });

  const codes = ['UNAUTHORIZED', 'UNSUPPORTED', 'DENIED', 'TOOMANYREQUESTS', 'NAME_UNKNOWN', 'MANIFEST_UNKNOWN'];
  const others = ['BLOB_UPLOAD_INVALID', 'UNKNOWN', 'UNAVAILABLE', 'SIZE_INVALID'];
  test.each<[client: ClientName, again: readonly string[]]>([
    ['docker', ['MANIFEST_UNKNOWN', ...others]],
    ['docker@20.10', ['MANIFEST_UNKNOWN', ...others]],
    ['podman', ['UNSUPPORTED', 'TOOMANYREQUESTS', ...others]],
    ['podman@4.3', ['UNSUPPORTED', 'TOOMANYREQUESTS', ...others]],
    ['crane', ['TOOMANYREQUESTS', 'BLOB_UPLOAD_INVALID', 'UNKNOWN', 'UNAVAILABLE']],
  ])("%s, after the registry's own code, whatever the status", (client, again) => {
    for (const status of [400, 429, 503]) {
      const begun = [...codes, ...others].filter((code) => policyOf(client, 'push').retries(coded(code, status)));
      expect(begun).toEqual(again);
    }
  });

  const connection = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND'];
  test.each<[client: ClientName, way: Way, again: readonly string[]]>([
    ['docker', 'push', connection],
    ['docker@20.10', 'push', connection],
    ['crane', 'push', ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']],
    ['podman@4.3', 'push', ['ECONNRESET', 'UND_ERR_SOCKET', 'ETIMEDOUT']],
    ['docker', 'pull', connection],
    ['buildkit', 'pull', ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ETIMEDOUT', 'EAI_AGAIN']],
    ['podman', 'pull', ['ECONNRESET', 'UND_ERR_SOCKET', 'ETIMEDOUT']],
  ])('%s, %s, after a lost connection', (client, way, again) => {
    expect(connection.filter((code) => policyOf(client, way).retries(lost(code)))).toEqual(again);
  });

  test.each<[client: ClientName, again: readonly string[]]>([
    ['docker', connection],
    ['docker@20.10', connection],
    ['buildkit', ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ETIMEDOUT', 'EAI_AGAIN']],
    ['podman', ['ECONNRESET']],
  ])('%s, after a blob that broke off', (client, again) => {
    expect(connection.filter((code) => policyOf(client, 'pull').retries(cut(code)))).toEqual(again);
  });

  test("an error's page that broke off is an error", () => {
    const failed = failure({ status: 400, evidence: { message: '', code: 'ECONNRESET' } });
    expect((['buildkit', 'podman'] as const).filter((client) => policyOf(client, 'pull').retries(failed))).toEqual([]);
  });

  test('a failure without any code is begun anew by docker alone', () => {
    const mute = failure({ status: undefined, evidence: { message: '' } });
    const clients: ClientName[] = ['docker', 'docker@20.10', 'buildkit', 'podman', 'podman@4.3', 'crane'];
    expect(clients.filter((client) => policyOf(client, 'push').retries(mute))).toEqual(['docker', 'docker@20.10']);
  });

  test('crane does not take the reset of an HTTP/2 stream for a lost connection', () => {
    expect(policyOf('crane', 'push').retries(lost('ECONNRESET', { reason: 'http2_error' }))).toBe(false);
  });

  test('podman takes an answer that broke off in its head for final, where any other end is not', () => {
    const inHead = lost('UND_ERR_SOCKET', { evidence: { message: '', code: 'UND_ERR_SOCKET', body: 'HTTP/1.1 2' } });
    const reset = lost('ECONNRESET', { evidence: { message: '', code: 'ECONNRESET', body: 'HTTP/1.1 2' } });
    expect([inHead, reset].map(policyOf('podman', 'push').retries)).toEqual([false, true]);
  });

  test.each<[what: string, failed: Failure, again: boolean]>([
    ['a blob that came wrong', failure({ reason: 'body_corrupted', status: 200 }), false],
    ['a blob that came short', failure({ reason: 'body_truncated', status: 200 }), false],
    ['the rest of one that came wrong', failure({ reason: 'body_corrupted', status: 206, evidence: asked() }), true],
    ['the rest of one that is gone', failure({ reason: 'registry_error', status: 404, evidence: asked() }), true],
  ])('docker, pull, after %s', (_what, failed, again) => {
    expect(policyOf('docker', 'pull').retries(failed)).toBe(again);
  });
});

function asked(): Failure['evidence'] {
  return { message: '', askedRange: 'bytes=7-' };
}

test.each<[client: ClientName, way: Way, waitsMs: readonly number[]]>([
  ['docker', 'push', [5_000, 10_000, 15_000, 20_000]],
  ['docker', 'pull', [5_000, 10_000, 15_000, 20_000]],
  ['docker@20.10', 'pull', [5_000, 10_000, 15_000, 20_000, 25_000]],
  ['buildkit', 'push', [1_000, 2_000, 4_000]],
  ['buildkit', 'pull', [1_000, 2_000, 4_000]],
  ['podman', 'push', [1_050, 1_050, 1_050]],
  ['podman', 'pull', [1_050, 1_050, 1_050]],
  ['podman@4.3', 'push', [1_050, 1_050, 1_050]],
  ['crane', 'push', [1_050, 3_150]],
  ['skopeo', 'push', []],
])('%s, %s: waits between attempts', (client, way, waitsMs) => {
  const { maxAttempts, delayMs } = policyOf(client, way);
  const attempts = Array.from({ length: maxAttempts - 1 }, (_, index) => index + 1);
  expect(attempts.map((attempt) => Math.round(delayMs(attempt, 0.5)))).toEqual(waitsMs);
});

const end: RequestEnd = {
  sending: 1,
  status: 503,
  statusBefore: undefined,
  code: undefined,
  hasBody: false,
  retryAfterMs: undefined,
  durationMs: 10,
};

describe('what is sent again within an attempt', () => {
  /** Waits before the repetitions of one request that ends so each time. */
  function waitsOf(client: ClientName, way: Way, ends: Partial<RequestEnd>): readonly number[] {
    const profile = clientProfiles[client];
    const resend = way === 'push' ? profile.resend : profile.pull.resend;
    const waits: number[] = [];
    for (let sending = 1; sending < 20; sending += 1) {
      const statusBefore = sending === 1 ? undefined : ends.status;
      const waitMs = resend?.({ ...end, statusBefore, ...ends, sending });
      if (waitMs === undefined) return waits;
      waits.push(waitMs);
    }
    throw new Error('it is sent again for ever');
  }
  const noAnswer = (code: string): Partial<RequestEnd> => ({ status: undefined, code });

  test.each<[client: ClientName, way: Way, what: string, ends: Partial<RequestEnd>, waits: readonly number[]]>([
    ['containerd', 'push', 'a 408', { status: 408 }, [0, 0, 0, 0]],
    ['containerd', 'push', 'a 429, whatever it asks for', { status: 429, retryAfterMs: 9_000 }, [0, 0, 0, 0]],
    ['containerd', 'push', 'a 500', { status: 500 }, [0]],
    ['containerd', 'push', 'a 503', { status: 503 }, [0]],
    ['containerd', 'push', 'a 504', { status: 504 }, [0]],
    ['containerd', 'push', 'a 504 and a 503 in turn', { status: 504, statusBefore: 503 }, [0, 0, 0, 0]],
    ['containerd', 'push', 'a 502', { status: 502 }, []],
    ['containerd', 'push', 'an end without an answer', noAnswer('UND_ERR_SOCKET'), [50, 50, 50, 50]],
    ['containerd', 'push', 'a timeout', noAnswer('ETIMEDOUT'), [50, 50, 50, 50]],
    ['containerd', 'push', 'a reset', noAnswer('ECONNRESET'), []],
    ['containerd', 'push', 'nothing known', { status: undefined }, []],
    ['docker-containerd@29.0', 'push', 'a 429', { status: 429 }, [0, 0, 0, 0, 0]],
    ['docker-containerd@29.0', 'push', 'an end without an answer', noAnswer('UND_ERR_SOCKET'), []],
    ['docker-containerd@29.0', 'pull', 'a 429', { status: 429 }, [0, 0, 0, 0, 0]],
    ['skopeo', 'push', 'a 429', { status: 429 }, [2_000, 4_000, 8_000, 16_000]],
    ['skopeo', 'push', 'a 429 that asks for 3 s', { status: 429, retryAfterMs: 3_000 }, [3_000, 3_000, 3_000, 3_000]],
    [
      'skopeo',
      'pull',
      'a 429 that asks for more than a minute',
      { status: 429, retryAfterMs: 61_000 },
      Array(4).fill(60_000),
    ],
    ['skopeo', 'push', 'a 429 to a body', { status: 429, hasBody: true }, []],
    ['skopeo', 'push', 'a 503', { status: 503 }, []],
    ['oras', 'push', 'a 503', { status: 503 }, [250, 500, 1_000, 2_000, 3_000]],
    ['oras', 'push', 'a 408', { status: 408 }, [250, 500, 1_000, 2_000, 3_000]],
    ['oras', 'push', 'a 500', { status: 500 }, [250, 500, 1_000, 2_000, 3_000]],
    ['oras', 'push', 'a 499', { status: 499 }, []],
    ['oras', 'push', 'a 429 that asks for 1 s', { status: 429, retryAfterMs: 1_000 }, Array(5).fill(1_000)],
    ['oras', 'push', 'a 429 that asks for 0.1 s', { status: 429, retryAfterMs: 100 }, Array(5).fill(200)],
    ['oras', 'push', 'a 429 that asks for a minute', { status: 429, retryAfterMs: 60_000 }, Array(5).fill(3_000)],
    ['oras', 'push', 'a 429 that asks for nothing', { status: 429, retryAfterMs: 0 }, [250, 500, 1_000, 2_000, 3_000]],
    [
      'oras',
      'push',
      'a 503 that asks for a minute',
      { status: 503, retryAfterMs: 60_000 },
      [250, 500, 1_000, 2_000, 3_000],
    ],
    ['oras', 'push', 'a reset', noAnswer('ECONNRESET'), [250, 500, 1_000, 2_000, 3_000]],
    ['oras', 'push', 'a timeout', noAnswer('ETIMEDOUT'), [250, 500, 1_000, 2_000, 3_000]],
    ['oras', 'push', 'an end without an answer', noAnswer('UND_ERR_SOCKET'), []],
    ['oras', 'push', 'nothing known', { status: undefined }, []],
    ['oras', 'push', 'a 503 to a body', { status: 503, hasBody: true }, []],
    ['crane', 'pull', 'a 503', { status: 503 }, [1_000, 3_000]],
    ['crane', 'pull', 'a 522', { status: 522 }, [1_000, 3_000]],
    ['crane', 'pull', 'a 404', { status: 404 }, []],
    ['crane', 'pull', 'a reset', noAnswer('ECONNRESET'), [1_000, 3_000]],
    ['crane', 'pull', 'a timeout', noAnswer('ETIMEDOUT'), []],
    ['crane', 'pull', 'nothing known', { status: undefined }, []],
    ['crane', 'push', 'a 503', { status: 503 }, []],
  ])('%s, %s: after %s', (client, way, _what, ends, waits) => {
    expect(waitsOf(client, way, ends)).toEqual(waits);
  });
});

describe('a blob that broke off goes on within the attempt', () => {
  const first: PullCut = { code: 'UND_ERR_SOCKET', newBytes: 0, resumptions: 0, emptyResumptions: 0 };
  const reset: Partial<PullCut> = { code: 'ECONNRESET' };
  test.each<[client: ClientName, what: string, how: Partial<PullCut>, waitMs: number | undefined]>([
    ['containerd', 'as often as bytes come', { newBytes: 1, resumptions: 50 }, 0],
    ['containerd', 'three times without one', { emptyResumptions: 3 }, 0],
    ['containerd', 'and no fourth', { emptyResumptions: 4 }, undefined],
    ['containerd', 'not after a reset', reset, undefined],
    ['skopeo', 'the first time', {}, 1_050],
    ['skopeo', 'after a reset as well', reset, 1_050],
    ['skopeo', 'after 1 MiB more', { resumptions: 1, newBytes: 1_048_576 }, 1_050],
    ['skopeo', 'after less than that', { resumptions: 1, newBytes: 1_048_575 }, undefined],
    ['skopeo', 'not after a timeout', { code: 'ETIMEDOUT' }, undefined],
    ['skopeo@1.9', 'never', {}, undefined],
    ['regctl', 'the first time', {}, 200],
    ['regctl', 'the fourth time', { resumptions: 3 }, 1_600],
    ['regctl', 'and no fifth', { resumptions: 4 }, undefined],
    ['regctl', 'not after a reset', reset, undefined],
    ['docker', 'never', {}, undefined],
  ])('%s: %s', (client, _what, how, waitMs) => {
    expect(clientProfiles[client].pull.resumesAfterMs({ ...first, ...how }, 0.5)).toBe(waitMs);
  });

  test('the rest is asked for up to its size by regctl, and without an end by others', () => {
    expect(clientProfiles.regctl.pull.range(7, 100)).toBe('bytes=7-100');
    expect(clientProfiles.docker.pull.range(7, 100)).toBe('bytes=7-');
  });
});

test.each([
  ['any refusal', { status: 416, retryAfterMs: 0 }, true],
  ['a missing login', { status: 401, retryAfterMs: 0 }, false],
  ['a refusal that asks to wait', { status: 429, retryAfterMs: 1 }, false],
  ['the same without a time', { status: 429, retryAfterMs: 0 }, true],
  ['one that says nothing of the host, and asks to wait', { status: 416, retryAfterMs: 1 }, true],
])('regctl goes on from where the registry stands after %s', (_what, refusal, wanted) => {
  expect(clientProfiles.regctl.resumesAfter?.(refusal)).toBe(wanted);
});

test('a client of our own has its name, and what finds out most about a login', () => {
  expect(ownClient('blobprobe (x)')).toMatchObject({
    userAgent: 'blobprobe (x)',
    httpVersion: '1.1',
    requestHeaders: {},
    tokens: { refresh: 'clock-and-401', clientId: 'blobprobe' },
  });
});

test('containerd asks for a manifest by its digest in the type that it was named with, and for any', () => {
  expect(clientProfiles.containerd.pull.acceptByDigest?.('application/x')).toBe('application/x, */*');
});
