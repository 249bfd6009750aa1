import type { FailureReason } from '../../../../src/probe/failure.ts';
import { uploadLocation } from '../../../support/scripted-registry.ts';
import { both, type CaseLab, type FailureCase, large, megabyte, scriptedCase } from './case.ts';

const invalid = '{"errors":[{"code":"DIGEST_INVALID","message":"provided digest did not match uploaded content"}]}';

function badLocation(name: string, location: string | undefined, over: FailureCase['over'] = both): FailureCase {
  return scriptedCase(
    name,
    { POST: (scene) => scene.answer(202, location === undefined ? {} : { Location: location }) },
    { reason: 'location_invalid', phase: 'start', answeredBy: 'other', blame: 'ingress', status: 202 },
    { over },
  );
}

const locations: readonly FailureCase[] = [
  badLocation('a POST answered without Location', undefined),
  badLocation('a Location that is no URL', 'http://[::1/uploads'),
  badLocation('a Location of another scheme', 'ftp://127.0.0.1/uploads'),
  badLocation('a Location with credentials in it', 'https://user:pass@127.0.0.1/uploads'),
  badLocation('a Location on a host that the path does not allow', 'https://169.254.169.254/latest/meta-data'),
  {
    name: 'an http Location behind https, of a registry that does not know of the TLS in front of it',
    over: ['tls'],
    expected: { reason: 'location_invalid', phase: 'start', answeredBy: 'registry', blame: 'ingress', status: 202 },
    sentBytes: 0,
    arrange: async (lab) => {
      const edge = await lab.edge({ faults: [{ kind: 'rewrite-location', scheme: 'http' }] });
      return { check: lab.check(edge.url) };
    },
  },
  scriptedCase(
    'a PATCH that sends the commit elsewhere',
    {
      PATCH: async (scene) => {
        const size = await scene.read();
        scene.answer(202, { Location: 'http://127.0.0.1:1/x', Range: `0-${size - 1}` });
      },
    },
    { reason: 'location_invalid', phase: 'wait', answeredBy: 'other', blame: 'ingress', status: 202 },
    { sentBytes: megabyte },
  ),
  scriptedCase(
    'a Location on another host, which oras does not follow',
    { POST: (scene) => scene.answer(202, { Location: 'http://127.0.0.2:1/uploads' }) },
    { reason: 'client_refused_location', phase: 'start', answeredBy: 'other', blame: 'ingress', status: 202 },
    { client: 'oras' },
  ),
];

const redirects: readonly FailureCase[] = [
  ...[301, 307].map((status) =>
    scriptedCase(
      `a ${status} on PATCH`,
      { PATCH: async (scene) => scene.answer(status, { Location: uploadLocation }, (await scene.read(), '')) },
      { reason: 'unexpected_redirect', phase: 'wait', answeredBy: 'other', blame: 'unknown', status },
      { sentBytes: megabyte, over: both },
    ),
  ),
  scriptedCase(
    'a redirect of the POST to a page for signing in',
    { POST: (scene) => scene.answer(302, { Location: 'https://login.example.org/' }) },
    { reason: 'unexpected_redirect', phase: 'start', answeredBy: 'other', blame: 'unknown', status: 302 },
  ),
];

/** What the registry hands out when the body got lost or changed on the way. */
const damaged: readonly FailureCase[] = (
  [
    ['all of an undeclared body is dropped', { kind: 'drop-undeclared-body' }, 'body_dropped', 'send', 'ingress'],
    ['only the beginning arrives', { kind: 'truncate-body', afterBytes: 300_000 }, 'body_truncated', 'send', 'ingress'],
    ['one bit is turned', { kind: 'corrupt-body', atByte: 500_000 }, 'body_corrupted', 'commit', 'unknown'],
  ] as const
).map(([name, fault, reason, phase, blame]) => ({
  name,
  over: both,
  expected: {
    reason,
    phase,
    blame,
    answeredBy: 'registry',
    status: 400,
    registryCode: 'DIGEST_INVALID',
    evidence: { method: 'PUT' },
  },
  // The answer to a body that was dropped comes before the body is over.
  sentBytes: reason === 'body_dropped' ? ([1, megabyte] as const) : megabyte,
  arrange: async (lab: CaseLab) => {
    const edge = await lab.edge({ faults: [fault] });
    return { check: lab.check(edge.url) };
  },
}));

function dropped(name: string, headers: Record<string, string>, status = 202): FailureCase {
  return scriptedCase(
    name,
    {
      PATCH: async (scene) => scene.answer(status, { Location: uploadLocation, ...headers }, (await scene.read(), '')),
    },
    {
      reason: 'body_dropped',
      phase: 'send',
      answeredBy: 'other',
      blame: headers['CF-RAY'] ? 'tunnel' : 'ingress',
      status,
    },
    { sentBytes: megabyte },
  );
}

const lost: readonly FailureCase[] = [
  dropped('a PATCH accepted without Range: nothing arrived at Gitea 1.24.2', {}),
  dropped('a PATCH accepted with Range 0--1', { Range: '0--1' }),
  dropped('the same through Cloudflare', { Range: '0--1', 'CF-RAY': '8c0000000000abcd-FRA' }),
  scriptedCase(
    'a blob that reads back as other bytes',
    {
      HEAD: (scene) =>
        scene.answer(200, { 'Content-Length': String(megabyte), 'Docker-Content-Digest': `sha256:${'0'.repeat(64)}` }),
    },
    { reason: 'body_corrupted', phase: 'verify', answeredBy: 'other', blame: 'unknown', status: 200 },
    { sentBytes: megabyte },
  ),
  scriptedCase(
    'a single PUT with a wrong digest: how much arrived is not said',
    { PUT: async (scene) => scene.answer(400, {}, (await scene.read(), invalid)) },
    {
      reason: 'body_corrupted',
      phase: 'wait',
      answeredBy: 'registry',
      blame: 'unknown',
      status: 400,
      registryCode: 'DIGEST_INVALID',
    },
    { sentBytes: megabyte, client: 'docker-containerd' },
  ),
];

function verified(name: string, status: number, headers: Record<string, string>, raw = false): FailureCase {
  return scriptedCase(
    name,
    {
      HEAD: async (scene) => {
        if (raw) await scene.raw(`HTTP/1.1 ${status} OK\r\n\r\n`);
        else scene.answer(status, headers);
      },
    },
    {
      reason: 'verify_failed',
      phase: 'verify',
      answeredBy: 'other',
      blame: 'unknown',
      status,
      evidence: { method: 'HEAD' },
    },
    { sentBytes: megabyte, over: both },
  );
}

const verification: readonly FailureCase[] = [
  verified('a HEAD that lost its Content-Length (cloudflare/cloudflared#500)', 200, {}, true),
  verified('a HEAD with another length', 200, { 'Content-Length': '999999' }),
  verified('a blob that is not there after its 201', 404, {}),
];

function odd(name: string, reason: FailureReason, status: number): FailureCase {
  return scriptedCase(
    name,
    { POST: (scene) => scene.answer(status) },
    { reason, phase: 'start', answeredBy: 'other', blame: 'unknown', status },
  );
}

const unexpected: readonly FailureCase[] = [
  odd('a 418', 'unexpected_response', 418),
  odd('a 200 where a session was asked for', 'unexpected_response', 200),
  scriptedCase(
    'a repository that has to be made first (ECR)',
    { POST: (scene) => scene.answer(404, {}, '{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]}') },
    {
      reason: 'unexpected_response',
      phase: 'start',
      answeredBy: 'registry',
      blame: 'registry_app',
      status: 404,
      registryCode: 'NAME_UNKNOWN',
    },
  ),
  scriptedCase(
    'an answer that is no HTTP',
    { PATCH: async (scene) => scene.raw((await scene.read(), 'SSH-2.0-OpenSSH_9.9\r\n')) },
    { reason: 'unexpected_response', phase: 'wait', answeredBy: 'none', blame: 'unknown' },
    { sentBytes: megabyte, over: both },
  ),
];

const ends: readonly FailureCase[] = [
  scriptedCase(
    'a registry that never answers ends at the deadline',
    { PATCH: async (scene) => void (await scene.read()) },
    { reason: 'deadline', phase: 'wait', answeredBy: 'none', blame: 'unknown' },
    { sentBytes: megabyte, check: { timeoutMs: 300 }, over: both },
  ),
  {
    name: 'a run that its caller cancels in mid-body',
    over: both,
    expected: { reason: 'cancelled', phase: 'send', answeredBy: 'none', blame: 'prober' },
    sentBytes: [megabyte / 2, large],
    arrange: async (lab) => {
      const stop = new AbortController();
      const { url } = await lab.scripted({
        PATCH: async (scene) => {
          await scene.read(megabyte);
          stop.abort();
        },
      });
      return { check: lab.check(url, { sizeBytes: large }), signal: stop.signal };
    },
  },
  {
    name: 'an error that is none of the network or the registry',
    expected: { reason: 'internal', phase: 'start', answeredBy: 'none', blame: 'prober' },
    sentBytes: 0,
    attempts: 0,
    arrange: async (lab) => {
      const { url } = await lab.scripted({});
      const payloads = { prepare: () => Promise.reject(new RangeError('a defect')) };
      return { check: lab.check(url), deps: { payloads } };
    },
  },
];

export const bodyCases: readonly FailureCase[] = [
  ...locations,
  ...redirects,
  ...damaged,
  ...lost,
  ...verification,
  ...unexpected,
  ...ends,
];
