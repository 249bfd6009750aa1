import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { describe, expect, test } from 'vitest';
import { causes } from '../../../src/probe/diagnose/causes.ts';
import { aloneOn, type Contrast } from '../../../src/probe/diagnose/contrast.ts';
import { diagnose, explain } from '../../../src/probe/diagnose/diagnose.ts';
import { judgeRun } from '../../../src/probe/diagnose/judge-run.ts';
import type { Examined, TrialKind } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { pathTo } from '../../support/paths.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeRun, vanishingSegments } from '../../support/fake-run.ts';

function failed(changes: Partial<Failure>): Failure {
  return {
    reason: 'connection_reset',
    phase: 'send',
    answeredBy: 'none',
    blame: 'unknown',
    sentBytes: 1_000_000,
    elapsedMs: 2_000,
    blob: 'blob',
    evidence: { message: '' },
    ...changes,
  };
}

const edge = pathTo('https://registry.example', { name: 'edge', kind: 'edge' });
const alone = aloneOn(edge, failed({}));
const good = aloneOn(edge, failed({}), 'ok', 'internal');

/** The registry refuses a manifest, in these words. */
function ofManifest(registryCode: string, message: string): Partial<Failure> {
  const body = JSON.stringify({ errors: [{ code: registryCode, message }] });
  return {
    reason: 'manifest_refused',
    phase: 'commit',
    blob: 'manifest',
    status: 403,
    registryCode,
    answeredBy: 'registry',
    blame: 'registry_app',
    sentBytes: 0,
    evidence: { message: '', body },
  };
}
const policy = 'manifest_policy@registry_app likely';
const certainPolicy = 'manifest_policy@registry_app certain';

/** What a lab does not make, or makes slowly: failure, what stands around it, cause@hop and how sure. */
const table: [string, Partial<Failure>, Partial<Contrast>, string | undefined][] = [
  [
    '1016',
    {
      reason: 'origin_unreachable',
      status: 530,
      answeredBy: 'cloudflare',
      evidence: { message: '', body: 'error code: 1016' },
    },
    {},
    'origin_name_unknown@edge_to_origin certain',
  ],
  [
    '524 while sending',
    { reason: 'response_timeout', phase: 'send', status: 524, answeredBy: 'cloudflare' },
    {},
    'cloudflare_write_timeout@edge_to_origin certain',
  ],
  [
    '524 while waiting',
    { reason: 'response_timeout', phase: 'wait', status: 524, answeredBy: 'cloudflare' },
    {},
    'cloudflare_read_timeout@edge_to_origin certain',
  ],
  [
    '524, and the registry is slow',
    { reason: 'response_timeout', phase: 'wait', status: 524, answeredBy: 'cloudflare' },
    { direct: 'slow' },
    'cloudflare_read_timeout@registry_storage certain',
  ],
  [
    '520',
    { reason: 'origin_unreachable', status: 520, answeredBy: 'cloudflare' },
    {},
    'cloudflare_origin_unreachable@edge_to_origin certain',
  ],
  [
    'nginx 408',
    {
      evidence: { message: '', body: '<h1>408 Request Time-out</h1>' },
      reason: 'request_timeout',
      status: 408,
      answeredBy: 'nginx',
      blame: 'ingress',
    },
    {},
    'nginx_client_body_timeout@ingress certain',
  ],
  [
    'ALB 460',
    { reason: 'request_timeout', status: 460, answeredBy: 'alb', blame: 'ingress' },
    {},
    'alb_idle_timeout@ingress certain',
  ],
  [
    'HAProxy 408',
    {
      evidence: { message: '', body: '<html><body><h1>408 Request Time-out</h1>' },
      reason: 'request_timeout',
      status: 408,
      answeredBy: 'haproxy',
      blame: 'ingress',
    },
    {},
    'haproxy_client_timeout@ingress certain',
  ],
  [
    'Envoy 408',
    {
      evidence: { message: '', body: 'stream timeout' },
      reason: 'request_timeout',
      status: 408,
      answeredBy: 'envoy',
      blame: 'ingress',
    },
    {},
    'envoy_idle_timeout@ingress certain',
  ],
  [
    'cut after 60 s',
    { reason: 'request_timeout', elapsedMs: 60_100, blame: 'ingress' },
    {},
    'request_time_limit@ingress likely',
  ],
  [
    'a slow body cut at another time each time',
    {},
    { isSlowBody: true, smallPassed: true, slowPassedMs: 120_000 },
    undefined,
  ],
  [
    'cut when nothing had moved for as long as a small body may rest',
    { evidence: { message: '', sinceLastByteMs: 50_000 } },
    { idleEndedAfterMs: 50_000, smallPassed: true, slowPassedMs: 120_000, arrived: 'whole', proven: new Set(['rest']) },
    'idle_time_limit@edge certain',
  ],
  [
    'the same, slow bodies not tried',
    { evidence: { message: '', sinceLastByteMs: 50_000 } },
    { idleEndedAfterMs: 50_000, smallPassed: true },
    'idle_time_limit@edge likely',
  ],
  [
    'a cut of our own making is no idle limit',
    { reason: 'response_timeout', evidence: { message: '', timer: 'response_header' } },
    { idleEndedAfterMs: 30_000, direct: 'same' },
    'slow_commit@registry_storage likely',
  ],
  [
    'cut after 60 s, but slow bodies pass for longer',
    { reason: 'request_timeout', elapsedMs: 60_100, blame: 'ingress' },
    { slowPassedMs: 120_000 },
    undefined,
  ],
  ['cut when slow bodies are', { elapsedMs: 29_900 }, { endedAfterMs: 30_000 }, 'request_time_limit@edge likely'],
  ['cut long before slow bodies are', { elapsedMs: 3_000 }, { endedAfterMs: 30_000 }, undefined],
  [
    'Traefik 504',
    {
      phase: 'wait',
      evidence: { message: '', body: 'Gateway Timeout' },
      reason: 'response_timeout',
      status: 504,
      answeredBy: 'traefik',
      blame: 'ingress',
    },
    {},
    // The page is that of `readTimeout`, too: its words alone make nothing certain.
    'traefik_gateway_timeout@ingress likely',
  ],
  [
    'Traefik 504 when nothing but the registry is waited for',
    {
      phase: 'commit',
      evidence: { message: '', body: 'Gateway Timeout' },
      reason: 'response_timeout',
      status: 504,
      answeredBy: 'traefik',
      blame: 'ingress',
    },
    {},
    'traefik_gateway_timeout@ingress likely',
  ],
  [
    'CloudFront 504',
    { phase: 'wait', reason: 'response_timeout', status: 504, answeredBy: 'cloudfront', blame: 'edge' },
    {},
    'cloudfront_response_timeout@edge_to_origin certain',
  ],
  [
    'a stranger’s 504',
    { phase: 'wait', reason: 'response_timeout', status: 504, answeredBy: 'other' },
    {},
    'gateway_timeout@edge likely',
  ],
  [
    '30 s without an answer, on both paths',
    { reason: 'response_timeout', phase: 'wait' },
    { direct: 'same', proven: new Set(['everywhere']) },
    'slow_commit@registry_storage certain',
  ],
  [
    '30 s without an answer, here alone',
    { reason: 'response_timeout', phase: 'wait' },
    { direct: 'ok' },
    'no_answer_here@edge likely',
  ],
  [
    'ALB 501',
    { reason: 'method_not_allowed', status: 501, answeredBy: 'alb', blame: 'ingress' },
    {},
    'length_wanted@ingress likely',
  ],
  [
    'ALB 463',
    { reason: 'unexpected_response', status: 463, answeredBy: 'alb', blame: 'ingress' },
    {},
    'alb_forwarding_loop@ingress certain',
  ],
  [
    'IIS',
    {
      reason: 'unexpected_response',
      status: 400,
      answeredBy: 'other',
      evidence: {
        message: '',
        body: '<h2>Bad Request - Invalid Verb</h2><p>HTTP Error 400. The request verb is invalid.</p>',
      },
    },
    {},
    'method_blocked@edge certain',
  ],
  [
    'nginx 400',
    {
      reason: 'unexpected_response',
      status: 400,
      answeredBy: 'nginx',
      blame: 'ingress',
      evidence: { message: '', body: '<title>400 The plain HTTP request was sent to HTTPS port</title>' },
    },
    {},
    'plain_http_to_tls@ingress certain',
  ],
  [
    'cloudflared 502',
    {
      reason: 'origin_unreachable',
      status: 502,
      answeredBy: 'cloudflare',
      blame: 'edge',
      evidence: { message: '', body: 'Unable to reach the origin service. The service may be down. EOF' },
    },
    { direct: 'ok' },
    'tunnel_origin_unreachable@tunnel certain',
  ],
  [
    'CloudFront 502',
    { reason: 'origin_unreachable', status: 502, answeredBy: 'cloudfront', blame: 'edge' },
    {},
    'registry_down@registry_app open',
  ],
  [
    'CloudFront 502, the registry works elsewhere',
    { reason: 'origin_unreachable', status: 502, answeredBy: 'cloudfront', blame: 'edge' },
    { direct: 'ok' },
    'cloudfront_origin_unreachable@edge_to_origin likely',
  ],
  [
    '401 after a whole body, and small ones pass',
    { reason: 'auth_rejected', phase: 'wait', status: 401, answeredBy: 'registry' },
    { smallPassed: true },
    'token_expired@auth_server likely',
  ],
  [
    '401 after a whole body',
    { reason: 'auth_rejected', phase: 'wait', status: 401, answeredBy: 'registry' },
    {},
    'credentials_rejected@auth_server likely',
  ],
  [
    'token service 503',
    { reason: 'auth_rejected', phase: 'auth', status: 503, answeredBy: 'other', sentBytes: 0 },
    {},
    'token_service_down@auth_server certain',
  ],
  [
    'token service gone',
    { reason: 'auth_challenge_bad', phase: 'auth', sentBytes: 0, evidence: { message: '', code: 'ECONNREFUSED' } },
    {},
    'token_service_down@auth_server likely',
  ],
  [
    'realm without a name',
    { reason: 'auth_challenge_bad', phase: 'auth', sentBytes: 0, evidence: { message: '', code: 'ENOTFOUND' } },
    {},
    'realm_wrong@auth_server certain',
  ],
  [
    'CloudFront 403',
    { reason: 'blocked_by_policy', status: 403, answeredBy: 'cloudfront', blame: 'edge' },
    {},
    'cloudfront_methods@edge likely',
  ],
  [
    '411',
    { reason: 'length_required', status: 411, answeredBy: 'nginx', blame: 'ingress' },
    {},
    'length_wanted@ingress certain',
  ],
  [
    'Envoy 413',
    {
      evidence: { message: '', body: 'Payload Too Large' },
      reason: 'body_too_large',
      status: 413,
      answeredBy: 'envoy',
      blame: 'ingress',
    },
    {},
    'envoy_body_limit@ingress certain',
  ],
  [
    'Caddy 413',
    {
      reason: 'body_too_large',
      status: 413,
      answeredBy: 'caddy',
      blame: 'ingress',
    },
    {},
    'caddy_body_limit@ingress likely',
  ],
  [
    'HAProxy 413',
    {
      evidence: { message: '', body: '<h1>413 Payload Too Large</h1>' },
      reason: 'body_too_large',
      status: 413,
      answeredBy: 'haproxy',
      blame: 'ingress',
    },
    {},
    'haproxy_body_limit@ingress certain',
  ],
  [
    'a stranger’s 413',
    { reason: 'body_too_large', status: 413, answeredBy: 'other' },
    {},
    'proxy_body_limit@edge likely',
  ],
  [
    'the registry’s 413',
    { reason: 'body_too_large', status: 413, answeredBy: 'registry' },
    {},
    'registry_body_limit@registry_app certain',
  ],
  [
    'Location on http',
    {
      reason: 'location_invalid',
      phase: 'start',
      blame: 'ingress',
      evidence: { message: '', url: 'https://a/v2/', location: 'http://a/v2/' },
    },
    {},
    'forwarded_proto_missing@ingress certain',
  ],
  [
    'redirect of a PATCH',
    { reason: 'unexpected_redirect', status: 308, answeredBy: 'nginx', blame: 'ingress' },
    {},
    'redirected@ingress certain',
  ],
  [
    'session lost',
    { reason: 'session_lost', status: 404, answeredBy: 'registry', registryCode: 'BLOB_UPLOAD_UNKNOWN' },
    {},
    'upload_state_not_shared@registry_app likely',
  ],
  [
    'upload invalid',
    { reason: 'range_conflict', status: 400, answeredBy: 'registry', registryCode: 'BLOB_UPLOAD_INVALID' },
    {},
    'upload_state_not_shared@registry_app open',
  ],
  [
    '416',
    { reason: 'range_conflict', status: 416, answeredBy: 'registry', registryCode: 'BLOB_UPLOAD_INVALID' },
    {},
    'range_refused@registry_app likely',
  ],
  [
    '401 at the commit',
    { reason: 'auth_expired', phase: 'commit', status: 401, answeredBy: 'registry' },
    {},
    'token_expired@auth_server likely',
  ],
  [
    'realm on a host that is not allowed',
    {
      reason: 'auth_challenge_bad',
      phase: 'auth',
      sentBytes: 0,
      evidence: { message: '', authProblem: 'realm_not_allowed' },
    },
    {},
    'token_service_elsewhere@prober certain',
  ],
  [
    'realm elsewhere',
    { reason: 'auth_challenge_bad', phase: 'auth', sentBytes: 0 },
    {},
    'realm_wrong@auth_server likely',
  ],
  [
    '507',
    { reason: 'quota_exceeded', status: 507, answeredBy: 'registry' },
    {},
    'storage_full@registry_storage certain',
  ],
  [
    '500 at the start',
    { reason: 'registry_error', phase: 'start', status: 500, answeredBy: 'registry' },
    {},
    'registry_failing@registry_app likely',
  ],
  [
    'nginx 500',
    { reason: 'unexpected_response', phase: 'wait', status: 500, answeredBy: 'nginx', blame: 'ingress' },
    {},
    'nginx_temp_full@ingress likely',
  ],
  [
    'stale socket',
    { reason: 'stale_connection', sentBytes: 0, blame: 'unknown' },
    { freshPassed: true, proven: new Set(['connection']) },
    'stale_keep_alive@edge certain',
  ],
  [
    'reset of a used socket, fresh ones pass',
    { sentBytes: 0, evidence: { message: '', socketReused: true } },
    { freshPassed: true },
    'stale_keep_alive@edge likely',
  ],
  ['reset of a used socket', { sentBytes: 0, evidence: { message: '', socketReused: true } }, {}, undefined],
  ['HTTP/2', { reason: 'http2_error' }, {}, 'http2_broken@edge likely'],
  [
    'dns',
    { evidence: { message: '', code: 'ENOTFOUND' }, reason: 'dns_failure', phase: 'dns', blame: 'dns' },
    {},
    'name_not_resolved@dns certain',
  ],
  [
    'refused, works elsewhere',
    { reason: 'connect_refused', phase: 'connect', blame: 'ingress' },
    { direct: 'ok', proven: new Set(['path']) },
    'nothing_listens@edge certain',
  ],
  [
    'refused everywhere',
    { reason: 'connect_refused', phase: 'connect', blame: 'ingress' },
    { direct: 'same', proven: new Set(['everywhere']) },
    'registry_down@registry_app certain',
  ],
  [
    'refused, nothing to compare',
    { reason: 'connect_refused', phase: 'connect', blame: 'ingress', evidence: { message: '', code: 'ECONNREFUSED' } },
    { direct: 'none' },
    'nothing_answers@unknown certain',
  ],
  [
    'no way',
    { reason: 'connect_timeout', phase: 'connect', blame: 'client_network' },
    { direct: 'ok' },
    'no_way_there@client_network likely',
  ],
  [
    'certificate',
    {
      evidence: { message: '', code: 'CERT_HAS_EXPIRED', tlsProblem: 'expired' },
      reason: 'tls_failure',
      phase: 'tls',
      blame: 'ingress',
    },
    {},
    'tls_expired@edge certain',
  ],
  ['stalls here alone', { reason: 'upload_stalled' }, { direct: 'ok' }, 'stalled@edge likely'],
  [
    'stalls, nothing arrived',
    { reason: 'upload_stalled' },
    { smallPassed: true, arrived: 'nothing', direct: 'ok' },
    'stalled@edge likely',
  ],
  [
    'stalls, full segments vanish',
    { reason: 'upload_stalled', evidence: { message: '', kernel: vanishingSegments } },
    { direct: 'ok', proven: new Set(['path']) },
    'full_segments_vanish@edge likely',
  ],
  [
    'stalls, full segments vanish, and tiny bodies get through',
    { reason: 'upload_stalled', evidence: { message: '', kernel: vanishingSegments } },
    { proven: new Set(['segments']) },
    'full_segments_vanish@edge certain',
  ],
  [
    'cut while full segments vanish',
    { reason: 'connection_reset', evidence: { message: '', kernel: vanishingSegments } },
    {},
    'full_segments_vanish@edge likely',
  ],
  [
    'stalls like that where full segments came before',
    { reason: 'upload_stalled', evidence: { message: '', kernel: vanishingSegments } },
    { fullSegmentCame: true },
    undefined,
  ],
  [
    'stalls, the window is shut',
    {
      reason: 'upload_stalled',
      evidence: { message: '', kernel: { ...vanishingSegments, windowBytes: 0, ackedBytes: 2e6 } },
    },
    { direct: 'ok' },
    'hop_does_not_read@edge likely',
  ],
  [
    'stalls, the kernel knows neither',
    { reason: 'upload_stalled', evidence: { message: '', kernel: { ...vanishingSegments, timeoutsInRow: 1 } } },
    { direct: 'ok' },
    'stalled@edge likely',
  ],
  ['stalls everywhere', { reason: 'upload_stalled' }, { direct: 'same' }, 'stalled@registry_app likely'],
  ['cut while large', {}, { smallPassed: true, slowPassedMs: 120_000 }, 'size_cut@edge likely'],
  ['cut, slow ones not tried', {}, { smallPassed: true }, undefined],
  ['cut', {}, {}, undefined],
  ['cut, nothing arrived', {}, { smallPassed: true, arrived: 'nothing' }, 'cut_while_collecting@edge open'],
  [
    'cut, nothing arrived, answers crossed Cloudflare',
    {},
    { smallPassed: true, arrived: 'nothing', crossedCloudflare: true },
    'cloudflare_body_buffering@edge open',
  ],
  [
    'cut, nothing arrived on any path',
    {},
    { smallPassed: true, arrived: 'nothing', direct: 'same' },
    'closed_everywhere@registry_app likely',
  ],
  [
    'cut, much less arrived, the direct path works',
    {},
    { smallPassed: true, arrived: 'part', direct: 'ok' },
    'cut_while_collecting@edge likely',
  ],
  ['cut, much less arrived', {}, { smallPassed: true, arrived: 'part' }, 'cut_while_collecting@edge likely'],
  ['cut, all but the last bytes arrived', {}, { smallPassed: true, arrived: 'most' }, undefined],
  [
    'cut, all but the last bytes arrived, slow ones pass',
    {},
    { smallPassed: true, slowPassedMs: 120_000, arrived: 'most', proven: new Set(['sizeNotTime']) },
    'size_cut@edge certain',
  ],
  ['cut, all of it arrived', {}, { smallPassed: true, arrived: 'whole', direct: 'ok' }, 'answer_lost@edge likely'],
  [
    'cut when slow bodies are, nothing arrived',
    { elapsedMs: 29_900 },
    { endedAfterMs: 30_000, smallPassed: true, arrived: 'nothing', proven: new Set(['pace']) },
    'request_time_limit@edge certain',
  ],
  [
    '503 by the registry is its own',
    { reason: 'registry_error', phase: 'commit', status: 503, answeredBy: 'registry', blame: 'registry_storage' },
    {},
    'storage_failing@registry_storage likely',
  ],
  [
    'dropped, with a length it passes',
    {
      reason: 'body_dropped',
      answeredBy: 'registry',
      status: 202,
      blame: 'tunnel',
      evidence: { message: '', rayId: 'x' },
    },
    { declaredPassed: true, proven: new Set(['length']) },
    'cloudflared_quic@tunnel certain',
  ],
  [
    'dropped, nothing else tried',
    {
      reason: 'body_dropped',
      answeredBy: 'registry',
      status: 202,
      blame: 'tunnel',
      evidence: { message: '', rayId: 'x' },
    },
    {},
    'cloudflared_quic@tunnel likely',
  ],
  ['a manifest for which there are too many tags', ofManifest('DENIED', 'quota of tags exceeded'), {}, policy],
  ['a manifest that a policy refuses', ofManifest('DENIED', 'blocked by policy: not signed'), {}, certainPolicy],
  [
    'a right that the login lacks, which AWS speaks of as a policy',
    ofManifest(
      'DENIED',
      'User: x is not authorized to perform: ecr:PutImage on resource: y because no identity-based policy allows it',
    ),
    { loginWorks: true },
    'manifest_not_allowed@auth_server certain',
  ],
  [
    'a tag that must not move',
    ofManifest('TAG_INVALID', 'The image tag already exists and the repository is immutable'),
    {},
    'manifest_tag_immutable@registry_app certain',
  ],
  [
    'a tag that leads to an older manifest',
    { ...ofManifest('', ''), reason: 'body_corrupted', phase: 'verify', status: 200, registryCode: undefined },
    { direct: 'ok' },
    'manifest_tag_stale@edge likely',
  ],
  [
    'a kind of manifest that is unknown',
    { ...ofManifest('', ''), status: 415 },
    {},
    'manifest_kind_refused@registry_app likely',
  ],
  [
    'a kind of manifest that is refused as the other is',
    { ...ofManifest('MANIFEST_INVALID', ''), status: 415 },
    { otherKindPassed: false, direct: 'same', proven: new Set(['everywhere']) },
    'manifest_refused@registry_app likely',
  ],
  [
    'a kind of manifest that a hop does not let through',
    {
      ...ofManifest('', ''),
      reason: 'blocked_by_policy',
      answeredBy: 'nginx',
      blame: 'ingress',
      registryCode: undefined,
    },
    { direct: 'ok', otherKindPassed: true, proven: new Set(['path', 'mediaType']) },
    'manifest_kind_blocked@ingress certain',
  ],
  [
    'a manifest whose login is lost',
    { ...ofManifest('UNAUTHORIZED', 'authentication required'), reason: 'auth_rejected', status: 401 },
    { direct: 'ok', loginWorks: true, proven: new Set(['path']) },
    'manifest_login_lost@edge certain',
  ],
  [
    'a manifest that is not there after success',
    { ...ofManifest('MANIFEST_UNKNOWN', ''), reason: 'verify_failed', phase: 'verify', status: 404 },
    { direct: 'ok' },
    'manifest_not_passed_on@edge likely',
  ],
  [
    'the same over every path',
    { ...ofManifest('MANIFEST_UNKNOWN', ''), reason: 'verify_failed', phase: 'verify', status: 404 },
    { direct: 'same' },
    'not_stored@registry_storage likely',
  ],
  [
    'a page and success in the place of an answer to a manifest',
    {
      ...ofManifest('', ''),
      status: 200,
      answeredBy: 'nginx',
      blame: 'ingress',
      registryCode: undefined,
      evidence: { message: '', body: '<html>no</html>', headers: { 'content-type': 'text/html' } },
    },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'manifest_blocked@ingress certain',
  ],
  [
    'a manifest that cannot be read is no matter of signatures',
    { ...ofManifest('MANIFEST_UNVERIFIED', 'manifest failed signature verification'), status: 400 },
    { direct: 'same' },
    'manifest_refused@registry_app likely',
  ],
  [
    'a manifest for a repository that is not there, where its blobs were taken',
    { ...ofManifest('NAME_UNKNOWN', 'repository not found'), status: 404 },
    { direct: 'same' },
    'manifest_blobs_missing@registry_storage likely',
  ],
  [
    'the repository of a blob that is not there',
    { ...ofManifest('NAME_UNKNOWN', 'repository not found'), status: 404, blob: 'blob', phase: 'start' },
    { direct: 'same' },
    'owner_missing@registry_app certain',
  ],
  [
    'the same after its upload was opened',
    { ...ofManifest('NAME_UNKNOWN', 'repository not found'), status: 404, blob: 'blob' },
    { direct: 'same', sessionOpened: true },
    undefined,
  ],
  [
    'a manifest that is refused where blobs were let in is no matter of rights',
    ofManifest('DENIED', 'requested access to the resource is denied'),
    { loginWorks: true },
    policy,
  ],
];

test.each(table)('%s', (_name, changes, around, expected) => {
  const finding = explain(
    failed(changes),
    { ...alone, ...(around.direct === undefined ? {} : good), ...around },
    'docker',
  );
  expect(finding && `${finding.cause}@${finding.hop} ${finding.confidence}`).toBe(expected);
});

describe('the table', () => {
  test('every cause has words, a setting and a public reference', () => {
    for (const { remedy, reference, title, nextTest } of Object.values(causes)) {
      expect(reference).toMatch(/^https?:\/\//);
      expect(remedy).toMatch(/^[A-Z].*\.$/);
      expect(title).not.toMatch(/\.$/);
      expect(nextTest).toMatch(/[.?]$/);
    }
  });
});

/** A run over `path` as `client`, of so many bytes. */
function runOf(path: string, client: ClientName, sizeBytes: number, failure?: Failure): Run {
  const check = fakeCheck('gitea', path, client, `${sizeBytes}`);
  const run = fakeRun({ ...check, workload: { ...check.workload, layerBytes: [sizeBytes] } });
  return failure === undefined ? run : { ...run, ok: false, failure };
}

function examined(name: string, trials: readonly [TrialKind, Failure | undefined][]): Examined {
  return {
    path: pathTo('http://registry.example', { name, kind: name === 'internal' ? 'internal' : 'ingress' }),
    trials: trials.map(([kind, failure]) => ({
      kind,
      shape: 'patch-streamed',
      sizeBytes: kind === 'full' ? 1_000_000 : 1_000,
      run: runOf(name, 'docker', 1_000, failure),
    })),
  };
}

describe('a registry that goes away', () => {
  const reset = failed({ phase: 'send' });
  const bad = failed({
    reason: 'origin_unreachable',
    status: 502,
    answeredBy: 'nginx',
    blame: 'ingress',
    sentBytes: 0,
  });
  const refused = failed({ reason: 'connect_refused', phase: 'connect', sentBytes: 0 });

  test('in the middle: both paths are dead at the end, so nothing is held against this one', () => {
    const diagnosis = diagnose({
      subject: examined('ingress', [
        ['small', undefined],
        ['full', bad],
        ['again', bad],
      ]),
      direct: examined('internal', [
        ['small', refused],
        ['again', refused],
      ]),
    });
    expect(diagnosis.findings.map(({ cause }) => cause)).toEqual(['registry_down']);
  });

  test('a size limit seen before it went still stands', () => {
    const large = failed({ reason: 'body_too_large', status: 413, answeredBy: 'nginx', blame: 'ingress' });
    const diagnosis = diagnose({
      subject: examined('ingress', [
        ['small', undefined],
        ['full', large],
        ['again', bad],
      ]),
      direct: examined('internal', [['again', refused]]),
    });
    expect(diagnosis.findings.map(({ cause }) => cause).sort()).toEqual(['nginx_body_limit', 'registry_down']);
  });

  test('resets without an explanation are inconclusive and told with all evidence', () => {
    const diagnosis = diagnose({
      subject: examined('ingress', [
        ['small', undefined],
        ['full', reset],
      ]),
    });
    expect(diagnosis).toMatchObject({ kind: 'inconclusive', findings: [] });
    expect(diagnosis.unexplained).toEqual([
      'docker, 977 KiB: connection_reset, no answer in send, after 977 KiB and 2 s',
    ]);
    expect(diagnosis.facts).toHaveLength(2);
  });

  test('our own deadline is nobody’s fault', () => {
    const late = failed({ reason: 'deadline' });
    expect(
      diagnose({
        subject: examined('ingress', [
          ['small', undefined],
          ['full', late],
        ]),
      }),
    ).toMatchObject({
      kind: 'inconclusive',
      unexplained: ['docker, 977 KiB: ended by our own deadline'],
    });
  });
});

describe('what a fault hides', () => {
  const ways: [string, Partial<Failure>][] = [
    ['a name that does not resolve', { reason: 'dns_failure', phase: 'dns', blame: 'dns' }],
    ['a certificate', { reason: 'tls_failure', phase: 'tls', blame: 'ingress' }],
    ['a port where nothing listens', { reason: 'connect_refused', phase: 'connect' }],
    ['credentials', { reason: 'auth_rejected', phase: 'auth', status: 401, answeredBy: 'registry' }],
    ['a token service', { reason: 'auth_rejected', phase: 'auth', status: 503, answeredBy: 'other' }],
    ['a rule', { reason: 'blocked_by_policy', phase: 'start', status: 403, answeredBy: 'nginx' }],
  ];
  test.each(ways)('%s hides all the rest, and that is said', (_name, changes) => {
    const direct = examined('internal', [['small', undefined]]);
    const subject = examined('ingress', [['small', failed({ sentBytes: 0, ...changes })]]);
    const { kind, why, notExamined } = diagnose({ subject, direct });
    expect([kind, notExamined.length]).toEqual(['fault', 1]);
    expect(why).toMatch(/; what lies behind could not be examined$/);
  });

  test('a limit hides what is beyond it; with all of it seen nothing is hidden', () => {
    const large = failed({ reason: 'body_too_large', status: 413, answeredBy: 'nginx', blame: 'ingress' });
    const limited = diagnose({
      subject: examined('ingress', [
        ['small', undefined],
        ['full', large],
      ]),
    }).notExamined;
    expect(limited).toEqual([
      'bodies above 1000 B: none got through, so a further limit above that would not show',
      'limits on time: no slow body was sent, or none got through',
    ]);
    const { kind, why, notExamined } = diagnose({
      subject: examined('ingress', [
        ['small', undefined],
        ['full', undefined],
      ]),
    });
    expect([kind, notExamined]).toEqual(['healthy', ['limits on time: no slow body was sent, or none got through']]);
    expect(why).not.toContain('could not');
  });
});

test('a cut of a push that is refused in words the next time is that refusal', () => {
  const large = failed({ reason: 'body_too_large', status: 413, answeredBy: 'nginx', blame: 'ingress' });
  const subject = examined('ingress', [
    ['small', undefined],
    ['full', failed({})],
    ['fresh', large],
  ]);
  const sized = {
    ...subject,
    trials: subject.trials.map((one) => ({ ...one, sizeBytes: one.kind === 'small' ? 1_000 : 1_000_000 })),
  };
  expect(diagnose({ subject: sized })).toMatchObject({
    kind: 'fault',
    findings: [{ cause: 'nginx_body_limit' }],
    unexplained: [],
  });
});

describe('a failure that a restart can cause', () => {
  const bad = failed({
    reason: 'origin_unreachable',
    status: 502,
    answeredBy: 'nginx',
    blame: 'ingress',
    sentBytes: 0,
  });
  const direct = examined('internal', [
    ['small', undefined],
    ['full', undefined],
  ]);

  test('and that does not come again blames nobody', () => {
    const subject = examined('ingress', [
      ['small', undefined],
      ['full', bad],
      ['repeat', undefined],
      ['again', undefined],
    ]);
    const repeated = {
      ...subject,
      trials: subject.trials.map((one) => (one.kind === 'repeat' ? { ...one, sizeBytes: 1_000_000 } : one)),
    };
    expect(diagnose({ subject: repeated, direct })).toMatchObject({
      kind: 'inconclusive',
      findings: [],
      unexplained: [expect.stringMatching(/; it did not come again$/) as string],
    });
  });

  test('and that comes again is the path’s', () => {
    const subject = examined('ingress', [
      ['small', undefined],
      ['full', bad],
      ['repeat', bad],
      ['again', undefined],
    ]);
    expect(diagnose({ subject, direct }).findings.map(({ cause }) => cause)).toEqual(['hop_fails_request']);
  });
});

const works = { elsewhere: 'ok', kindsFailingAlike: [] } as const;

test('a body that was sent again on a session that the first answer had ended tells of no replicas', () => {
  const lost = failed({ reason: 'session_lost', status: 404, answeredBy: 'registry', phase: 'wait' });
  const run = runOf('p', 'docker-containerd', 9, lost);
  const attempt = { resends: 1, failure: lost } as unknown as Run['attempts'][number];
  expect(judgeRun(run, works)?.remedy).toMatch(/http\.secret/);
  expect(judgeRun({ ...run, attempts: [attempt] }, works)).toBeUndefined();
});

test('the remedy of a round’s fault names setting and reference', () => {
  const failure = failed({ reason: 'body_too_large', status: 413, answeredBy: 'nginx', blame: 'ingress' });
  expect(judgeRun(runOf('p', 'docker', 9, failure), works)?.remedy).toMatch(
    /^Set `client_max_body_size 0;`.* See https:\/\/nginx\.org\/.*#client_max_body_size$/,
  );
  expect(judgeRun(runOf('p', 'docker', 9, failed({})), works)).toBeUndefined();
});
