import { describe, expect, test } from 'vitest';
import type { PathKind } from '../../../src/network/path.ts';
import {
  type AnsweredBy,
  type Blame,
  type Failure,
  type FailureReason,
  type Phase,
  failureReasons,
} from '../../../src/probe/failure.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import type { SeenInRound } from '../../../src/probe/compare/judged-run.ts';
import { type RoundVerdict, roundVerdict, type VerdictOptions } from '../../../src/probe/compare/verdict.ts';
import { judgeRun } from '../../../src/probe/diagnose/judge-run.ts';
import { checkOf } from '../../support/checks.ts';

/** `reason[/answeredBy[/blame]]`, or `ok`, `retried`; a leading `~` taints the run. */
type Spec = readonly [path: string, kind: PathKind, outcome: string];

const direct = (outcome: string): Spec => ['direct', 'direct', outcome];
const internal = (outcome: string): Spec => ['internal', 'internal', outcome];
const edge = (outcome: string): Spec => ['edge', 'edge', outcome];
const ingress = (outcome: string): Spec => ['ingress', 'ingress', outcome];
const balancer = (outcome: string): Spec => ['lb', 'loadbalancer', outcome];

function runOf([path, kind, outcome]: Spec): Run {
  const tainted = outcome.startsWith('~');
  const [word = '', answeredBy = 'none', blame = 'unknown'] = outcome.replace('~', '').split('/');
  const ok = word === 'ok' || word === 'retried';
  const attempt = { blob: 'blob', startMs: 0, durationMs: 1, waitedMs: 0, phaseMs: {}, sentBytes: 0, requests: [] };
  const zero = { acknowledgedBytes: 0, pulledBytes: 0, resends: 0, fellBack: false };
  return {
    id: `run-${path}`,
    check: checkOf('http://127.0.0.1:1', { path: { name: path, kind } }),
    startedAt: new Date(0),
    durationMs: 1,
    attempts: [{ ...attempt, ...zero, number: word === 'retried' ? 3 : 1 }],
    ok,
    ...(ok ? {} : { failure: failureOf(word as FailureReason, answeredBy as AnsweredBy, blame as Blame) }),
    sentBytes: 0,
    acknowledgedBytes: 0,
    pulledBytes: 0,
    wireBytes: 0,
    cleanup: { durationMs: 0, failures: [] },
    pathFacts: {},
    eventLoopLagMs: 0,
    tainted,
    realWaits: true,
  };
}

function failureOf(reason: FailureReason, answeredBy: AnsweredBy, blame: Blame): Failure {
  const status = { body_too_large: 413, origin_unreachable: 502, registry_error: 500, auth_rejected: 401 };
  const phase: Phase = 'send';
  return {
    reason,
    phase,
    answeredBy,
    blame,
    ...(answeredBy === 'none' ? {} : { status: (status as Record<string, number>)[reason] ?? 418 }),
    sentBytes: 104_857_600,
    elapsedMs: 3_210,
    blob: 'blob',
    evidence: { message: reason },
  };
}

function judge(specs: readonly Spec[], options: Partial<VerdictOptions> = {}): RoundVerdict {
  return roundVerdict(specs.map(runOf), { judge: judgeRun, ...options });
}

/** Verdict in one word, with the paths at fault and their hops, or the hop of the registry. */
function short(verdict: RoundVerdict): string {
  if (verdict.kind === 'path-fault') return verdict.faults.map(({ path, hop }) => `${path}@${hop}`).join(' ');
  return verdict.kind === 'registry-fault' ? `registry@${verdict.hop}` : verdict.kind;
}

const reset = 'connection_reset';
const cases: readonly [name: string, specs: readonly Spec[], expected: string, options?: Partial<VerdictOptions>][] = [
  ['all paths work', [direct('ok'), edge('ok'), ingress('ok')], 'healthy'],
  ['the only path works', [edge('ok')], 'healthy'],
  ['a path works after retries', [direct('ok'), edge('retried')], 'healthy'],
  ['works, tainted', [direct('~ok'), edge('ok')], 'healthy'],
  // A path is at fault.
  ['the edge refuses the size', [direct('ok'), edge('body_too_large/cloudflare/edge')], 'edge@edge'],
  ['the ingress refuses the size', [ingress('body_too_large/nginx/ingress'), direct('ok')], 'ingress@ingress'],
  [
    'two hops refuse on their own',
    [edge('body_too_large/cloudflare/edge'), direct('ok'), ingress('body_too_large/nginx/ingress')],
    'edge@edge ingress@ingress',
  ],
  ['a tunnel drops bodies', [direct('ok'), edge('body_dropped/registry/tunnel')], 'edge@tunnel'],
  ['bytes are lost on the way', [edge('body_truncated/registry/edge_to_origin'), direct('ok')], 'edge@edge_to_origin'],
  ['a web firewall blocks', [direct('ok'), edge('blocked_by_policy/cloudflare/edge')], 'edge@edge'],
  ['a cut, then another path works', [edge(reset), direct('ok')], 'edge@edge'],
  ['a cut last, the control works', [direct('ok'), edge(reset)], 'edge@edge', { controlSucceeded: true }],
  [
    'ingress and the edge before it are cut',
    [edge(reset), ingress(reset), direct('ok')],
    'edge@ingress ingress@ingress',
  ],
  ['only the direct path fails', [direct('connect_timeout/none/client_network'), edge('ok')], 'direct@client_network'],
  ['only the direct path is refused', [direct('connect_refused/none/ingress'), edge('ok')], 'direct@client_network'],
  ['name of one path unknown', [direct('ok'), edge('dns_failure/none/dns')], 'edge@dns'],
  ['certificate of one path', [direct('ok'), edge('tls_failure/none/ingress')], 'edge@edge'],
  ['a hop of one path slows down', [edge('rate_limited/cloudflare/edge'), direct('ok')], 'edge@edge'],
  ['a stall, tainted', [edge('~upload_stalled'), direct('ok')], 'inconclusive'],
  ['the same, not tainted', [edge('upload_stalled'), direct('ok')], 'edge@edge'],
  ['a tunnel is down', [edge('origin_unreachable/cloudflare/tunnel'), direct('ok')], 'edge@tunnel'],
  ['a balancer has no server', [balancer('origin_unreachable/haproxy/ingress'), direct('ok')], 'lb@ingress'],
  ['replicas without shared state', [balancer('session_lost/registry/registry_app'), direct('ok')], 'lb@registry_app'],
  ['Location behind TLS', [ingress('location_invalid/registry/ingress'), direct('ok')], 'ingress@ingress'],
  ['the time limit of an ingress', [ingress('request_timeout/traefik/ingress'), direct('ok')], 'ingress@ingress'],
  ['the only path, refused by a hop that names itself', [edge('body_too_large/cloudflare/edge')], 'edge@edge'],
  [
    'all paths refused, each by a hop that names itself',
    [edge('body_too_large/cloudflare/edge'), ingress('body_too_large/nginx/ingress')],
    'edge@edge ingress@ingress',
  ],
  [
    'one fault, one run ended by us',
    [direct('ok'), ingress('deadline'), edge('body_too_large/cloudflare/edge')],
    'edge@edge',
  ],
  // The registry is at fault: no path is blamed.
  ['down: refused everywhere', [direct('connect_refused'), internal('connect_refused')], 'registry@registry_app'],
  [
    'down: each hop has its own words for it',
    [
      direct('connect_refused'),
      edge('origin_unreachable/cloudflare/edge_to_origin'),
      ingress('origin_unreachable/nginx/ingress'),
    ],
    'registry@registry_app',
  ],
  [
    'down: a tunnel and an ingress',
    [edge('origin_unreachable/cloudflare/tunnel'), ingress('response_timeout/nginx/ingress')],
    'registry@registry_app',
  ],
  ['hangs', [direct('upload_stalled'), edge('response_timeout/cloudflare/edge_to_origin')], 'registry@registry_app'],
  [
    'storage broken',
    [direct('registry_error/registry/registry_storage'), edge('registry_error/registry/registry_storage')],
    'registry@registry_storage',
  ],
  [
    'full',
    [direct('quota_exceeded/registry/registry_app'), edge('quota_exceeded/registry/registry_app')],
    'registry@registry_app',
  ],
  [
    'its own size limit',
    [direct('body_too_large/registry/registry_app'), edge('body_too_large/registry/registry_app')],
    'registry@registry_app',
  ],
  [
    'rejects credentials',
    [direct('auth_rejected/registry/auth_server'), edge('auth_rejected/registry/auth_server')],
    'registry@auth_server',
  ],
  [
    'loses bodies even directly',
    [direct('body_dropped/registry/ingress'), edge('body_dropped/registry/tunnel')],
    'registry@registry_app',
  ],
  [
    'down, and a hop refuses the size before it finds out',
    [edge('body_too_large/cloudflare/edge'), direct('connect_refused'), ingress('origin_unreachable/nginx/ingress')],
    'registry@registry_app',
  ],
  // Nobody is blamed.
  ['it may have gone down in the middle: refused', [direct('ok'), edge('connect_refused')], 'inconclusive'],
  [
    'it may have gone down in the middle: 502',
    [direct('ok'), ingress('origin_unreachable/nginx/ingress')],
    'inconclusive',
  ],
  ['it may have gone down in the middle: cut', [direct('ok'), edge(reset), ingress(reset)], 'inconclusive'],
  ['it answers 500 now and then', [edge('registry_error/registry/registry_app'), direct('ok')], 'inconclusive'],
  ['it limits our rate', [edge('rate_limited/registry/registry_app'), direct('ok')], 'inconclusive'],
  ['its quota was reached in the middle', [edge('quota_exceeded/registry/registry_app'), direct('ok')], 'inconclusive'],
  ['the only path fails', [edge(reset)], 'inconclusive'],
  ['all failed differently', [direct('tls_failure'), edge(reset)], 'inconclusive'],
  [
    'a size refused, the other path down',
    [edge('body_too_large/cloudflare/edge'), direct('connect_refused')],
    'inconclusive',
  ],
  ['no name resolves', [direct('dns_failure'), edge('dns_failure')], 'inconclusive'],
  ['no certificate is believed', [direct('tls_failure'), edge('tls_failure')], 'inconclusive'],
  ['nothing answers', [direct('connect_timeout'), edge('connect_timeout')], 'inconclusive'],
  [
    'bodies lost on all paths, none direct',
    [edge('body_dropped/registry/tunnel'), ingress('body_dropped/registry/ingress')],
    'inconclusive',
  ],
  ['a run was cancelled', [direct('ok'), edge('cancelled/none/prober')], 'inconclusive'],
  ['a run reached our deadline', [edge('deadline'), direct('ok')], 'inconclusive'],
  ['all reached our deadline', [edge('deadline'), direct('deadline')], 'inconclusive'],
  ['a defect of ours', [edge('internal/none/prober'), direct('ok')], 'inconclusive'],
  ['a tainted cut', [edge(`~${reset}`), direct('ok')], 'inconclusive'],
  ['no run', [], 'inconclusive'],
  ['a path was skipped', [direct('ok')], 'inconclusive', { skippedPaths: ['edge'] }],
];

describe('verdict', () => {
  test.each(cases)('%s', (_name, specs, expected, options) => {
    expect(short(judge(specs, options))).toBe(expected);
  });

  test('a refusal seen in a tainted run stands: no busy prober makes a 413', () => {
    expect(short(judge([direct('ok'), edge('~body_too_large/cloudflare/edge')]))).toBe('edge@edge');
  });

  test('says in one sentence what was seen and what it was compared with', () => {
    const verdict = judge([direct('ok'), edge('body_too_large/cloudflare/edge'), internal('ok')]);
    expect(verdict.why).toBe(
      'edge: 413 from cloudflare (body_too_large) in send, after 100 MiB and 3.21 s, while the same push got through over direct and internal',
    );
  });

  test('names the direct paths first and no crowd', () => {
    const others = ['a', 'b', 'c'].map((name): Spec => [name, 'ingress', 'ok']);
    const verdict = judge([edge('body_too_large/cloudflare/edge'), ...others, internal('ok'), direct('ok')]);
    expect(verdict.why).toMatch(/over internal, direct, a and 2 more$/);
  });

  test.each([
    [[direct('ok'), edge('deadline')], 'the run over edge ended by our own deadline'],
    [[direct('ok'), edge(`~${reset}`)], /^the run over edge is tainted/],
    [[edge(reset)], /^only one path to judge by/],
    [[direct('tls_failure'), edge(reset)], /^no path got through, and they failed differently: direct: .*; edge: /],
    [[direct('ok'), edge(reset)], /^nothing got through after connection_reset over edge/],
    [[direct('dns_failure'), edge('dns_failure')], /speaks of this host/],
  ] as const)('inconclusive %# says why', (specs, why) => {
    expect(judge(specs)).toMatchObject({ kind: 'inconclusive', why: expect.stringMatching(why) as string });
  });

  test('what could not be judged is said beside the fault', () => {
    const verdict = judge([direct('ok'), ingress('deadline'), edge('body_too_large/cloudflare/edge')]);
    expect(verdict.why).toMatch(/^edge: 413 .*; the run over ingress ended by our own deadline$/);
  });

  test('retries are said of a healthy round', () => {
    expect(judge([direct('ok'), edge('retried')]).why).toBe(
      'the push got through over direct and edge, over edge only after retries',
    );
  });

  test('cause, hop and remedy of a path are those of the diagnosis', () => {
    const specs = [direct('ok'), edge('body_too_large/cloudflare/edge'), ingress('auth_rejected/nginx/auth_server')];
    const verdict = judge(specs, { controlSucceeded: true });
    expect(verdict).toMatchObject({
      faults: [
        { path: 'edge', runId: 'run-edge', cause: 'cloudflare_body_limit', hop: 'edge' },
        { path: 'ingress', cause: 'credentials_missing', hop: 'prober' },
      ],
    });
  });

  test('and those of the registry as well', () => {
    const specs = [direct('quota_exceeded/registry'), edge('quota_exceeded/registry')];
    expect(judge(specs)).toMatchObject({
      kind: 'registry-fault',
      cause: 'quota',
      remedy: expect.stringMatching(/Raise the quota/) as string,
    });
  });

  test.each(failureReasons)('%s everywhere never blames a path, unless a hop named itself', (reason) => {
    for (const answeredBy of ['none', 'registry', 'other'] as const) {
      const specs = [
        direct(`${reason}/${answeredBy}`),
        edge(`${reason}/${answeredBy}`),
        ingress(`${reason}/${answeredBy}`),
      ];
      expect(judge(specs).kind).not.toBe('path-fault');
    }
  });

  test.each(failureReasons)('%s: a registry that goes down after the first run costs no path its name', (reason) => {
    const registryMade: readonly FailureReason[] = [
      'connect_refused',
      'connect_timeout',
      'connection_reset',
      'origin_unreachable',
      'response_timeout',
      'upload_stalled',
      'registry_error',
      'stale_connection',
      'http2_error',
      'request_timeout',
      'session_lost',
      'auth_rejected',
      'quota_exceeded',
      'manifest_refused',
      'unexpected_response',
      'verify_failed',
      'rate_limited',
      'resume_refused',
      'range_conflict',
      'auth_expired',
      'auth_challenge_bad',
    ];
    const verdict = judge([direct('ok'), edge(`${reason}/other`), ingress(`${reason}/other`)]);
    expect(verdict.kind === 'path-fault').toBe(
      ![...registryMade, 'body_corrupted', 'deadline', 'cancelled', 'prober_exhausted', 'internal'].includes(reason),
    );
  });

  test.each<[string, readonly Spec[], string, Partial<VerdictOptions>?]>([
    ['no run', [], 'no run'],
    ['none but skipped ones', [], 'a and b had no run', { skippedPaths: ['a', 'b'] }],
    ['ended by us', [direct('deadline')], 'the run over direct ended by our own deadline'],
    [
      'ended by us, and skipped',
      [direct('deadline')],
      'the run over direct ended by our own deadline; edge had no run',
      { skippedPaths: ['edge'] },
    ],
    [
      'the registry refused',
      [edge('quota_exceeded/registry'), direct('ok')],
      'the registry itself answered 418 over edge, while other paths worked',
    ],
    [
      'one failure',
      [direct(reset)],
      'only one path to judge by, nothing to compare it with: direct: connection_reset, no answer in send, after 100 MiB and 3.21 s',
    ],
    [
      'one of two by a hop',
      [edge('body_too_large/cloudflare/edge'), direct('connect_refused')],
      'no path got through: edge: 413 from cloudflare (body_too_large) in send, after 100 MiB and 3.21 s; direct: connect_refused, no answer in send, after 100 MiB and 3.21 s',
    ],
    [
      'silence everywhere',
      [direct('connect_timeout'), edge('connect_timeout')],
      'nothing answered on any path: the registry or the network of this host: direct: connect_timeout, no answer in send, after 100 MiB and 3.21 s; edge: connect_timeout, no answer in send, after 100 MiB and 3.21 s',
    ],
    [
      'bodies lost, and no direct path',
      [edge('body_dropped/registry'), ingress('body_dropped/registry')],
      'every path failed alike, and none of them is direct: edge: 418 from registry (body_dropped) in send, after 100 MiB and 3.21 s; ingress: 418 from registry (body_dropped) in send, after 100 MiB and 3.21 s',
    ],
    [
      'all by hops, one ended by us',
      [edge('body_too_large/cloudflare/edge'), direct('deadline')],
      'edge: 413 from cloudflare (body_too_large) in send, after 100 MiB and 3.21 s; the run over direct ended by our own deadline',
    ],
    [
      'the same everywhere',
      [direct('connect_refused'), edge('connect_refused')],
      'no path got through, and all failed the same way: direct: connect_refused, no answer in send, after 100 MiB and 3.21 s; edge: connect_refused, no answer in send, after 100 MiB and 3.21 s',
    ],
  ])('says why: %s', (_name, specs, why, options) => {
    expect(judge(specs, options).why).toBe(why);
  });

  test('four paths that work are all named, five are not', () => {
    const others = ['a', 'b', 'c'].map((name): Spec => [name, 'ingress', 'ok']);
    const refused = edge('body_too_large/cloudflare/edge');
    expect(judge([refused, ...others, direct('ok')]).why).toMatch(/over direct, a, b and c$/);
    expect(judge([refused, ...others, direct('ok'), internal('ok')]).why).toMatch(
      /over direct, internal, a and 2 more$/,
    );
  });
});

describe('without a cause', () => {
  const blind = { judge: () => undefined };

  test.each<[string, readonly Spec[], string, Partial<VerdictOptions>?]>([
    ['a name that does not resolve', [direct('ok'), edge('dns_failure/none/dns')], 'edge@dns'],
    ['silence on an edge', [edge(reset), direct('ok')], 'edge@edge'],
    ['silence on it and on the ingress', [edge(reset), ingress(reset), direct('ok')], 'edge@ingress ingress@ingress'],
    [
      'silence on it, another trouble on the ingress',
      [edge(reset), ingress('body_too_large/nginx/ingress'), direct('ok')],
      'edge@edge ingress@ingress',
    ],
    [
      'bodies lost, internally too',
      [internal('body_dropped/registry'), edge('body_dropped/registry')],
      'registry@registry_app',
    ],
    [
      'addresses of no use, and no direct path',
      [edge('location_invalid/registry'), ingress('location_invalid/registry')],
      'inconclusive',
    ],
    [
      'addresses of no use, directly too',
      [direct('location_invalid/registry'), ingress('location_invalid/registry')],
      'registry@registry_app',
    ],
    ['timeouts with an answer', [direct('connect_timeout/other'), edge('connect_timeout')], 'registry@registry_app'],
    ['timeouts, and a refusal', [direct('connect_timeout'), edge('connect_refused')], 'registry@registry_app'],
    [
      'a cut tells less than a proxy, and that less than the registry',
      [
        direct('connect_refused/none/auth_server'),
        edge('origin_unreachable/cloudflare/auth_server'),
        ingress('registry_error/registry/registry_storage'),
      ],
      'registry@registry_storage',
    ],
    [
      'a proxy tells more than a cut',
      [direct('connect_refused/none/registry_storage'), edge('origin_unreachable/cloudflare/auth_server')],
      'registry@auth_server',
    ],
    [
      'the first of two that tell as much',
      [direct('connect_refused/none/registry_storage'), edge('connect_refused/none/auth_server')],
      'registry@registry_storage',
    ],
  ])('%s', (_name, specs, expected, options) => {
    expect(short(judge(specs, { ...blind, ...options }))).toBe(expected);
  });

  test.each<[string, readonly Spec[], readonly SeenInRound[]]>([
    ['another path got through', [edge(reset), direct('ok')], [{ elsewhere: 'ok', kindsFailingAlike: [] }]],
    [
      'two fail alike, one otherwise',
      [edge(reset), ingress('stale_connection'), balancer('tls_failure'), direct('ok')],
      [
        { elsewhere: 'ok', kindsFailingAlike: ['ingress'] },
        { elsewhere: 'ok', kindsFailingAlike: ['edge'] },
        { elsewhere: 'ok', kindsFailingAlike: [] },
      ],
    ],
    [
      'refused by a hop alone',
      [edge('body_too_large/cloudflare/edge')],
      [{ elsewhere: 'none', kindsFailingAlike: [] }],
    ],
    ['all alike', [direct('connect_refused'), edge('connect_refused')], [{ elsewhere: 'same', kindsFailingAlike: [] }]],
  ])('the judgement is told what the round saw: %s', (_name, specs, expected) => {
    const seen: SeenInRound[] = [];
    judge(specs, { judge: (_run, inRound) => void seen.push(inRound) });
    expect(seen).toEqual(expected);
  });
});
