import type { Check } from '../../src/probe/check.ts';
import type { ClientProfile } from '../../src/probe/clients/client-profile.ts';
import { clientProfiles } from '../../src/probe/clients/client-profiles.ts';
import type { Failure } from '../../src/probe/failure.ts';
import type { Attempt, RequestRecord, Run } from '../../src/probe/outcome.ts';
import { checkOf } from './checks.ts';

const MiB = 1024 ** 2;

/** The docker profile without waits. */
export function clientProfile(changes: Partial<ClientProfile> = {}): ClientProfile {
  const docker = clientProfiles.docker;
  return { ...docker, retry: { ...docker.retry, delayMs: () => 0 }, ...changes };
}

export interface CheckNames {
  readonly registry?: string;
  readonly path?: string;
  readonly client?: ClientProfile;
  readonly workload?: string;
  readonly origin?: string;
  readonly pull?: boolean;
  readonly sizeBytes?: number;
  readonly intervalMs?: number;
}

/** `gitea/direct/docker/large` over plain HTTP unless told otherwise. */
export function check(names: CheckNames = {}): Check {
  const { registry = 'gitea', path = 'direct', workload = 'large', sizeBytes = 50 * MiB, pull = false } = names;
  return checkOf(names.origin ?? 'http://registry.example:5000', {
    registry: { name: registry, repository: 'platform/blobprobe' },
    path: { name: path },
    check: {
      client: names.client ?? clientProfile(),
      workload: { name: workload, kind: 'blob', layerBytes: [sizeBytes], pull },
      intervalMs: names.intervalMs ?? 60_000,
      timeoutMs: 50_000,
      retries: 'profile',
    },
  });
}

/** nginx's 413 after 11 MiB of a streamed PATCH. */
export function failure(changes: Partial<Failure> = {}): Failure {
  return {
    reason: 'body_too_large',
    phase: 'send',
    answeredBy: 'nginx',
    blame: 'ingress',
    status: 413,
    sentBytes: 11 * MiB,
    elapsedMs: 250,
    blob: 'blob',
    evidence: {
      message: '413 Request Entity Too Large',
      method: 'PATCH',
      url: 'http://registry.example:5000/v2/platform/blobprobe/blobs/uploads/1?_state=…',
      headers: { server: 'nginx/1.22.1' },
      body: '<html><head><title>413 Request Entity Too Large</title></head></html>',
      early: true,
    },
    ...changes,
  };
}

export function requestRecord(changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    phase: 'send',
    method: 'PATCH',
    url: 'http://registry.example:5000/v2/platform/blobprobe/blobs/uploads/1?_state=…',
    startMs: 30,
    durationMs: 400,
    sendMs: 300,
    waitMs: 90,
    receiveMs: 10,
    plannedBytes: 50 * MiB,
    sentBytes: 50 * MiB,
    framing: 'chunked',
    status: 202,
    responseHeaders: { 'docker-distribution-api-version': 'registry/2.0' },
    responseBytes: 0,
    early: false,
    socketReused: true,
    httpVersion: '1.1',
    remoteAddress: '192.0.2.10',
    ...changes,
  };
}

/** A successful attempt; give `failure` for one that failed. */
export function attempt(changes: Partial<Attempt> = {}): Attempt {
  return {
    blob: 'blob',
    number: 1,
    startMs: 0,
    durationMs: 500,
    waitedMs: 0,
    phaseMs: { dns: 1, connect: 2, auth: 5, start: 10, send: 300, wait: 90, commit: 20, verify: 5 },
    sentBytes: 50 * MiB,
    acknowledgedBytes: 50 * MiB,
    pulledBytes: 0,
    resends: 0,
    fellBack: false,
    requests: [
      requestRecord({
        phase: 'start',
        method: 'POST',
        url: 'http://registry.example:5000/v2/platform/blobprobe/blobs/uploads/',
        startMs: 5,
        durationMs: 20,
        dnsMs: 1,
        connectMs: 2,
        sendMs: 1,
        waitMs: 15,
        receiveMs: 1,
        plannedBytes: 0,
        sentBytes: 0,
        framing: 'none',
        socketReused: false,
      }),
      requestRecord(),
      requestRecord({
        phase: 'commit',
        method: 'PUT',
        startMs: 440,
        durationMs: 20,
        sendMs: 1,
        waitMs: 18,
        receiveMs: 1,
        plannedBytes: 0,
        sentBytes: 0,
        framing: 'content-length',
        status: 201,
      }),
    ],
    ...changes,
  };
}

let runNumber = 0;

/** A successful run of one attempt, half a second long; each call gives a new id. */
export function successfulRun(changes: Partial<Run> = {}): Run {
  runNumber += 1;
  return {
    id: `run-${runNumber}`,
    check: check(),
    startedAt: new Date('2026-11-24T00:00:00Z'),
    durationMs: 500,
    attempts: [attempt()],
    ok: true,
    sentBytes: 50 * MiB,
    acknowledgedBytes: 50 * MiB,
    pulledBytes: 0,
    wireBytes: 0,
    pushBytesPerSecond: 128 * MiB,
    cleanup: { durationMs: 5, failures: [] },
    pathFacts: { remoteAddress: '192.0.2.10', family: 4, httpVersion: '1.1' },
    eventLoopLagMs: 2,
    tainted: false,
    realWaits: true,
    ...changes,
  };
}

function isOpening({ phase }: Failure): boolean {
  return phase === 'dns' || phase === 'connect' || phase === 'tls';
}

/** A run whose attempts all failed in the same way: docker's five, with its waits. */
export function failedRun(changes: Partial<Run> = {}, how: Failure = failure()): Run {
  const attempts = [1, 2, 3, 4, 5].map((number) =>
    attempt({
      number,
      startMs: (number - 1) * 10_000,
      waitedMs: number === 1 ? 0 : (number - 1) * 5_000,
      phaseMs: { dns: 1, connect: 2, auth: 5, start: 10, send: 250 },
      sentBytes: how.sentBytes,
      acknowledgedBytes: 0,
      requests: isOpening(how)
        ? []
        : [requestRecord({ status: 413, sentBytes: how.sentBytes, early: true, durationMs: 250 })],
      failure: how,
    }),
  );
  const { pushBytesPerSecond: _none, ...base } = successfulRun();
  return {
    ...base,
    durationMs: 51_500,
    attempts,
    ok: false,
    failure: how,
    sentBytes: 5 * how.sentBytes,
    acknowledgedBytes: 0,
    ...changes,
  };
}

/** A run that our own shutdown ended in its first attempt. */
export function cancelledRun(changes: Partial<Run> = {}): Run {
  const how = failure({
    reason: 'cancelled',
    answeredBy: 'none',
    blame: 'prober',
    evidence: { message: 'shutting down' },
  });
  return failedRun(
    {
      durationMs: 300,
      attempts: [attempt({ phaseMs: { dns: 1, connect: 2, send: 250 }, failure: how })],
      sentBytes: 1000,
      ...changes,
    },
    how,
  );
}
