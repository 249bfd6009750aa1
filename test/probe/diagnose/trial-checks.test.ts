import { describe, expect, test } from 'vitest';
import type { Check } from '../../../src/probe/check.ts';
import type { ClientProfile, WireShape } from '../../../src/probe/clients/client-profile.ts';
import { type ClientName, clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { requestsOver } from '../../../src/probe/diagnose/trial.ts';
import {
  controlShapes,
  freshCheck,
  olderHttpCheck,
  sendsAgain,
  smallBytes,
  timesSent,
  trialCheck,
} from '../../../src/probe/diagnose/trial-checks.ts';
import type { RequestEnd } from '../../../src/registry/resend.ts';
import { checkOf } from '../../support/checks.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';
import { trialOf } from '../../support/trials.ts';

const origin = 'http://registry.example';
const asClient = (client: ClientName, sizeBytes = 80 * 1024 * 1024): Check => checkOf(origin, { client, sizeBytes });

test.each([
  [0, 1],
  [7, 1],
  [8, 2],
  [4 * 65_536 - 1, 65_535],
  [4 * 65_536, 65_536],
  [1e9, 65_536],
  [Number.POSITIVE_INFINITY, 65_536],
])('small, beside %f bytes, are %i', (sizeBytes, expected) => {
  expect(smallBytes(sizeBytes)).toBe(expected);
});

describe('the shapes that are tried', () => {
  const namesOf = (check: Check): string[] =>
    controlShapes(check).map((one) => `${one.check.client.name} ${one.shape}`);

  test.each<[client: ClientName, names: readonly string[]]>([
    ['docker', ['docker patch-streamed', 'docker-containerd put-length', 'chunked patch-ranged']],
    ['docker-containerd', ['docker-containerd put-length', 'docker patch-streamed', 'chunked patch-ranged']],
    ['chunked', ['chunked patch-ranged', 'docker patch-streamed', 'docker-containerd put-length']],
    [
      'regctl',
      ['regctl put-then-ranged', 'docker patch-streamed', 'docker-containerd put-length', 'chunked patch-ranged'],
    ],
  ])('beside %s', (client, names) => {
    expect(namesOf(asClient(client))).toEqual(names);
  });

  test.each([
    [80 * 1024 * 1024, 1024 * 1024],
    [8 * 1024 * 1024, 1024 * 1024],
    [8_000, 1_000],
    [8_001, 1_001],
    [0, 1],
  ])('%i bytes go in chunks of %i: eight at least, of a mebibyte at most', (sizeBytes, chunkBytes) => {
    const chunked = controlShapes(asClient('docker', sizeBytes)).at(-1);
    expect(chunked?.check).toMatchObject({ client: { chunkBytes }, path: { origin }, timeoutMs: 60_000 });
  });

  test('no size at all is none', () => {
    const none = { ...asClient('docker'), workload: { name: 'w', kind: 'blob', layerBytes: [], pull: false } } as const;
    expect(controlShapes(none).at(-1)?.check.client.chunkBytes).toBe(1);
  });
});

test.each<[shape: WireShape, resendsBody: boolean, times: number]>([
  ['patch-streamed', false, 1],
  ['put-length', true, 2],
  ['patch-ranged', false, 1],
  ['post-length', false, 2],
  ['post-length', true, 4],
  ['put-then-ranged', true, 4],
])('%s, again after a 401: %s; the body goes %i times at most', (shape, resendsBody, times) => {
  expect(timesSent({ ...clientProfiles.docker, shape, resendsBody })).toBe(times);
});

test('a trial is one fresh blob in one attempt, in which nothing is sent again', () => {
  const check = { ...asClient('regctl'), retries: 'profile', payload: { kind: 'rotate', count: 2 } } as const;
  const trial = trialCheck({ check, shape: 'patch-ranged' }, 77);
  expect(trial).toMatchObject({
    path: { origin },
    workload: { name: 'diagnosis', kind: 'blob', layerBytes: [77], pull: false },
    payload: { kind: 'fresh' },
    retries: 'none',
    client: { name: 'regctl', remembersHost: undefined },
  });
  expect(trial.client.resend?.({ status: 503 } as RequestEnd)).toBeUndefined();
});

describe('whether the client sends a request again by itself', () => {
  const failure = fakeFailure('connection_reset', { elapsedMs: 12, status: 502, evidence: { message: '', code: 'X' } });

  test('is for its policy to say, of a first sending that ended like this', () => {
    const seen: RequestEnd[] = [];
    const policy = (waitMs?: number) => (end: RequestEnd) => {
      seen.push(end);
      return waitMs;
    };
    const profile: ClientProfile = { ...clientProfiles.docker, resend: policy(0) };
    expect(sendsAgain(profile, failure)).toBe(true);
    expect(sendsAgain({ ...profile, resend: policy() }, failure)).toBe(false);
    const end = {
      sending: 1,
      status: 502,
      statusBefore: undefined,
      code: 'X',
      hasBody: true,
      retryAfterMs: undefined,
      durationMs: 12,
    };
    expect(seen).toEqual([end, end]);
  });

  test('is for its memory of the host, where it has one', () => {
    const remembersHost: ClientProfile['remembersHost'] = () => ({ waitMs: () => 0, resend: () => 5 });
    expect(sendsAgain({ ...clientProfiles.docker, resend: () => undefined, remembersHost }, failure)).toBe(true);
  });

  test('is clear of one that has neither', () => {
    expect(sendsAgain(clientProfiles.docker, failure)).toBe(false);
  });
});

test('a connection for each request, and HTTP/1.1, change nothing else of a client', () => {
  const check = asClient('regctl');
  const { client } = check;
  const requestHeaders = { ...client.requestHeaders, connection: 'close' };
  expect(freshCheck(check)).toEqual({ ...check, client: { ...client, requestHeaders } });
  expect(olderHttpCheck(check)).toEqual({ ...check, client: { ...client, httpVersion: '1.1' } });
});

test('the requests of trials come in the order in which they were made', () => {
  const trial = (...urls: readonly string[]) =>
    trialOf({ run: { attempts: urls.map((url) => attempt({ requests: [requestRecord({ url })] })) } });
  const urls = requestsOver([trial('1', '2'), trial(), trial('3')]).map(({ url }) => url);
  expect(urls).toEqual(['1', '2', '3']);
});
