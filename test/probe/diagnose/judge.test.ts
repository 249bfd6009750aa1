import { describe, expect, test } from 'vitest';
import { type CauseName, causeNames, causes } from '../../../src/probe/diagnose/causes.ts';
import type { WireShape } from '../../../src/probe/clients/client-profile.ts';
import { aloneOn, type Contrast } from '../../../src/probe/diagnose/contrast.ts';
import { explain } from '../../../src/probe/diagnose/diagnose.ts';
import { candidatesFor, judge, judgeAlone } from '../../../src/probe/diagnose/judge.ts';
import { quoteOf, wordsOf } from '../../../src/probe/judge/words.ts';
import { refutations } from '../../../src/probe/diagnose/refutations.ts';
import { failureReasons, type Evidence, type Failure } from '../../../src/probe/failure.ts';
import { pathTo } from '../../support/paths.ts';

const path = pathTo('https://registry.example', { name: 'ingress', kind: 'ingress' });

function failed({
  evidence,
  ...changes
}: Partial<Omit<Failure, 'evidence'>> & { evidence?: Partial<Evidence> }): Failure {
  return {
    reason: 'unexpected_response',
    phase: 'start',
    answeredBy: 'other',
    blame: 'unknown',
    sentBytes: 0,
    elapsedMs: 20,
    blob: 'blob',
    ...changes,
    evidence: { message: '', ...evidence },
  };
}

function around(changes: Partial<Contrast>): Contrast {
  return { ...aloneOn(path, failed({})), ...changes };
}

const body = (text: string): { evidence: Partial<Evidence> } => ({ evidence: { body: text } });
const gateway = (status: number): Partial<Failure> => ({ reason: 'origin_unreachable', status });
const tls = (tlsProblem: NonNullable<Evidence['tlsProblem']>, code: string): Parameters<typeof failed>[0] => ({
  reason: 'tls_failure',
  phase: 'tls',
  answeredBy: 'none',
  evidence: { tlsProblem, code },
});
const tokenRefused = { evidence: { authProblem: 'token_refused' } } as const;
const refused = { reason: 'auth_rejected', phase: 'auth', status: 401, answeredBy: 'registry' } as const;
const empty403 = {
  reason: 'auth_rejected',
  phase: 'wait',
  status: 403,
  answeredBy: 'registry',
  sentBytes: 30_000_000,
} as const;

const pullCut = {
  reason: 'connection_reset',
  phase: 'pull',
  answeredBy: 'registry',
  status: 200,
  elapsedMs: 15_000,
} as const;

/** A failure, what stands around it, what is said, and an observation with which it must not be said. */
/** Large bodies fail over this path alone, and small ones get through. */
const largeOnesFail: Partial<Contrast> = {
  direct: 'ok',
  registryAnswered: true,
  smallPassed: true,
  sizeBytes: 4_000_000,
  proven: new Set(['size', 'path']),
};

const table: [string, Parameters<typeof failed>[0], Partial<Contrast>, string, Partial<Contrast>?][] = [
  [
    '502 of a hop through which other requests went',
    { ...gateway(502), answeredBy: 'nginx', phase: 'commit' },
    { registryAnswered: true },
    'hop_fails_request@ingress likely',
    { registryAnswered: false, portal: true },
  ],
  [
    '502 always after the same time',
    {
      ...gateway(502),
      answeredBy: 'apache',
      phase: 'commit',
      ...body('<h1>Proxy Error</h1> Reason: Error reading from remote server'),
    },
    { registryAnswered: true, constantMs: 4_000, proven: new Set(['clock']) },
    'apache_proxy_timeout@ingress certain',
    { bareFails: true },
  ],
  [
    '503 of a hop that knows no server, while others were let through',
    {
      ...gateway(503),
      answeredBy: 'haproxy',
      ...body('<h1>503 Service Unavailable</h1> No server is available to handle this request.'),
    },
    { registryAnswered: true, byTurns: true },
    'hop_reaches_registry_at_times@ingress certain',
    { byTurns: false },
  ],
  [
    '503 by turns',
    { ...gateway(503), answeredBy: 'envoy' },
    { registryAnswered: true, byTurns: true },
    'hop_reaches_registry_at_times@ingress likely',
    { direct: 'same' },
  ],
  [
    '502 of another hop, always after the same time',
    { ...gateway(502), answeredBy: 'caddy', phase: 'wait' },
    { registryAnswered: true, constantMs: 4_000, proven: new Set(['clock']) },
    'gateway_timeout@ingress certain',
    { bareFails: true },
  ],
  [
    'no answer of the registry at all, and it works elsewhere',
    { ...gateway(502), answeredBy: 'nginx' },
    { direct: 'ok', proven: new Set(['path']) },
    'hop_cannot_reach_registry@ingress certain',
    { registryAnswered: true },
  ],
  [
    'Envoy has too much to do',
    {
      ...gateway(503),
      answeredBy: 'envoy',
      ...body('upstream connect error or disconnect/reset before headers. reset reason: overflow'),
    },
    { registryAnswered: true, byTurns: true },
    'hop_overloaded@ingress certain',
  ],
  [
    'headers too large',
    { status: 400, answeredBy: 'nginx', ...body('<center>Request Header Or Cookie Too Large</center>') },
    { registryAnswered: true },
    'headers_too_large@ingress certain',
    { cameAgain: false },
  ],
  [
    'nginx says 503, which it never says of a server that it does not reach',
    { ...gateway(503), answeredBy: 'nginx', ...body('<h1>503 Service Temporarily Unavailable</h1>') },
    { direct: 'ok', proven: new Set(['path']) },
    'nginx_says_503@ingress certain',
    { direct: 'same' },
  ],
  [
    'a page that speaks of maintenance',
    { ...gateway(503), answeredBy: 'other', ...body('<h1>Scheduled maintenance</h1>') },
    { direct: 'ok', proven: new Set(['path']) },
    'hop_in_maintenance@ingress certain',
    { cameAgain: false },
  ],
  [
    'Apache’s page for 503, which always speaks of maintenance',
    {
      ...gateway(503),
      answeredBy: 'apache',
      ...body(
        'The server is temporarily unable to service your request due to maintenance downtime or capacity problems.',
      ),
    },
    { direct: 'ok', proven: new Set(['path']) },
    'hop_cannot_reach_registry@ingress certain',
    { registryAnswered: true },
  ],
  [
    'the registry knows no such URL, and over another path it does',
    { status: 404, answeredBy: 'registry', phase: 'start', ...body('404 page not found') },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'path_rewritten@ingress certain',
    { sessionOpened: true },
  ],
  [
    'a redirect to a host that is not of this path',
    { reason: 'location_invalid', status: 308, answeredBy: 'nginx', evidence: { location: 'https://other.example/' } },
    { direct: 'ok', registryAnswered: true },
    'redirected@ingress certain',
    { cameAgain: false },
  ],
  ['414', { status: 414, answeredBy: 'apache' }, {}, 'headers_too_large@ingress certain', { cameAgain: false }],
  [
    'a page of a stranger says 500, and the registry works elsewhere',
    { reason: 'registry_error', phase: 'send', status: 500, sentBytes: 65_536, ...body('<html>500</html>') },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'hop_fails_request@ingress certain',
    { direct: 'same' },
  ],
  [
    'a stranger says 500 without a page, and nothing is known of another path',
    { reason: 'registry_error', phase: 'wait', status: 500, sentBytes: 65_536 },
    { registryAnswered: true },
    'storage_failing@registry_storage likely',
    { direct: 'ok' },
  ],
  [
    'an answer that no row knows, and the registry works elsewhere',
    { status: 421, answeredBy: 'nginx' },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'hop_fails_request@ingress certain',
    { direct: 'none' },
  ],
  [
    'the storage driver names its error where an upload begins',
    {
      reason: 'registry_error',
      phase: 'start',
      status: 500,
      answeredBy: 'registry',
      ...body(
        '{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":"filesystem: mkdir /data: read-only file system"}]}',
      ),
    },
    { direct: 'same' },
    'storage_failing@registry_storage certain',
    { cameAgain: false },
  ],
  [
    'connections are closed unanswered, and the registry works elsewhere',
    { reason: 'connection_reset', phase: 'auth', answeredBy: 'none' },
    { direct: 'ok', proven: new Set(['path']) },
    'closed_unanswered@ingress certain',
    { cameAgain: false },
  ],
  [
    'a login that is taken elsewhere',
    { ...refused, blame: 'auth_server' },
    { directLoginWorks: true, proven: new Set(['path']) },
    'login_differs_by_path@ingress certain',
    { direct: 'same' },
  ],
  ['426', { status: 426, answeredBy: 'nginx' }, {}, 'http_version_refused@ingress certain', { cameAgain: false }],
  [
    'a web portal at /v2/',
    {
      status: 200,
      phase: 'auth',
      evidence: { headers: { 'content-type': 'text/html' }, body: '<html><body>Portal</body></html>' },
    },
    { portal: true },
    'web_portal@ingress certain',
    { registryAnswered: true },
  ],
  [
    'a 405 where a web portal answers',
    { reason: 'method_not_allowed', status: 405, answeredBy: 'nginx' },
    { portal: true },
    'web_portal@ingress likely',
    { registryAnswered: true },
  ],
  [
    '404 to everything',
    { reason: 'session_lost', status: 404, answeredBy: 'traefik', phase: 'send', ...body('404 page not found') },
    { everything404: true },
    'no_route@ingress certain',
    { registryAnswered: true },
  ],
  [
    'an owner that does not exist',
    { status: 404, answeredBy: 'registry', ...body('Not found.') },
    { registryAnswered: true },
    'owner_missing@registry_app certain',
    { direct: 'ok' },
  ],
  [
    'plain HTTP without an answer, where a handshake shows TLS',
    { reason: 'connection_reset', phase: 'auth', answeredBy: 'none', evidence: { tlsProblem: 'plain_http' } },
    { direct: 'ok', proven: new Set(['path']) },
    'plain_http_to_tls@ingress certain',
    { cameAgain: false },
  ],
  [
    'a body that is cut without a word behind squid, and got through at another time',
    { reason: 'connection_reset', phase: 'wait', answeredBy: 'none', sentBytes: 8_000_000 },
    { direct: 'ok', registryAnswered: true, crossedSquid: true, sizeBytes: 8_000_000, passedAlikeBytes: 8_000_000 },
    'squid_request_buffer@ingress likely',
    { direct: 'same' },
  ],
  [
    'new connections that are refused, while one that stays open is answered',
    { reason: 'connect_refused', phase: 'connect', answeredBy: 'none' },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path', 'held']) },
    'connections_limited@ingress certain',
    { throughProxy: true },
  ],
  [
    'new connections that are closed without an answer, while one that stays open is answered',
    { reason: 'connection_reset', phase: 'auth', answeredBy: 'none' },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path', 'held']) },
    'connections_limited@ingress certain',
    { throughProxy: true },
  ],
  [
    'connections that get no answer after others got through: gone, or banned',
    { reason: 'connect_timeout', phase: 'connect', answeredBy: 'none' },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'no_more_connections@ingress certain',
    { direct: 'same' },
  ],
  [
    'a 501 to bodies without a length alone',
    { reason: 'method_not_allowed', status: 501, phase: 'send', answeredBy: 'nginx', blame: 'ingress' },
    { direct: 'ok', registryAnswered: true, onlyStreamedFails: true, proven: new Set(['path', 'length']) },
    'length_wanted@ingress certain',
    { passedAlikeBytes: 1_000_000 },
  ],
  [
    'bodies without a length are hung up on',
    { reason: 'connection_reset', phase: 'send', answeredBy: 'none', sentBytes: 1_000 },
    { direct: 'ok', registryAnswered: true, onlyStreamedFails: true, proven: new Set(['path', 'length']) },
    'length_wanted@ingress certain',
    { passedAlikeBytes: 1_000_000 },
  ],
  [
    'a filter’s page in the place of an answer, with 200',
    {
      status: 200,
      phase: 'send',
      blame: 'ingress',
      evidence: { headers: { 'content-type': 'text/html' }, body: '<html>The requested URL was rejected.</html>' },
    },
    { direct: 'ok', registryAnswered: true, portal: true, pagedPushes: true },
    'policy_block@ingress certain',
    { cameAgain: false },
  ],
  [
    'a read that is redirected where the registry answers 404',
    {
      reason: 'unexpected_redirect',
      status: 302,
      phase: 'start',
      answeredBy: 'nginx',
      blame: 'ingress',
      evidence: { method: 'HEAD' },
    },
    { direct: 'ok', registryAnswered: true, sessionOpened: true, proven: new Set(['path']) },
    'page_for_missing@ingress certain',
    { sessionOpened: false },
  ],
  [
    'a 403 to pulls above a size, and none to small ones',
    { reason: 'blocked_by_policy', status: 403, phase: 'pull', answeredBy: 'squid', blame: 'ingress' },
    { direct: 'ok', registryAnswered: true, proven: new Set(['pullSize', 'path']) },
    'pull_size_refused@ingress certain',
    { cameAgain: false },
  ],
  [
    'a 504 to a pull',
    { reason: 'response_timeout', status: 504, phase: 'pull', answeredBy: 'nginx', blame: 'ingress' },
    { direct: 'ok', registryAnswered: true },
    'pull_answer_late@ingress likely',
    { cameAgain: false },
  ],
  [
    'a hop that answers 500 to pulls of large blobs',
    { reason: 'registry_error', status: 500, phase: 'pull', answeredBy: 'other' },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path', 'pullSize']) },
    'pull_size_refused@ingress certain',
    { cameAgain: false },
  ],
  [
    'a registry that answers 500 to them itself',
    {
      reason: 'registry_error',
      status: 500,
      phase: 'pull',
      answeredBy: 'registry',
      registryCode: 'UNKNOWN',
      blame: 'registry_storage',
    },
    { direct: 'same', registryAnswered: true, proven: new Set(['pullSize']) },
    'storage_failing@registry_storage likely',
    { cameAgain: false },
  ],
  [
    'Traefik’s 504 right after the last byte of a long body',
    {
      reason: 'response_timeout',
      status: 504,
      phase: 'wait',
      answeredBy: 'traefik',
      sentBytes: 1_000_000,
      elapsedMs: 60_010,
      evidence: { sinceLastByteMs: 200 },
    },
    {},
    'traefik_read_timeout@ingress likely',
    { slowPassedMs: 90_000 },
  ],
  [
    'an upload that cannot be closed, though the registry knows it each time',
    {
      reason: 'session_lost',
      status: 404,
      phase: 'commit',
      answeredBy: 'registry',
      registryCode: 'BLOB_UPLOAD_INVALID',
    },
    {
      direct: 'ok',
      registryAnswered: true,
      sessionOpened: true,
      sessionTaken: true,
      session: { known: 36, disowned: 0, elsewhere: 0 },
      proven: new Set(['path']),
    },
    'upload_url_changed@ingress likely',
    { direct: 'same' },
  ],
  [
    'an upload that was asked for again, and was known and unknown by turns',
    { reason: 'session_lost', status: 404, phase: 'wait', answeredBy: 'registry', registryCode: 'BLOB_UPLOAD_INVALID' },
    {
      direct: 'ok',
      registryAnswered: true,
      sessionOpened: true,
      session: { known: 6, disowned: 6, elsewhere: 0 },
      proven: new Set(['path', 'session']),
    },
    'upload_state_not_shared@registry_app certain',
    { session: { known: 0, disowned: 12, elsewhere: 0 } },
  ],
  [
    'uploads that the registry never knows over this path',
    { reason: 'session_lost', status: 404, phase: 'wait', answeredBy: 'registry', registryCode: 'BLOB_UPLOAD_INVALID' },
    {
      direct: 'ok',
      registryAnswered: true,
      sessionOpened: true,
      session: { known: 0, disowned: 12, elsewhere: 0 },
      proven: new Set(['path']),
    },
    'upload_url_changed@ingress likely',
    { sessionTaken: true },
  ],
  [
    'a 405 of files: a hop answers for the upload to GET as well',
    { reason: 'method_not_allowed', status: 405, answeredBy: 'nginx', blame: 'ingress' },
    {
      direct: 'ok',
      registryAnswered: true,
      sessionOpened: true,
      session: { known: 0, disowned: 0, elsewhere: 6 },
      proven: new Set(['path']),
    },
    'upload_routed_elsewhere@ingress certain',
    { session: { known: 6, disowned: 0, elsewhere: 0 } },
  ],
  [
    'a PATCH accepted without Range, and so is one whose upload got through',
    { reason: 'body_dropped', phase: 'send', status: 202, answeredBy: 'registry', sentBytes: 65_536 },
    { direct: 'ok', registryAnswered: true, rangeNotSaid: true, proven: new Set(['path', 'length']) },
    'range_not_said@ingress certain',
    { rangeNotSaid: false },
  ],
  [
    'a 401 whose WWW-Authenticate is gone',
    { ...refused, reason: 'auth_challenge_bad', evidence: { authProblem: 'challenge_missing' } },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'challenge_missing@ingress certain',
    { direct: 'same' },
  ],
  [
    'a page and 200 in the place of a 404, beside answers of the registry',
    {
      status: 200,
      phase: 'pull',
      answeredBy: 'nginx',
      evidence: { body: 'Portal', headers: { 'content-type': 'text/html' } },
    },
    { direct: 'ok', registryAnswered: true, portal: true },
    'page_for_missing@ingress certain',
    { direct: 'same' },
  ],
  [
    'the store of blobs finds the clocks too far apart',
    {
      reason: 'blocked_by_policy',
      phase: 'verify',
      status: 403,
      answeredBy: 'other',
      evidence: {
        redirectedFrom: 'https://r.example/v2/a/blobs/sha256:0',
        body: '<Error><Code>RequestTimeTooSkewed</Code></Error>',
      },
    },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'redirect_store_refuses@registry_storage certain',
    { cameAgain: false },
  ],
  [
    'the store of blobs has a certificate that is not known here',
    {
      reason: 'tls_failure',
      phase: 'tls',
      answeredBy: 'none',
      evidence: { redirectedFrom: 'https://r.example/v2/a/blobs/sha256:0', tlsProblem: 'unknown_ca' },
    },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'redirect_store_unreachable@registry_storage certain',
    { cameAgain: false },
  ],
  [
    'an upload that a hop leads elsewhere',
    { reason: 'session_lost', status: 404, phase: 'send', answeredBy: 'nginx' },
    { registryAnswered: true, sessionOpened: true },
    'upload_routed_elsewhere@ingress likely',
    { everything404: true, sessionOpened: false },
  ],
  [
    'read-only',
    {
      reason: 'method_not_allowed',
      status: 405,
      answeredBy: 'registry',
      ...body('{"errors":[{"code":"DENIED","message":"the system is in read only mode"}]}'),
    },
    { registryAnswered: true },
    'registry_read_only@registry_app certain',
    { cameAgain: false },
  ],
  [
    'a package above its size limit',
    empty403,
    { smallPassed: true, smallPassedAfter: true, loginWorks: true, proven: new Set(['size']) },
    'gitea_size_limit@registry_app certain',
    { passedAlikeBytes: 40_000_000 },
  ],
  [
    'a token that was just given',
    refused,
    { tokenServed: true, tokenAgeMs: 3, oldestTokenMs: 40, directLoginWorks: true, proven: new Set(['path']) },
    'token_not_accepted@auth_server likely',
    { smallPassed: true, tokenAgeMs: 60_000, oldestTokenMs: 40 },
  ],
  [
    'a token that is older than all that were taken, and a younger one was refused, too',
    refused,
    {
      tokenServed: true,
      smallPassed: true,
      tokenAgeMs: 900,
      oldestTokenMs: 800,
      youngestRefusedMs: 3,
      proven: new Set(['path']),
    },
    'token_not_accepted@auth_server likely',
    { youngestRefusedMs: 900 },
  ],
  [
    'HAProxy’s 504 in the middle of a body that the registry no longer takes',
    { reason: 'response_timeout', status: 504, answeredBy: 'haproxy', phase: 'send', sentBytes: 3_000_000 },
    { direct: 'ok', registryAnswered: true, sessionOpened: true, smallPassed: true },
    'haproxy_server_timeout@ingress likely',
    { everything404: true },
  ],
  [
    'Traefik ends a body whose last bytes are on their way, and slow small ones after the same time',
    { reason: 'response_timeout', status: 504, answeredBy: 'traefik', phase: 'wait', elapsedMs: 60_900 },
    { direct: 'ok', registryAnswered: true, endedAfterMs: 60_300, arrived: 'part', proven: new Set(['path', 'pace']) },
    'traefik_read_timeout@ingress certain',
    { endedAfterMs: undefined },
  ],
  [
    'Basic is asked for beside Bearer, and docker sends it at last',
    { ...refused, evidence: { challenge: 'bearer realm="https://r/token"; basic realm="x"; answered with basic' } },
    { tokenServed: true, directLoginWorks: true },
    'login_offered_twice@ingress certain',
    { direct: 'same' },
  ],
  [
    'nginx fails while it holds a body',
    { status: 500, answeredBy: 'nginx', phase: 'wait', sentBytes: 65_536 },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'nginx_temp_full@ingress certain',
    { bareFails: true },
  ],
  [
    'nginx fails each request, with a body or without',
    { status: 500, answeredBy: 'nginx', phase: 'auth', ...body('<center><h1>500 Internal Server Error</h1></center>') },
    { direct: 'ok', bareFails: true, proven: new Set(['path']) },
    'hop_fails_always@ingress certain',
    { direct: 'same' },
  ],
  [
    'Apache refuses each request with a status that no rule knows',
    {
      status: 421,
      reason: 'unexpected_response',
      answeredBy: 'apache',
      phase: 'auth',
      ...body('<h1>Misdirected Request</h1>'),
    },
    { direct: 'ok', bareFails: true, proven: new Set(['path']) },
    'hop_fails_always@ingress certain',
    { registryAnswered: true },
  ],
  [
    '502 without words, by turns',
    { ...gateway(502), answeredBy: 'traefik', ...body('Bad Gateway') },
    { direct: 'ok', registryAnswered: true, byTurns: true, proven: new Set(['path']) },
    'hop_reaches_registry_at_times@ingress likely',
    { byTurns: false },
  ],
  [
    'https was asked for, and tokens are to be had at http of the same host',
    {
      ...refused,
      reason: 'auth_challenge_bad',
      evidence: {
        authProblem: 'realm_not_allowed',
        url: 'https://registry.example/v2/',
        challenge: 'bearer realm="http://registry.example/v2/token" service="container_registry" scope="*"',
      },
    },
    { direct: 'ok', registryAnswered: true },
    'forwarded_proto_missing@ingress certain',
    { portal: true },
  ],
  [
    'https was asked for, and tokens are to be had at http of another host',
    {
      ...refused,
      reason: 'auth_challenge_bad',
      evidence: {
        authProblem: 'realm_not_allowed',
        url: 'https://registry.example/v2/',
        challenge: 'bearer realm="http://tokens.example/v2/token" service="container_registry" scope="*"',
      },
    },
    { direct: 'ok', registryAnswered: true },
    'token_service_elsewhere@prober certain',
  ],
  [
    'the registry is there and has nothing at /v2/',
    { status: 404, answeredBy: 'registry', phase: 'auth', ...body('404 page not found') },
    { direct: 'same', registryAnswered: true, pingMissing: true, proven: new Set(['everywhere']) },
    'api_elsewhere@registry_app certain',
    { pingMissing: false },
  ],
  [
    'one server of several is a portal',
    {
      status: 200,
      phase: 'start',
      evidence: { headers: { 'content-type': 'text/html' }, body: '<html>Welcome</html>' },
    },
    { direct: 'ok', registryAnswered: true, portal: true, pagedPushes: true },
    'web_portal@ingress certain',
    { pagedPushes: false },
  ],
  [
    'PATCH is hung up on before a segment of it is acknowledged, whatever this host’s kernel took',
    {
      reason: 'connection_reset',
      phase: 'send',
      answeredBy: 'none',
      sentBytes: 4_000_000,
      elapsedMs: 30,
      evidence: { kernel: { viaProxy: false, ackedBytes: 0, mssBytes: 1_448 } },
    },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'closed_unanswered@ingress certain',
    { cameAgain: false },
  ],
  [
    'PATCH is hung up on, on fresh connections as well',
    { reason: 'stale_connection', phase: 'send', answeredBy: 'none', sentBytes: 32_768 },
    { direct: 'ok', registryAnswered: true, freshPassed: false, proven: new Set(['path']) },
    'closed_unanswered@ingress certain',
    { freshPassed: true },
  ],
  [
    'a 504 to everything, where the registry answers quickly over another path',
    { reason: 'response_timeout', status: 504, answeredBy: 'nginx', ...body('504 Gateway Time-out') },
    { direct: 'ok', bareFails: true, proven: new Set(['path']) },
    'hop_cannot_reach_registry@ingress certain',
    { direct: 'slow' },
  ],
  [
    'a 504 to everything, where the registry is as slow over another path',
    { reason: 'response_timeout', status: 504, answeredBy: 'nginx', ...body('504 Gateway Time-out') },
    { direct: 'slow', bareFails: true },
    'nginx_read_timeout@registry_storage certain',
    { direct: 'ok' },
  ],
  [
    'the registry behind the hop wants TLS',
    {
      status: 400,
      answeredBy: 'nginx',
      evidence: { url: 'https://r/v2/', body: 'Client sent an HTTP request to an HTTPS server.' },
    },
    { direct: 'ok', bareFails: true },
    'hop_tls_differs@ingress certain',
    { registryAnswered: true },
  ],
  [
    'a port behind the hop wants TLS, which the port of the path does not',
    {
      status: 400,
      answeredBy: 'other',
      evidence: { url: 'http://r/v2/', body: 'Client sent an HTTP request to an HTTPS server.' },
    },
    { direct: 'ok', bareFails: true, plainBehind: true },
    'hop_tls_differs@ingress certain',
    { plainBehind: false },
  ],
  [
    'what Go says without a header passed a hop that adds one',
    {
      status: 400,
      answeredBy: 'other',
      evidence: {
        url: 'http://r/v2/',
        body: 'Client sent an HTTP request to an HTTPS server.',
        headers: { 'transfer-encoding': 'chunked' },
      },
    },
    { direct: 'ok', bareFails: true },
    'hop_tls_differs@ingress certain',
    { registryAnswered: true },
  ],
  [
    'connections are closed at once, and nothing is answered any more',
    { reason: 'connection_reset', phase: 'connect', answeredBy: 'none', sentBytes: 0 },
    { direct: 'ok', registryAnswered: true, noneAnsweredSince: true, proven: new Set(['path']) },
    'no_more_connections@ingress certain',
    { noneAnsweredSince: false },
  ],
  [
    'a registry that fails what comes over this path alone',
    { reason: 'registry_error', status: 500, registryCode: 'UNKNOWN', answeredBy: 'registry', phase: 'wait' },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'registry_fails_here@ingress certain',
    { cameAgain: false },
  ],
  [
    'one whose storage fails on this path alone, in words',
    {
      reason: 'registry_error',
      status: 500,
      answeredBy: 'registry',
      phase: 'wait',
      ...body('s3aws: input/output error'),
    },
    { direct: 'ok', registryAnswered: true, proven: new Set(['path']) },
    'storage_failing@registry_storage certain',
    { cameAgain: false },
  ],
  [
    'the token service is not where the challenge says',
    { reason: 'auth_rejected', status: 404, answeredBy: 'nginx', phase: 'auth', ...tokenRefused },
    { direct: 'same' },
    'token_service_missing@auth_server certain',
    { cameAgain: false },
  ],
  [
    'the token service is asked too often',
    { reason: 'auth_rejected', status: 429, answeredBy: 'other', phase: 'auth', blame: 'auth_server', ...tokenRefused },
    { direct: 'ok' },
    'rate_limited@auth_server certain',
    { everything404: true },
  ],
  [
    'a rule refuses the way to the token service',
    { reason: 'auth_rejected', status: 403, answeredBy: 'nginx', phase: 'auth', ...tokenRefused },
    { direct: 'ok', directLoginWorks: true, proven: new Set(['path']) },
    'policy_block@ingress certain',
    { cameAgain: false },
  ],
  [
    'a token service behind an edge says that the login is wrong',
    {
      reason: 'auth_rejected',
      status: 403,
      answeredBy: 'cloudflare',
      phase: 'auth',
      evidence: { authProblem: 'token_refused', body: 'incorrect user name or password' },
    },
    {},
    'credentials_rejected@auth_server certain',
    { loginWorks: true },
  ],
  [
    'a token service of its own that says so on a page',
    {
      reason: 'auth_rejected',
      status: 403,
      answeredBy: 'other',
      phase: 'auth',
      evidence: { authProblem: 'token_refused', body: '<html>incorrect user name or password' },
    },
    {},
    'credentials_rejected@auth_server certain',
    { loginWorks: true },
  ],
  [
    'a token service that is there, and answers 404 in JSON',
    {
      reason: 'auth_rejected',
      status: 404,
      answeredBy: 'other',
      phase: 'auth',
      evidence: {
        authProblem: 'token_refused',
        body: '{"status":404}',
        headers: { 'content-type': 'application/json' },
      },
    },
    {},
    'token_service_missing@auth_server likely',
    { cameAgain: false },
  ],
  [
    'a token service that knows no such user, in the registry’s own words',
    {
      reason: 'auth_rejected',
      status: 404,
      answeredBy: 'registry',
      registryCode: 'NAME_UNKNOWN',
      phase: 'auth',
      evidence: {
        authProblem: 'token_refused',
        body: '{"errors":[{"code":"NAME_UNKNOWN","message":"no such owner"}]}',
      },
    },
    {},
    'owner_missing@registry_app certain',
  ],
  [
    'large bodies alone are answered 502, at once',
    { reason: 'origin_unreachable', status: 502, answeredBy: 'nginx', phase: 'wait', sentBytes: 4_000_000 },
    largeOnesFail,
    'large_body_refused_behind@ingress certain',
    { passedAlikeBytes: 4_000_000 },
  ],
  [
    'large bodies alone are answered 502, a while after the last byte, which may still have been under way',
    {
      reason: 'origin_unreachable',
      status: 502,
      answeredBy: 'nginx',
      phase: 'wait',
      sentBytes: 4_000_000,
      elapsedMs: 2_000,
      evidence: { sinceLastByteMs: 1_000 },
    },
    largeOnesFail,
    'large_body_refused_behind@ingress certain',
    { constantMs: 1_000 },
  ],
  [
    'a large body is cut at once, a small one is not',
    { reason: 'connection_reset', phase: 'send', answeredBy: 'none', sentBytes: 1_000_000, elapsedMs: 10 },
    { direct: 'ok', registryAnswered: true, smallPassed: true, sizeBytes: 4_000_000, proven: new Set(['size']) },
    'size_cut@ingress likely',
    { passedAlikeBytes: 4_000_000 },
  ],
  [
    'a large body is cut at once that declares its length, and one without gets through',
    { reason: 'connection_reset', phase: 'send', answeredBy: 'none', sentBytes: 1_000_000, elapsedMs: 10 },
    {
      direct: 'ok',
      registryAnswered: true,
      smallPassed: true,
      sizeBytes: 4_000_000,
      passedBytes: 4_000_000,
      proven: new Set(['size']),
    },
    'size_cut@ingress likely',
    { passedAlikeBytes: 4_000_000 },
  ],
  [
    'a large body is answered 403 by a rule, and small ones pass',
    { reason: 'blocked_by_policy', phase: 'wait', status: 403, answeredBy: 'haproxy', sentBytes: 4_000_000 },
    { direct: 'ok', registryAnswered: true, smallPassed: true, sizeBytes: 4_000_000, proven: new Set(['size']) },
    'large_bodies_refused@ingress certain',
    { passedAlikeBytes: 4_000_000 },
  ],
  [
    'a blob that is there and empty, as a hop answers HEAD itself',
    {
      reason: 'verify_failed',
      phase: 'verify',
      status: 200,
      answeredBy: 'other',
      evidence: { headers: { 'content-length': '0' } },
    },
    { registryAnswered: true, direct: 'ok', proven: new Set(['path']) },
    'blob_not_passed_on@ingress certain',
    { direct: 'same' },
  ],
  [
    'the registry refuses uploads for a reason that no rule knows',
    {
      status: 412,
      answeredBy: 'registry',
      registryCode: 'PRECONDITION',
      ...body('{"errors":[{"code":"PRECONDITION","message":"locked by a running garbage collection"}]}'),
    },
    { registryAnswered: true, direct: 'same', proven: new Set(['everywhere']) },
    'uploads_refused@registry_app certain',
    { direct: 'ok' },
  ],
  [
    'the registry refuses a body, and not for a quota',
    {
      reason: 'auth_rejected',
      phase: 'commit',
      status: 403,
      answeredBy: 'registry',
      registryCode: 'DENIED',
      sentBytes: 65_536,
      ...body('{"errors":[{"code":"DENIED","message":"the project is archived"}]}'),
    },
    { registryAnswered: true, loginWorks: true, direct: 'same', proven: new Set(['everywhere']) },
    'uploads_refused@registry_app certain',
    { direct: 'ok' },
  ],
  [
    'the port of the path wants TLS',
    {
      status: 400,
      answeredBy: 'nginx',
      evidence: { url: 'http://r/v2/', body: 'The plain HTTP request was sent to HTTPS port' },
    },
    { direct: 'ok', bareFails: true },
    'plain_http_to_tls@ingress certain',
    { cameAgain: false },
  ],
  [
    'Envoy speaks HTTP/2 to a registry of HTTP/1.1',
    { ...gateway(502), answeredBy: 'envoy', ...body('upstream connect error. reset reason: protocol error') },
    { direct: 'ok', bareFails: true },
    'hop_http2_upstream@ingress certain',
    { registryAnswered: true },
  ],
  [
    'bytes that are no HTTP',
    { answeredBy: 'none', evidence: { code: 'UNREADABLE_ANSWER', body: 'SSH-2.0-OpenSSH_9.2' } },
    { direct: 'ok', bareFails: true, proven: new Set(['path']) },
    'not_http@ingress certain',
    { registryAnswered: true },
  ],
  [
    'Traefik’s circuit breaker',
    { ...gateway(503), answeredBy: 'traefik', ...body('Service Unavailable') },
    { direct: 'ok', bareFails: true, proven: new Set(['path']) },
    'traefik_says_503@ingress certain',
    { direct: 'same' },
  ],
  [
    'every request is answered 404, though the status is odd for it',
    { status: 404, answeredBy: 'traefik', phase: 'auth', ...body('404 page not found') },
    { direct: 'ok', bareFails: true, everything404: true, proven: new Set(['path']) },
    'no_route@ingress certain',
    { registryAnswered: true },
  ],
  [
    'a forward proxy finds no address, and gets the whole URL',
    {
      ...gateway(503),
      answeredBy: 'squid',
      evidence: { url: 'http://r/v2/', headers: { 'x-squid-error': 'ERR_DNS_FAIL 0' } },
    },
    { direct: 'ok', throughProxy: true, bareFails: true, proven: new Set(['path']) },
    'proxy_reaches_nobody@client_network certain',
    { registryAnswered: true },
  ],
  [
    'a forward proxy denies the host, and gets the whole URL',
    {
      reason: 'blocked_by_policy',
      status: 403,
      answeredBy: 'squid',
      evidence: { url: 'http://r/v2/', headers: { 'x-squid-error': 'ERR_ACCESS_DENIED 0' } },
    },
    { direct: 'ok', throughProxy: true },
    'proxy_forbids@client_network certain',
    { registryAnswered: true },
  ],
  [
    'the Location is https, and the path is not',
    {
      reason: 'location_invalid',
      status: 202,
      answeredBy: 'registry',
      evidence: { url: 'http://r:8080/v2/a/blobs/uploads/', location: 'https://r:8080/v2/a/blobs/uploads/x' },
    },
    { direct: 'ok', registryAnswered: true, sessionOpened: true },
    'location_other_scheme@ingress certain',
    { sessionOpened: false, portal: true },
  ],
  [
    'the Location is https at another address of IPv6, over both paths',
    {
      reason: 'location_invalid',
      status: 202,
      answeredBy: 'registry',
      evidence: {
        url: 'http://[fd00::1]:8080/v2/a/blobs/uploads/',
        location: 'https://[fd00::2]/v2/a/blobs/uploads/x',
      },
    },
    { direct: 'same', registryAnswered: true, sessionOpened: true, proven: new Set(['everywhere']) },
    'location_configured@registry_app certain',
    { direct: 'ok' },
  ],
  [
    'the Location is https at the same host, which holds a word of the password',
    {
      reason: 'location_invalid',
      status: 202,
      answeredBy: 'registry',
      evidence: { url: 'http://<secret>.example/v2/', location: 'https://<secret>.example/v2/a/blobs/uploads/x' },
    },
    { direct: 'ok', registryAnswered: true, sessionOpened: true },
    'location_other_scheme@ingress certain',
    { sessionOpened: false, portal: true },
  ],
  [
    'the Location is another host, over both paths',
    {
      reason: 'location_invalid',
      status: 202,
      answeredBy: 'registry',
      evidence: { url: 'https://r/v2/a/blobs/uploads/', location: 'https://elsewhere/v2/a/blobs/uploads/x' },
    },
    { direct: 'same', registryAnswered: true, sessionOpened: true, proven: new Set(['everywhere']) },
    'location_configured@registry_app certain',
    { direct: 'ok' },
  ],
  [
    'a login that has expired',
    {
      ...refused,
      status: 403,
      ...body('{"errors":[{"code":"DENIED","message":"Your authorization token has expired."}]}'),
    },
    {},
    'login_expired@auth_server certain',
    { loginWorks: true },
  ],
  [
    'an address that is not allowed',
    { ...refused, status: 403, blame: 'auth_server', ...body("client with IP '203.0.113.7' is not allowed access.") },
    {},
    'address_not_allowed@auth_server certain',
    { loginWorks: true },
  ],
  [
    'a name that the registry does not take',
    { status: 400, answeredBy: 'registry', registryCode: 'NAME_INVALID' },
    { registryAnswered: true },
    'name_refused@registry_app certain',
    { sessionOpened: true },
  ],
  [
    'a page of the registry’s own says over both paths that it is read-only',
    { ...gateway(503), answeredBy: 'nginx', ...body('<html>Repository Manager is in read-only mode</html>') },
    { direct: 'same', registryAnswered: true },
    'registry_read_only@registry_app certain',
    { direct: 'none' },
  ],
  [
    'Varnish has no patience with a POST that the registry needs as long for over another path',
    { ...gateway(503), answeredBy: 'varnish', phase: 'start' },
    { direct: 'slow', registryAnswered: true, bareFails: true },
    'gateway_timeout@registry_storage likely',
    { direct: 'ok' },
  ],
  [
    'Apache has no patience with any request',
    { ...gateway(502), answeredBy: 'apache', phase: 'auth' },
    { direct: 'slow', bareFails: true },
    'apache_proxy_timeout@registry_storage likely',
    { direct: 'ok' },
  ],
  [
    'a cache keeps the 401 of GET /v2/',
    { ...refused, evidence: { url: 'https://r/v2/' } },
    { direct: 'ok', registryAnswered: true, loginWorks: true },
    'login_refused_once@ingress likely',
    { loginWorks: false },
  ],
  [
    'a forward proxy of another maker denies everything',
    { reason: 'blocked_by_policy', status: 403, answeredBy: 'other', evidence: { url: 'http://r/v2/' } },
    { direct: 'ok', throughProxy: true, bareFails: true },
    'proxy_forbids@client_network likely',
    { registryAnswered: true },
  ],
  [
    'cut over both paths',
    { reason: 'connection_reset', phase: 'send', answeredBy: 'none', sentBytes: 32_768 },
    { direct: 'same', registryAnswered: true, proven: new Set(['everywhere']) },
    'closed_everywhere@registry_app certain',
    { direct: 'ok' },
  ],
  [
    'a kept connection is closed, fresh ones pass',
    { reason: 'stale_connection', phase: 'send', answeredBy: 'none' },
    { direct: 'ok', registryAnswered: true, freshPassed: true, proven: new Set(['connection']) },
    'stale_keep_alive@ingress certain',
    { freshPassed: undefined },
  ],
  [
    'the answer that opens an upload has no Location',
    { reason: 'location_invalid', status: 202, answeredBy: 'registry' },
    { direct: 'ok', registryAnswered: true, sessionOpened: true, proven: new Set(['path']) },
    'location_missing@ingress certain',
    { direct: 'same' },
  ],
  [
    'a login that may pull and not push',
    { ...refused, phase: 'start', evidence: { challenge: 'bearer realm="https://r" error="insufficient_scope"' } },
    { direct: 'same', registryAnswered: true, tokenServed: true, proven: new Set(['everywhere']) },
    'push_not_allowed@auth_server certain',
    { loginWorks: true },
  ],
  [
    'the token service answers with a page',
    {
      reason: 'auth_rejected',
      phase: 'auth',
      status: 200,
      evidence: {
        authProblem: 'token_reply_invalid',
        body: '<html>Sign in</html>',
        headers: { 'content-type': 'text/html' },
      },
    },
    { registryAnswered: true, portal: true },
    'token_service_page@auth_server certain',
    { cameAgain: false },
  ],
  [
    'the token service has too much to do',
    { reason: 'auth_rejected', phase: 'auth', status: 503, ...body('overloaded') },
    { registryAnswered: true },
    'token_service_down@auth_server certain',
    { cameAgain: false },
  ],
  [
    'the forward proxy is away',
    { reason: 'connect_refused', phase: 'connect', answeredBy: 'none', evidence: { code: 'ECONNREFUSED' } },
    { direct: 'ok', throughProxy: true, proven: new Set(['path']) },
    'proxy_away@client_network certain',
    { registryAnswered: true },
  ],
  [
    'the forward proxy gets no connection',
    { reason: 'connect_refused', phase: 'connect', answeredBy: 'none', evidence: { code: 'PROXY_503' } },
    { direct: 'ok', throughProxy: true },
    'proxy_reaches_nobody@client_network certain',
    { registryAnswered: true },
  ],
  [
    'Envoy ends a stream in which the registry is silent',
    { reason: 'response_timeout', status: 504, phase: 'commit', answeredBy: 'envoy', ...body('stream timeout') },
    { registryAnswered: true, proven: new Set(['clock']) },
    'envoy_idle_timeout@ingress certain',
    { restPassedMs: 60_000 },
  ],
  ['nobody logged in', refused, { anonymous: true }, 'credentials_missing@prober certain', { loginWorks: true }],
  [
    'a login that works elsewhere',
    refused,
    { directLoginWorks: true },
    'login_differs_by_path@ingress likely',
    { loginWorks: true },
  ],
  [
    'Envoy’s limit on the whole request',
    {
      reason: 'request_timeout',
      status: 408,
      phase: 'send',
      answeredBy: 'envoy',
      elapsedMs: 3_000,
      ...body('request timeout'),
    },
    {},
    'envoy_request_timeout@ingress certain',
    { slowPassedMs: 60_000 },
  ],
  [
    'Envoy’s limit on the age of a stream',
    {
      reason: 'request_timeout',
      status: 408,
      phase: 'send',
      answeredBy: 'envoy',
      elapsedMs: 3_000,
      ...body('downstream duration timeout'),
    },
    {},
    'envoy_max_stream_duration@ingress certain',
    { slowPassedMs: 60_000 },
  ],
  [
    'Traefik before the end of the body',
    {
      reason: 'response_timeout',
      status: 504,
      phase: 'send',
      answeredBy: 'traefik',
      elapsedMs: 60_300,
      ...body('Gateway Timeout'),
    },
    {},
    'traefik_read_timeout@ingress likely',
    { slowPassedMs: 125_000 },
  ],
  [
    'Apache’s limit on the rate',
    {
      reason: 'request_timeout',
      status: 408,
      phase: 'send',
      answeredBy: 'apache',
      ...body('<title>408 Request Timeout</title>'),
    },
    {},
    'apache_request_timeout@ingress certain',
    { slowPassedMs: 125_000 },
  ],
  [
    'a slow body, answered with an error',
    { ...gateway(502), phase: 'send', answeredBy: 'caddy', elapsedMs: 9_000 },
    { isSlowBody: true, registryAnswered: true },
    'slow_bodies_refused@ingress likely',
    { slowPassedMs: 60_000 },
  ],
  [
    'cut while the registry stores, always after the same time',
    {
      reason: 'connection_reset',
      phase: 'wait',
      answeredBy: 'none',
      sentBytes: 9_000_000,
      elapsedMs: 5_200,
      evidence: { sinceLastByteMs: 5_000 },
    },
    { constantMs: 5_000, direct: 'slow', smallPassed: true },
    'answer_time_limit@registry_storage likely',
    { idleEndedAfterMs: 5_000 },
  ],
  [
    'an answer that is cut after a time, and another that took as long was not',
    {
      reason: 'connection_reset',
      phase: 'wait',
      answeredBy: 'none',
      sentBytes: 9_000_000,
      elapsedMs: 5_200,
      evidence: { sinceLastByteMs: 5_000 },
    },
    { constantMs: 5_000, direct: 'slow', smallPassed: true, longestAnsweredMs: 5_400 },
    'answer_time_limit@registry_storage likely',
    { longestAnsweredMs: 5_600 },
  ],
  [
    'Apache 413',
    { reason: 'body_too_large', status: 413, answeredBy: 'apache', ...body('<h1>Request Entity Too Large</h1>') },
    {},
    'apache_body_limit@ingress certain',
    { passedAlikeBytes: 9 },
  ],
  [
    'squid 413',
    {
      reason: 'body_too_large',
      status: 413,
      answeredBy: 'squid',
      evidence: { headers: { 'x-squid-error': 'ERR_TOO_BIG 0' } },
    },
    { throughProxy: true },
    'squid_body_limit@client_network certain',
    { passedAlikeBytes: 9 },
  ],
  [
    'squid 413, no forward proxy',
    { reason: 'body_too_large', status: 413, answeredBy: 'squid', blame: 'ingress' },
    {},
    'squid_body_limit@ingress likely',
    { passedAlikeBytes: 9 },
  ],
  [
    'a larger body got through, sent in another way',
    {
      reason: 'body_too_large',
      status: 413,
      answeredBy: 'haproxy',
      ...body('The request entity exceeds the maximum allowed.'),
    },
    { passedBytes: 9_000_000, proven: new Set(['size']) },
    'haproxy_body_limit@ingress certain',
    { passedAlikeBytes: 9_000_000 },
  ],
  [
    'the registry’s own code for what it does not do',
    {
      reason: 'method_not_allowed',
      status: 405,
      answeredBy: 'registry',
      registryCode: 'UNSUPPORTED',
      ...body('{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}'),
    },
    { registryAnswered: true },
    'registry_read_only@registry_app certain',
    { sessionOpened: true },
  ],
  [
    'a 405 of a hop',
    { reason: 'method_not_allowed', status: 405, answeredBy: 'nginx', blame: 'ingress' },
    { registryAnswered: true, sessionOpened: true },
    'method_blocked@ingress likely',
    { portal: true, registryAnswered: false },
  ],
  [
    '503 to a host with a port, and to no other',
    {
      ...gateway(503),
      answeredBy: 'haproxy',
      blame: 'ingress',
      ...body('No server is available to handle this request.'),
    },
    { registryAnswered: true, sessionOpened: true, byTurns: true, onlyOtherHostFails: true },
    'host_with_port_unknown@ingress likely',
    { onlyOtherHostFails: false },
  ],
  [
    '/v2/ that asks for no login',
    { ...refused, evidence: { authProblem: 'ping_asked_nothing' } },
    { registryAnswered: true },
    'login_not_asked@auth_server certain',
    { pingAsks: true },
  ],
  [
    'a store whose name does not resolve',
    {
      reason: 'dns_failure',
      phase: 'dns',
      answeredBy: 'none',
      evidence: { code: 'ENOTFOUND', redirectedFrom: 'https://registry.example/v2/team/probe/blobs/sha256:00' },
    },
    { registryAnswered: true },
    'redirect_store_unreachable@registry_storage certain',
    { cameAgain: false },
  ],
  [
    'http redirected to a port without TLS',
    {
      ...tls('not_tls', 'ERR_SSL_WRONG_VERSION_NUMBER'),
      blame: 'ingress',
      evidence: { tlsProblem: 'not_tls', redirectedFrom: 'http://registry.example/v2/' },
    },
    {},
    'redirect_leads_nowhere@ingress certain',
    { cameAgain: false },
  ],
  [
    'PROXY_407',
    { reason: 'connect_refused', phase: 'connect', answeredBy: 'none', evidence: { code: 'PROXY_407' } },
    {},
    'proxy_login_wanted@client_network certain',
    { registryAnswered: true },
  ],
  [
    'PROXY_403',
    { reason: 'connect_refused', phase: 'connect', answeredBy: 'none', evidence: { code: 'PROXY_403' } },
    {},
    'proxy_forbids@client_network certain',
    { registryAnswered: true },
  ],
  [
    'SERVFAIL',
    { reason: 'dns_failure', phase: 'dns', answeredBy: 'none', evidence: { code: 'ESERVFAIL' } },
    {},
    'resolver_fails@dns certain',
    { registryAnswered: true },
  ],
  [
    'a client certificate wanted, said in TLS',
    tls('client_certificate_wanted', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
    {},
    'client_certificate_wanted@ingress certain',
    { cameAgain: false },
  ],
  [
    'a client certificate wanted, said in words',
    { status: 400, answeredBy: 'nginx', ...body('<h1>400</h1>No required SSL certificate was sent') },
    // For some requests alone.
    { registryAnswered: true },
    'client_certificate_wanted@ingress certain',
    { cameAgain: false },
  ],
  [
    'a client certificate wanted for some requests, said by Apache',
    {
      reason: 'blocked_by_policy',
      status: 403,
      answeredBy: 'apache',
      ...body('<h1>Forbidden</h1>Reason: Cannot perform Post-Handshake Authentication.'),
    },
    { registryAnswered: true, direct: 'ok', proven: new Set(['path']) },
    'client_certificate_wanted@ingress certain',
    { cameAgain: false },
  ],
  [
    'a password is taken with POST, and asked for again with PUT',
    {
      reason: 'auth_expired',
      phase: 'commit',
      status: 401,
      answeredBy: 'registry',
      sentBytes: 65_536,
      evidence: { challenge: 'basic realm="r"' },
    },
    { registryAnswered: true, loginWorks: true, direct: 'ok', proven: new Set(['path']) },
    'login_refused_at_times@ingress certain',
    { direct: 'same' },
  ],
  [
    'GET /v2/ is refused, and so are other requests',
    { ...refused, evidence: { url: 'https://registry.example/v2/', challenge: 'basic realm="r"' } },
    { registryAnswered: true, loginWorks: true, othersAlike: true, direct: 'ok', proven: new Set(['path']) },
    'login_refused_at_times@ingress certain',
    { loginWorks: false },
  ],
  [
    'success without a word, from a path that knows no registry',
    { status: 204, answeredBy: 'nginx' },
    { unmarked: true, direct: 'ok', proven: new Set(['path']) },
    'web_portal@ingress certain',
    { unmarked: false },
  ],
  [
    'PATCH is answered by a hop, and bodies of PUT arrive',
    { reason: 'body_dropped', status: 202, answeredBy: 'nginx', sentBytes: 65_536 },
    { declaredPassed: true, patchLosesBodies: true, direct: 'ok', proven: new Set(['path', 'length']) },
    'patch_not_passed_on@ingress certain',
    { patchLosesBodies: false },
  ],
  [
    'a blob is there over another path, and not over this one',
    { reason: 'verify_failed', phase: 'verify', status: 404, answeredBy: 'registry' },
    { registryAnswered: true, direct: 'ok', proven: new Set(['path']) },
    'blob_not_passed_on@ingress certain',
    { direct: 'same' },
  ],
  [
    'uploads are refused and opened by turns',
    { reason: 'method_not_allowed', status: 405, answeredBy: 'registry', registryCode: 'UNSUPPORTED' },
    { registryAnswered: true, sessionOpened: true, refusedByTurns: true, direct: 'ok' },
    'servers_differ@registry_app likely',
    { refusedByTurns: false },
  ],
  [
    'plain HTTP on the port',
    tls('not_tls', 'ERR_SSL_WRONG_VERSION_NUMBER'),
    {},
    'tls_to_plain_http@ingress certain',
    { registryAnswered: true },
  ],
  [
    'not valid yet',
    tls('not_yet_valid', 'CERT_NOT_YET_VALID'),
    {},
    'tls_not_yet_valid@ingress certain',
    { registryAnswered: true },
  ],
  [
    'another name',
    tls('wrong_name', 'ERR_TLS_CERT_ALTNAME_INVALID'),
    {},
    'tls_wrong_name@ingress certain',
    { registryAnswered: true },
  ],
  [
    'a name as common name alone',
    tls('name_in_cn', 'CERT_NAME_IN_CN'),
    {},
    'tls_name_in_cn@ingress certain',
    { registryAnswered: true },
  ],
  [
    'unknown CA',
    tls('unknown_ca', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    {},
    'tls_unknown_ca@ingress certain',
    { registryAnswered: true },
  ],
  [
    'self-signed',
    tls('self_signed', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
    {},
    'tls_unknown_ca@ingress certain',
    { registryAnswered: true },
  ],
  [
    'no common version',
    tls('protocol_version', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'),
    {},
    'tls_version@ingress certain',
    { registryAnswered: true },
  ],
  [
    'a name without a certificate',
    tls('name_unknown', 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME'),
    {},
    'tls_no_certificate_for_name@ingress certain',
    { registryAnswered: true },
  ],
  ['revoked', tls('revoked', 'CERT_REVOKED'), {}, 'tls_revoked@ingress certain', { registryAnswered: true }],
  ['our own files', tls('own_files', 'ENOENT'), {}, 'tls_own_files@prober certain', { registryAnswered: true }],
  [
    'a handshake without an answer',
    tls('handshake_timeout', 'ETIMEDOUT'),
    { direct: 'ok' },
    'tls_silent@client_network likely',
    { direct: 'same' },
  ],
  [
    'a handshake that is cut',
    tls('handshake_cut', 'ECONNRESET'),
    {},
    'tls_cut@ingress open',
    { registryAnswered: true },
  ],
  [
    'some error of TLS',
    tls('other', 'ERR_SSL_DECRYPTION_FAILED'),
    {},
    'tls_not_trusted@ingress likely',
    { registryAnswered: true },
  ],
  [
    'a pull that is cut after a silence',
    { ...pullCut, evidence: { pulledBytes: 6_000_000, silentMs: 60_000 } },
    {},
    'pull_silence_limit@ingress likely',
    { direct: 'same' },
  ],
  [
    'pulls that Envoy passes on end after the same time',
    { ...pullCut, evidence: { pulledBytes: 6_000_000, silentMs: 10, headers: { server: 'envoy' } } },
    { pullCuts: { count: 2, sameMs: 15_000 }, proven: new Set(['pullTime']) },
    'envoy_pull_timeout@ingress certain',
    { direct: 'same' },
  ],
  [
    'pulls that Envoy passes on end after different times',
    { ...pullCut, evidence: { pulledBytes: 6_000_000, silentMs: 10, headers: { server: 'envoy' } } },
    { pullCuts: { count: 2 } },
    'pull_cut@ingress likely',
    { direct: 'same' },
  ],
  [
    'a pull is cut, and its coding changes nothing',
    { ...pullCut, evidence: { pulledBytes: 6_000_000, silentMs: 10, coding: 'identity' } },
    { pullCuts: { count: 1 } },
    'pull_cut@ingress likely',
    { direct: 'same' },
  ],
  [
    'pulls end after the same time, over HTTP/2',
    { ...pullCut, reason: 'http2_error', evidence: { pulledBytes: 6_000_000, silentMs: 10 } },
    { pullCuts: { count: 2, sameMs: 15_000 }, proven: new Set(['pullTime']) },
    'pull_time_limit@ingress certain',
    { cameAgain: false },
  ],
  [
    'pulls end after the same bytes',
    { ...pullCut, evidence: { pulledBytes: 6_000_000, silentMs: 10 } },
    { pullCuts: { count: 2, sameBytes: 6_000_000 }, proven: new Set(['pullBytes']) },
    'pull_size_limit@ingress certain',
    { direct: 'same' },
  ],
  [
    'pulls end after the same bytes and the same time',
    { ...pullCut, evidence: { pulledBytes: 6_000_000, silentMs: 10 } },
    { pullCuts: { count: 2, sameBytes: 6_000_000, sameMs: 15_000 } },
    'pull_time_limit@ingress open',
    { direct: 'same' },
  ],
  [
    'one pull is cut, and nobody says why',
    { ...pullCut, evidence: { pulledBytes: 6_000_000, silentMs: 10 } },
    { pullCuts: { count: 1 } },
    'pull_cut@ingress likely',
    { cameAgain: false },
  ],
  [
    'a pull is cut, and its rest is refused',
    { ...pullCut, reason: 'resume_refused', status: 416, answeredBy: 'nginx' },
    {},
    'pull_not_resumed@ingress likely',
    { cameAgain: false },
  ],
  [
    'a pull comes compressed',
    { ...pullCut, reason: 'body_truncated', evidence: { pulledBytes: 9_000, coding: 'gzip' } },
    {},
    'pull_recoded@ingress certain',
    { direct: 'same' },
  ],
  [
    'a cache has other bytes',
    { ...pullCut, reason: 'body_corrupted', evidence: { pulledBytes: 9_000, headers: { 'x-cache': 'HIT from one' } } },
    { direct: 'ok' },
    'pull_cache_wrong@ingress likely',
    { direct: 'same' },
  ],
  [
    'other bytes come back, and nobody says that it had them',
    { ...pullCut, reason: 'body_corrupted', evidence: { pulledBytes: 9_000, headers: { 'x-cache': 'MISS' } } },
    { direct: 'ok', proven: new Set(['path']) },
    'pull_altered@ingress certain',
    { direct: 'same' },
  ],
  [
    'a pull is over too soon',
    { ...pullCut, reason: 'body_truncated', evidence: { pulledBytes: 9_000 } },
    { direct: 'ok', proven: new Set(['path']) },
    'pull_short@ingress certain',
    { direct: 'same' },
  ],
];

test.each(table)('%s', (_name, changes, contrast, expected) => {
  const finding = explain(failed(changes), around(contrast), 'docker');
  expect(finding && `${finding.cause}@${finding.hop} ${finding.confidence}`).toBe(expected);
});

test.each(table.filter(([, , , , against]) => against !== undefined))(
  '%s: not when something speaks against it',
  (_name, changes, contrast, expected, against) => {
    const cause = expected.split('@')[0];
    expect(candidatesFor({ failure: failed(changes), contrast: around({ ...contrast, ...against }) })).not.toContain(
      cause,
    );
  },
);

describe('how sure a cause is', () => {
  /** Whatever can fail, answered by anybody: without a word of the other side. */
  const wordless = failureReasons.flatMap((reason) =>
    (['none', 'nginx', 'registry', 'cloudflare', 'envoy'] as const).flatMap((answeredBy) =>
      (['start', 'send', 'wait', 'commit'] as const).map((phase) =>
        failed({ reason, answeredBy, phase, sentBytes: phase === 'start' ? 0 : 1_000_000, elapsedMs: 5_000 }),
      ),
    ),
  );

  test('nothing is certain without words and without a contrast that came out twice', () => {
    for (const direct of ['none', 'ok', 'slow', 'same', 'other'] as const) {
      for (const failure of wordless) {
        const verdicts = judge([{ failure, contrast: around({ direct, registryAnswered: true, smallPassed: true }) }]);
        expect(verdicts.flat().filter(({ confidence }) => confidence === 'certain')).toEqual([]);
      }
    }
  });

  test('a catalog that a login may not read says nothing of a login that is lost for pushes', () => {
    const ofPhase = (phase: Failure['phase']): boolean => {
      const failure = failed({ ...refused, phase, evidence: { challenge: 'basic realm="r"' } });
      const contrast = around({ registryAnswered: true, loginWorks: true, direct: 'ok' });
      return candidatesFor({ failure, contrast }).includes('login_refused_at_times');
    };
    expect([ofPhase('start'), ofPhase('pull')]).toEqual([true, false]);
  });

  test('nobody closes a connection on which nothing is acknowledged any more', () => {
    const closedWith = (code: string): boolean => {
      const failure = failed({ reason: 'connection_reset', phase: 'wait', answeredBy: 'none', evidence: { code } });
      return candidatesFor({ failure, contrast: around({ direct: 'same' }) }).includes('closed_everywhere');
    };
    expect([closedWith('ECONNRESET'), closedWith('ETIMEDOUT')]).toEqual([true, false]);
  });

  test('what did not come again is never certain', () => {
    for (const [, changes, contrast] of table) {
      const verdicts = judge([{ failure: failed(changes), contrast: around({ ...contrast, cameAgain: false }) }]);
      expect(verdicts.flat().filter(({ confidence }) => confidence === 'certain')).toEqual([]);
    }
  });

  test('rivals that explain as much are all open, each with a test to make', () => {
    const failure = failed({ reason: 'connect_timeout', phase: 'connect', answeredBy: 'none' });
    const [verdicts = []] = judge([{ failure, contrast: around({}) }]);
    expect(verdicts).toEqual([
      { cause: 'registry_down', confidence: 'open' },
      { cause: 'no_way_there', confidence: 'open' },
    ]);
    expect(verdicts.every(({ cause }) => causes[cause].nextTest.length > 10)).toBe(true);
  });

  test('one that explains more failures is likely, its rivals are not named', () => {
    const collected = { smallPassed: true, arrived: 'nothing', crossedCloudflare: false } as const;
    const cut = failed({ reason: 'connection_reset', phase: 'send', answeredBy: 'none', sentBytes: 1_000_000 });
    const stall = failed({ reason: 'response_timeout', phase: 'wait', answeredBy: 'none', sentBytes: 1_000_000 });
    const verdicts = judge([
      { failure: cut, contrast: around(collected) },
      { failure: { ...stall, reason: 'upload_stalled' }, contrast: around({ ...collected, arrived: 'part' }) },
      { failure: { ...cut, phase: 'wait' }, contrast: around({ ...collected, arrived: 'part' }) },
    ]);
    expect(verdicts[0]).toEqual([{ cause: 'cut_while_collecting', confidence: 'likely' }]);
  });

  test('what one failure proves explains another that it fits', () => {
    const first = failed({
      ...gateway(503),
      answeredBy: 'haproxy',
      ...body('No server is available to handle this request.'),
    });
    const second = failed({ ...gateway(503), answeredBy: 'haproxy' });
    const contrast = around({ registryAnswered: true, byTurns: true });
    expect(judge([first, second].map((failure) => ({ failure, contrast })))).toEqual([
      [{ cause: 'hop_reaches_registry_at_times', confidence: 'certain' }],
      [{ cause: 'hop_reaches_registry_at_times', confidence: 'likely' }],
    ]);
  });

  const tooLarge = failed({
    reason: 'body_too_large',
    status: 413,
    answeredBy: 'caddy',
    phase: 'wait',
    sentBytes: 4e6,
  });

  test.each<[string, Partial<Contrast>, boolean]>([
    ['of a larger body', { sizeBytes: 8_000_000 }, true],
    ['of a smaller body', { sizeBytes: 1_000_000 }, false],
    ['of a small body that is slow', { sizeBytes: 8_000_000, isSlowBody: true }, false],
  ])('a refusal for size explains the 502 %s before it: %s', (_what, changes, explains) => {
    const front = failed({ ...gateway(502), answeredBy: 'apache', phase: 'wait', sentBytes: 1e6 });
    const seen = { direct: 'ok', registryAnswered: true, smallPassed: true } as const;
    const [, other] = judge([
      { failure: tooLarge, contrast: around({ ...seen, sizeBytes: 4_000_000, proven: new Set(['size', 'path']) }) },
      { failure: front, contrast: around({ ...seen, ...changes, proven: new Set(['path']) }) },
    ]);
    expect(other!.map(({ cause, confidence }) => `${cause} ${confidence}`)).toEqual([
      explains ? 'caddy_body_limit likely' : 'hop_fails_request certain',
    ]);
  });

  test.each<[string, Partial<Contrast>, boolean]>([
    ['a larger body than any that passed, where a search found the limit', { sizeBytes: 8_000_000 }, true],
    ['a body no larger than one that passed', { sizeBytes: 2_000_000 }, false],
    ['a body that time ends, as was proven', { sizeBytes: 8_000_000, proven: new Set(['path', 'clock']) }, false],
  ])('a refusal for size explains the cut of %s', (_what, changes, explains) => {
    const cut = failed({ reason: 'connection_reset', answeredBy: 'none', phase: 'send', sentBytes: 1e6 });
    const seen = { direct: 'ok', registryAnswered: true, smallPassed: true, passedBytes: 2_000_000 } as const;
    const [, other] = judge([
      { failure: tooLarge, contrast: around({ ...seen, proven: new Set(['size', 'path']) }) },
      { failure: cut, contrast: around({ ...seen, ...changes }) },
    ]);
    expect(other!.some(({ cause }) => cause === 'caddy_body_limit')).toBe(explains);
  });

  test('a 502 to bodies of another shape is the refusal of the registry, which came while the hop still wrote', () => {
    const refusal = failed({
      reason: 'session_lost',
      status: 404,
      registryCode: 'BLOB_UPLOAD_INVALID',
      answeredBy: 'registry',
      phase: 'wait',
      sentBytes: 65_536,
      ...body('{"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"blob upload invalid"}]}'),
    });
    const front = failed({ ...gateway(502), answeredBy: 'nginx', phase: 'wait', sentBytes: 65_536 });
    const seen: Partial<Contrast> = {
      direct: 'ok',
      registryAnswered: true,
      sessionOpened: true,
      proven: new Set(['path']),
    };
    const known = { ...seen, session: { known: 6, disowned: 0, elsewhere: 0 } };
    const cases = [
      { failure: refusal, contrast: around(known) },
      { failure: front, contrast: around(seen) },
    ];
    const [first, second] = judge(cases).map((all) => all.map(({ cause }) => cause));
    expect(first).toHaveLength(1);
    expect(second).toEqual(first);
    // At the end of the upload it came to who had taken a body of that shape.
    const [late] = cases.map((one) => ({ ...one, failure: { ...one.failure, phase: 'commit' as const } }));
    const causesIn = (shape: WireShape): string[] =>
      judge([
        { ...late!, shape: 'patch-streamed' },
        { ...cases[1]!, shape },
      ])[1]!.map(({ cause }) => cause);
    expect(causesIn('put-length')).toEqual(first);
    expect(causesIn('patch-streamed')).not.toEqual(first);
    // Without such a refusal it is the hop.
    expect(judge(cases.slice(1))[0]).toMatchObject([{ cause: 'hop_fails_request' }]);
  });

  test('a failure that a certain cause explains gets no general one beside it', () => {
    const smallPassed = around({ smallPassed: true, registryAnswered: true, sizeBytes: 8_000_000 });
    const refused413 = { reason: 'body_too_large', phase: 'wait', status: 413, answeredBy: 'caddy' } as const;
    const limit = {
      failure: failed({ ...refused413, ...body('max_size') }),
      contrast: { ...smallPassed, proven: new Set(['size'] as const) },
    };
    const broken = failed({ ...gateway(502), phase: 'send', answeredBy: 'caddy', sentBytes: 7_000_000 });
    const cause = 'caddy_body_limit';
    expect(judge([limit, { failure: broken, contrast: smallPassed }])).toEqual([
      [{ cause, confidence: 'certain' }],
      [{ cause, confidence: 'likely' }],
    ]);
    // A hop before it, that still wrote when it hung up.
    const before = { failure: { ...broken, answeredBy: 'nginx' as const }, contrast: smallPassed };
    expect(judge([limit, before])[1]).toEqual([{ cause, confidence: 'likely' }]);
    // A smaller body, another status of another hop: that is a trouble of its own.
    const smaller = { failure: broken, contrast: { ...smallPassed, sizeBytes: 65_536 } };
    const elsewhere = {
      failure: { ...broken, ...gateway(503), answeredBy: 'haproxy' as const },
      contrast: smallPassed,
    };
    for (const other of [smaller, elsewhere])
      expect(judge([limit, other])[1]).toEqual([{ cause: 'hop_fails_request', confidence: 'likely' }]);
    // A limit that nobody's words name explains what may hide it, and no other failure of the same hop.
    const other413 = failed({ ...refused413, answeredBy: 'other', ...body('body exceeds limit') });
    const unnamed = { failure: other413, contrast: limit.contrast };
    const late = failed({
      ...gateway(504),
      reason: 'response_timeout',
      phase: 'wait',
      answeredBy: 'other',
      sentBytes: 9e6,
    });
    const hidden = { ...broken, answeredBy: 'other' as const };
    const causesBeside = (failure: Failure): string[] =>
      judge([unnamed, { failure, contrast: smallPassed }])[1]!.map((one) => one.cause);
    expect(causesBeside(hidden)).toEqual(['proxy_body_limit']);
    expect(causesBeside(late)).not.toContain('proxy_body_limit');
    const full = failed({
      reason: 'registry_error',
      phase: 'wait',
      status: 500,
      answeredBy: 'registry',
      ...body('no space left on device'),
    });
    const bare = failed({ reason: 'registry_error', phase: 'start', status: 500, answeredBy: 'registry' });
    const contrast = around({ proven: new Set(['everywhere'] as const) });
    expect(judge([full, bare].map((failure) => ({ failure, contrast })))).toEqual([
      [{ cause: 'storage_full', confidence: 'certain' }],
      [{ cause: 'storage_full', confidence: 'likely' }],
    ]);
  });

  test('every row has something that refutes it and something that proves it, and every refutation is used', () => {
    expect(
      causeNames.filter((name) => causes[name].refutedBy.length === 0 || causes[name].provenBy.length === 0),
    ).toEqual([]);
    const used = new Set(causeNames.flatMap((name) => causes[name].refutedBy));
    expect(Object.keys(refutations).filter((name) => !used.has(name as keyof typeof refutations))).toEqual([]);
  });
});

describe('a failure of which nothing but one report is known', () => {
  const alone = (changes: Parameters<typeof failed>[0], named?: CauseName): string[] =>
    judgeAlone({ failure: failed(changes), contrast: around({}) }, named).map(
      ({ cause, confidence }) => `${cause} ${confidence}`,
    );
  const unreached = { reason: 'connect_timeout', phase: 'connect', answeredBy: 'none' } as const;

  test('is what its own words name, likely; a status is no word', () => {
    const full = {
      reason: 'registry_error',
      status: 500,
      answeredBy: 'registry',
      sentBytes: 1,
      phase: 'send',
    } as const;
    expect(alone({ ...full, ...body('no space left on device') })).toEqual(['storage_full likely']);
    expect(alone(full)).toEqual(['storage_failing open']);
    expect(alone({ status: 414, answeredBy: 'apache' })).toEqual(['headers_too_large open']);
  });

  test('is any of what explains it, open; nothing, where nothing does', () => {
    expect(alone(unreached)).toEqual(['registry_down open', 'no_way_there open']);
    expect(alone({ reason: 'connection_reset', phase: 'send', answeredBy: 'none', sentBytes: 1 })).toEqual([]);
  });

  test('is what the one who reports it names, if that explains it', () => {
    expect(alone(unreached, 'no_way_there')).toEqual(['no_way_there likely']);
    expect(alone(unreached, 'storage_full')).toEqual(['registry_down open', 'no_way_there open']);
  });

  test('is nothing general where something particular explains it', () => {
    const large = { reason: 'body_too_large', status: 413, phase: 'send', sentBytes: 1 } as const;
    expect(alone({ ...large, answeredBy: 'caddy' })).toEqual(['caddy_body_limit open']);
    expect(alone({ ...large, answeredBy: 'other' })).toEqual(['proxy_body_limit open']);
  });
});

describe('the words of the other side', () => {
  test('a page without tags, the registry’s error, headers that say why', () => {
    expect(
      wordsOf(failed({ status: 413, ...body('<html><head><style>b{}</style></head><h1>413 Too <b>Large</b></h1>') })),
    ).toBe('413 413 Too Large');
    const { evidence } = failed({ evidence: { code: 'ECONNRESET', headers: { 'x-squid-error': 'ERR_DNS_FAIL 0' } } });
    expect(wordsOf({ ...failed({ status: 503 }), evidence })).toBe('503 ECONNRESET x-squid-error: ERR_DNS_FAIL 0');
  });

  test.each([
    [
      '{"errors":[{"code":"DENIED","message":"quota of 5 GiB is used up","detail":null}]}',
      'DENIED: quota of 5 GiB is used up',
    ],
    [
      '{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"DriverName":"filesystem","Err":28}}]}',
      'UNKNOWN: unknown error DriverName : filesystem , Err :28',
    ],
    ['<html><h1>Proxy Error</h1> The server sent nothing. Ask again.</html>', 'Proxy Error The server sent nothing.'],
    ['stream timeout', 'stream timeout'],
    ['', undefined],
  ])('the first sentence of %s', (text, expected) => {
    expect(quoteOf(failed(body(text)))).toBe(expected);
  });
});
