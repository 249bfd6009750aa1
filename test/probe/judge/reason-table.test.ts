import { describe, expect, test } from 'vitest';
import type { Blame, FailureReason } from '../../../src/probe/failure.ts';
import { type Facts, noContext } from '../../../src/probe/judge/facts.ts';
import { blameFor, isSameFamily, reasonFor, reasonTable } from '../../../src/probe/judge/reason-table.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';

function facts(changes: Partial<Facts>): Facts {
  return {
    ...noContext,
    step: 'send',
    phase: 'send',
    answeredBy: 'none',
    registryCodes: [],
    registryMessage: '',
    bodyEmpty: false,
    mitigated: false,
    socketReused: false,
    http2: false,
    elapsedMs: 5_000,
    unknown: false,
    sentBytes: 1_000_000,
    ...changes,
  };
}

const reset = { stage: 'send', code: 'ECONNRESET', timer: undefined } as const;
const opening = (code: string) => ({ stage: 'connect', code, timer: undefined }) as const;
const refusal = { status: 403, answeredBy: 'registry', uploadStarted: true } as const;

describe('the reason for these facts', () => {
  test.each<[string, Partial<Facts>, FailureReason]>([
    ['a cut just before 58 s', { network: reset, elapsedMs: 57_999 }, 'connection_reset'],
    ['a cut from 58 s on', { network: reset, elapsedMs: 58_000 }, 'request_timeout'],
    ['a cut up to 62 s', { network: reset, elapsedMs: 62_000 }, 'request_timeout'],
    ['a cut after it', { network: reset, elapsedMs: 62_001 }, 'connection_reset'],
    ['such a cut at another step', { network: reset, elapsedMs: 60_000, step: 'commit' }, 'connection_reset'],
    ...['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN'].map(
      (code): [string, Partial<Facts>, FailureReason] => [code, { network: opening(code) }, 'connect_timeout'],
    ),
    ['nobody listens', { network: opening('ECONNREFUSED') }, 'connect_refused'],
    ['an empty 403 after the upload began', { ...refusal, bodyEmpty: true }, 'quota_exceeded'],
    ['a 403 that says quota', { ...refusal, registryMessage: 'quota reached' }, 'quota_exceeded'],
    ['a 403 that says nothing of it', { ...refusal, registryMessage: 'no' }, 'auth_rejected'],
    ['an empty 403 before', { ...refusal, uploadStarted: false, bodyEmpty: true, step: 'start' }, 'auth_rejected'],
    ...[408, 460, 499].map((status): [string, Partial<Facts>, FailureReason] => [
      `${status} to a manifest`,
      { status, blob: 'manifest', step: 'commit' },
      'request_timeout',
    ]),
    ['412 to a manifest', { status: 412, blob: 'manifest', step: 'commit' }, 'manifest_refused'],
    ['507', { status: 507, answeredBy: 'other' }, 'quota_exceeded'],
  ])('%s', (_name, changes, reason) => {
    expect(reasonFor(facts(changes))).toBe(reason);
  });
});

test('a refusal before the upload began is no quota, also by the row of quotas alone', () => {
  const { when } = reasonTable.quota_exceeded;
  expect(when(facts({ ...refusal, registryMessage: 'quota reached' }))).toBe(true);
  expect(when(facts({ ...refusal, registryMessage: 'quota reached', uploadStarted: false }))).toBe(false);
});

test.each<[string, Partial<Facts>, Blame]>([
  ['while logging in', { step: 'auth' }, 'registry_app'],
  ['before there is a session', { step: 'start' }, 'registry_app'],
  ['while sending', { step: 'send' }, 'registry_storage'],
  ['at the commit', { step: 'commit' }, 'registry_storage'],
])('a 500 %s', (_name, changes, blame) => {
  const all = facts({ status: 500, answeredBy: 'registry', ...changes });
  expect([reasonFor(all), blameFor(reasonFor(all), all)]).toEqual(['registry_error', blame]);
});

const cutBy = (code: string, stage: 'send' | 'wait' | 'receive' = 'send') =>
  ({ stage, code, timer: undefined }) as const;
const timer = (
  name: 'connect' | 'tls' | 'stall' | 'response_header' | 'body',
  stage: 'connect' | 'send' | 'wait' = 'send',
) => ({ stage, code: 'ETIMEDOUT', timer: name }) as const;
const behindCloudflare = { exchange: exchangeOf({ response: answerOf(400, { 'cf-ray': '1' }) }) };
const lost = { status: 400, answeredBy: 'registry', registryCodes: ['DIGEST_INVALID'], acknowledges: true } as const;
const stale = { network: cutBy('EPIPE'), socketReused: true, elapsedMs: 999, sentBytes: 65_536 } as const;

/** What the next host's kernel acknowledged of the request, in segments of 1448 bytes. */
function acknowledged(ackedBytes: number, viaProxy = false): Partial<Facts> {
  const kernel = { viaProxy, ackedBytes, mssBytes: 1_448, end: {}, points: [] };
  return { exchange: exchangeOf({ kernel }) };
}

const manifest = { blob: 'manifest', step: 'commit', answeredBy: 'registry' } as const;

/** Reason and hop in one word each. */
function judged(changes: Partial<Facts>): string {
  const all = facts(changes);
  const reason = reasonFor(all);
  return `${reason} ${blameFor(reason, all)}`;
}

describe('reason and hop', () => {
  test.each<[Partial<Facts>, string]>([
    // Ours.
    [{ aborted: 'cancelled' }, 'cancelled prober'],
    [{ aborted: 'deadline' }, 'deadline unknown'],
    ...['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EADDRNOTAVAIL', 'EAI_MEMORY'].map((one): [Partial<Facts>, string] => [
      { network: opening(one) },
      'prober_exhausted prober',
    ]),
    [{ unknown: true }, 'internal prober'],
    [{}, 'unexpected_response unknown'],
    // The opening.
    [{ network: { stage: 'dns', code: 'ENOTFOUND', timer: undefined } }, 'dns_failure dns'],
    [{ network: opening('ECONNREFUSED') }, 'connect_refused ingress'],
    [{ network: { stage: 'proxy', code: 'PROXY_407', timer: undefined } }, 'connect_refused ingress'],
    [{ network: { stage: 'connect', code: 'PROXY_407', timer: undefined } }, 'connection_reset unknown'],
    [{ network: { stage: 'proxy', code: 'HPE_INVALID', timer: undefined } }, 'connection_reset unknown'],
    [{ network: timer('connect', 'connect') }, 'connect_timeout client_network'],
    [{ network: { ...opening('ABORTED'), timer: 'connect' } }, 'connect_timeout client_network'],
    [{ network: { stage: 'proxy', code: 'EHOSTUNREACH', timer: undefined } }, 'connect_timeout client_network'],
    [{ network: { stage: 'tls', code: 'ECONNRESET', timer: undefined } }, 'tls_failure ingress'],
    [{ network: { ...cutBy('EPROTO'), tlsProblem: 'expired' } }, 'tls_failure ingress'],
    [{ status: 525, answeredBy: 'cloudflare' }, 'tls_failure edge_to_origin'],
    [{ status: 526, answeredBy: 'cloudflare' }, 'tls_failure edge_to_origin'],
    [stale, 'stale_connection unknown'],
    [{ ...stale, elapsedMs: 1_000 }, 'connection_reset unknown'],
    [{ ...stale, sentBytes: 65_537 }, 'connection_reset unknown'],
    // How much this host's kernel took is chance; what the next host acknowledged is not.
    [{ ...stale, sentBytes: 4_000_000, ...acknowledged(1_447) }, 'stale_connection unknown'],
    [{ ...stale, ...acknowledged(1_448) }, 'connection_reset unknown'],
    // What a proxy acknowledges says nothing of who is behind it.
    [{ ...stale, ...acknowledged(1_448, true) }, 'stale_connection unknown'],
    [{ ...stale, socketReused: false }, 'connection_reset unknown'],
    [{ ...stale, network: cutBy('EPROTO') }, 'unexpected_response unknown'],
    [{ ...stale, step: 'pull', status: 200, answeredBy: 'registry' }, 'connection_reset unknown'],
    // Login.
    [{ authProblem: 'realm_refused_by_client' }, 'client_refused_realm auth_server'],
    ...(['challenge_missing', 'challenge_unparsable', 'realm_not_allowed', 'realm_unreachable'] as const).map(
      (authProblem): [Partial<Facts>, string] => [{ authProblem, status: 401 }, 'auth_challenge_bad auth_server'],
    ),
    [{ authProblem: 'token_refused' }, 'auth_rejected auth_server'],
    [{ status: 401, answeredBy: 'registry' }, 'auth_rejected auth_server'],
    [{ status: 401, answeredBy: 'registry', uploadStarted: true }, 'auth_expired auth_server'],
    // Refusals.
    [{ status: 451, answeredBy: 'registry' }, 'blocked_by_policy registry_app'],
    [{ status: 403, answeredBy: 'cloudflare' }, 'blocked_by_policy edge'],
    [{ status: 200, mitigated: true, answeredBy: 'cloudflare' }, 'blocked_by_policy edge'],
    [{ status: 200, mitigated: true, answeredBy: 'registry' }, 'unexpected_response registry_app'],
    [{ status: 403, answeredBy: 'registry' }, 'auth_rejected auth_server'],
    [{ ...refusal, step: 'verify', bodyEmpty: true }, 'auth_rejected auth_server'],
    [{ ...refusal, registryMessage: 'would EXCEED it' }, 'quota_exceeded registry_app'],
    [{ status: 405, answeredBy: 'registry' }, 'method_not_allowed registry_app'],
    [{ status: 501, answeredBy: 'squid' }, 'method_not_allowed ingress'],
    [{ status: 411, answeredBy: 'nginx' }, 'length_required ingress'],
    [{ status: 413, answeredBy: 'cloudflare' }, 'body_too_large edge'],
    [
      { status: 416, answeredBy: 'registry', registryCodes: ['REQUESTED_RANGE_NOT_SATISFIABLE'] },
      'body_too_large registry_app',
    ],
    [{ network: reset, sizeRefusedBefore: true }, 'body_too_large unknown'],
    [{ network: reset, sizeRefusedBefore: true, step: 'commit' }, 'connection_reset unknown'],
    [{ status: 502, answeredBy: 'nginx', sizeRefusedBefore: true }, 'body_too_large ingress'],
    [{ status: 502, answeredBy: 'nginx', sizeRefusedBefore: false }, 'origin_unreachable ingress'],
    [{ status: 503, answeredBy: 'nginx', sizeRefusedBefore: true }, 'origin_unreachable ingress'],
    [{ network: cutBy('EPROTO'), sizeRefusedBefore: true }, 'unexpected_response unknown'],
    [{ status: 429, answeredBy: 'traefik' }, 'rate_limited ingress'],
    [{ status: 507, answeredBy: 'registry' }, 'quota_exceeded registry_app'],
    // The upload.
    [{ problem: 'location_refused_by_client', status: 202 }, 'client_refused_location ingress'],
    ...(['location_missing', 'location_unparsable', 'location_downgrade', 'location_foreign'] as const).map(
      (problem): [Partial<Facts>, string] => [{ problem, status: 202 }, 'location_invalid ingress'],
    ),
    [{ problem: 'redirected', status: 301, answeredBy: 'caddy' }, 'unexpected_redirect ingress'],
    [{ ...lost, acknowledgedBytes: 0 }, 'body_dropped ingress'],
    [{ ...lost, ...behindCloudflare }, 'body_dropped tunnel'],
    [{ ...lost, exchange: exchangeOf({ response: answerOf(400) }) }, 'body_dropped ingress'],
    [{ ...lost, sentBytes: 0 }, 'body_corrupted unknown'],
    [{ ...lost, acknowledges: false }, 'body_corrupted unknown'],
    [{ ...lost, acknowledgedBytes: 999_999 }, 'body_truncated ingress'],
    [{ ...lost, ...behindCloudflare, acknowledgedBytes: 1 }, 'body_truncated edge_to_origin'],
    [{ ...lost, acknowledges: false, acknowledgedBytes: 1 }, 'body_corrupted unknown'],
    [{ ...lost, acknowledgedBytes: 1_000_000 }, 'body_corrupted unknown'],
    [{ ...lost, registryCodes: [], problem: 'range_missing', status: 202 }, 'body_dropped ingress'],
    [{ ...lost, registryCodes: [], problem: 'range_unparsable', status: 202 }, 'body_dropped ingress'],
    [{ ...lost, registryCodes: [], problem: 'unexpected_status' }, 'unexpected_response registry_app'],
    [{ step: 'pull', problem: 'length_wrong', status: 200 }, 'body_truncated ingress'],
    [{ step: 'pull', problem: 'length_missing', status: 200 }, 'unexpected_response unknown'],
    [{ step: 'send', problem: 'length_wrong', status: 200 }, 'unexpected_response unknown'],
    [{ problem: 'digest_differs', status: 200, answeredBy: 'registry' }, 'body_corrupted unknown'],
    [{ status: 404, answeredBy: 'registry' }, 'session_lost registry_app'],
    [{ status: 404, answeredBy: 'other' }, 'session_lost registry_app'],
    [{ status: 404, answeredBy: 'traefik', step: 'commit' }, 'session_lost ingress'],
    [{ status: 404, answeredBy: 'registry', step: 'start' }, 'unexpected_response registry_app'],
    [{ problem: 'range_ignored', status: 200, answeredBy: 'nginx' }, 'resume_refused ingress'],
    [{ status: 416, step: 'pull', answeredBy: 'varnish' }, 'resume_refused ingress'],
    [{ status: 416, answeredBy: 'cloudfront' }, 'range_conflict edge'],
    ...['BLOB_UPLOAD_INVALID', 'SIZE_INVALID', 'RANGE_INVALID'].map((one): [Partial<Facts>, string] => [
      { status: 400, answeredBy: 'registry', registryCodes: ['OTHER', one] },
      'range_conflict registry_app',
    ]),
    // The manifest.
    [{ ...manifest, status: 403 }, 'manifest_refused registry_app'],
    [{ ...manifest, status: 403, registryMessage: 'quota reached' }, 'quota_exceeded registry_app'],
    [{ ...manifest, status: 399 }, 'unexpected_response registry_app'],
    [{ ...manifest, status: 400 }, 'manifest_refused registry_app'],
    [{ ...manifest, status: 400, registryCodes: ['DIGEST_INVALID'] }, 'body_corrupted unknown'],
    [{ ...manifest, status: 500 }, 'registry_error registry_storage'],
    [{ ...manifest, status: 201, problem: 'digest_missing' }, 'manifest_refused registry_app'],
    [{ ...manifest, status: 201, problem: 'length_missing' }, 'unexpected_response registry_app'],
    [{ ...manifest, status: 400, step: 'verify' }, 'unexpected_response registry_app'],
    [{ ...manifest, status: 400, blob: 'config' }, 'unexpected_response registry_app'],
    // Cuts and clocks.
    ...[408, 460, 499].map((status): [Partial<Facts>, string] => [
      { status, answeredBy: 'alb' },
      'request_timeout ingress',
    ]),
    [{ network: reset, elapsedMs: 60_000 }, 'request_timeout ingress'],
    [{ network: cutBy('EPROTO'), elapsedMs: 60_000 }, 'unexpected_response unknown'],
    [{ network: timer('stall') }, 'upload_stalled unknown'],
    [{ status: 524, answeredBy: 'cloudflare' }, 'response_timeout edge_to_origin'],
    [{ status: 504, answeredBy: 'envoy' }, 'response_timeout ingress'],
    [{ network: timer('response_header', 'wait') }, 'response_timeout unknown'],
    [{ network: cutBy('EPROTO'), http2: true }, 'http2_error unknown'],
    [{ network: cutBy('ERR_HTTP2_STREAM_ERROR') }, 'http2_error unknown'],
    [{ http2: true }, 'unexpected_response unknown'],
    [{ network: cutBy('ECONNRESET', 'receive'), http2: true, step: 'pull', status: 200 }, 'connection_reset unknown'],
    ...['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_INFO', 'ECONNABORTED', 'ETIMEDOUT', 'EHOSTUNREACH'].map(
      (one): [Partial<Facts>, string] => [{ network: cutBy(one) }, 'connection_reset unknown'],
    ),
    [{ network: opening('EPROTO') }, 'connection_reset unknown'],
    [{ network: reset, status: 202 }, 'unexpected_response unknown'],
    [{ network: reset, status: 200, step: 'pull' }, 'connection_reset unknown'],
    // Answers.
    [{ status: 502, answeredBy: 'nginx' }, 'origin_unreachable ingress'],
    [{ status: 503, answeredBy: 'other' }, 'origin_unreachable unknown'],
    [{ status: 503, answeredBy: 'registry' }, 'registry_error registry_storage'],
    [{ status: 519, answeredBy: 'cloudflare' }, 'unexpected_response edge'],
    [{ status: 520, answeredBy: 'cloudflare' }, 'origin_unreachable edge_to_origin'],
    [{ status: 530, answeredBy: 'cloudflare' }, 'origin_unreachable tunnel'],
    [{ status: 531, answeredBy: 'cloudflare' }, 'unexpected_response edge'],
    [{ status: 500, answeredBy: 'other', step: 'start' }, 'registry_error registry_app'],
    [
      {
        status: 500,
        answeredBy: 'other',
        exchange: exchangeOf({ response: answerOf(500, { server: 'nginx' }, '<!DOCTYPE html><p>Sorry') }),
      },
      'registry_error unknown',
    ],
    [{ status: 500, answeredBy: 'nginx' }, 'unexpected_response ingress'],
    [{ status: 499, answeredBy: 'other', step: 'start' }, 'request_timeout unknown'],
    [{ step: 'verify', problem: 'length_missing', status: 200, answeredBy: 'cloudflare' }, 'verify_failed edge'],
    [{ step: 'verify', status: 200, answeredBy: 'cloudflare' }, 'unexpected_response edge'],
    [{ step: 'commit', problem: 'length_missing', status: 200, answeredBy: 'caddy' }, 'unexpected_response ingress'],
  ])('%j: %s', (changes, expected) => {
    expect(judged(changes)).toBe(expected);
  });
});

test.each<[FailureReason, FailureReason, boolean]>([
  ['connect_refused', 'origin_unreachable', true],
  ['connect_refused', 'body_too_large', false],
  ['verify_failed', 'verify_failed', true],
  ['verify_failed', 'unexpected_response', false],
])('%s and %s are of one family: %j', (one, other, same) => {
  expect(isSameFamily(one, other)).toBe(same);
});
