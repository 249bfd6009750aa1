import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  NetworkError,
  type NetworkStage,
  type NetworkTimer,
  type Exchange,
  type HttpResponse,
} from '../../../src/network/exchange.ts';
import { RunAborted } from '../../../src/probe/bounded-signal.ts';
import { classify } from '../../../src/probe/judge/classify.ts';
import type { FailureContext } from '../../../src/probe/judge/facts.ts';
import { answerers, blames, failureReasons, phases } from '../../../src/probe/failure.ts';
import { AuthError, type AuthProblem } from '../../../src/registry/auth/auth-error.ts';
import { ProtocolError, type ProtocolProblem, type Step } from '../../../src/registry/errors.ts';

/** Planted wherever a secret can be. Neither part of the other texts nor of a word. */
const canary = 'CaNaRy-0123456789';

const steps: readonly Step[] = ['auth', 'start', 'send', 'commit', 'verify', 'pull', 'cleanup'];
const stages: readonly NetworkStage[] = ['dns', 'connect', 'proxy', 'tls', 'send', 'wait', 'receive'];
const timers: readonly NetworkTimer[] = ['dns', 'connect', 'tls', 'stall', 'response_header', 'body'];
const codes = [
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ECONNREFUSED',
  'ENOTFOUND',
  'PROXY_407',
  'HPE_INVALID_CONSTANT',
  'ERR_HTTP2_STREAM_ERROR',
  'CERT_HAS_EXPIRED',
  'UND_ERR_INFO',
  'ABORTED',
  'UNKNOWN',
];
const protocolProblems: readonly ProtocolProblem[] = [
  'unexpected_status',
  'redirected',
  'location_missing',
  'location_unparsable',
  'location_downgrade',
  'location_foreign',
  'range_missing',
  'range_unparsable',
  'length_missing',
  'length_wrong',
  'list_unparsable',
  'digest_differs',
];
const authProblems: readonly AuthProblem[] = [
  'challenge_missing',
  'challenge_unparsable',
  'realm_not_allowed',
  'realm_unreachable',
  'token_refused',
  'token_reply_invalid',
  'credentials_unreadable',
];

/** Up to some 6,000 characters: a piece again and again is made a hundred times faster than as many characters of their own. */
function long(piece: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(piece, fc.nat(100), piece).map(([part, times, end]) => part.repeat(times) + end);
}
const text = fc.oneof(
  long(fc.string({ unit: 'binary', maxLength: 60 })),
  long(
    fc.string({
      unit: fc.constantFrom('\u0000', '\r', '\n', '\u001b', '\u202e', '\ud83d', '😀', '"', '\\', 'a'),
      maxLength: 60,
    }),
  ),
  fc.constantFrom(
    '',
    '{"errors":[{"code":"DIGEST_INVALID","message":"m"}]}',
    ' {"errors":[{"code":"DENIED","message":"quota"}]}',
  ),
  fc.constant(`you sent authorization: Basic ${btoa(`probe:${canary}`)} and ?_state=${canary} and x-secret: ${canary}`),
);
const headerNames = [
  'server',
  'via',
  'cf-ray',
  'cf-mitigated',
  'cf-error-type',
  'x-request-id',
  'x-cache',
  'warning',
  'range',
  'location',
  'content-type',
  'docker-distribution-api-version',
  'set-cookie',
  'www-authenticate',
  'retry-after',
  '__proto__',
];
const locations = [
  `https://user:${canary}@registry.example.org/v2/x?_state=${canary}`,
  `/v2/x?${canary}`,
  `/v2/x?digest=${canary}&a=${canary}`,
  'http://[',
];
const headers = fc
  .array(fc.tuple(fc.constantFrom(...headerNames), fc.oneof(text, fc.constantFrom(...locations))), { maxLength: 20 })
  .map((rows) => ({
    ...Object.fromEntries(rows.map(([name, value]) => [name, [value]])),
    'set-cookie': [`session=${canary}`],
    'www-authenticate': [`Bearer realm="https://t.example.org/?k=${canary}"`],
  }));

const response: fc.Arbitrary<HttpResponse> = fc.record({
  status: fc.oneof(
    fc.constantFrom(200, 202, 301, 400, 401, 403, 404, 413, 416, 429, 500, 503, 520, 524),
    fc.integer({ min: 100, max: 999 }),
  ),
  headers,
  body: fc.oneof(
    text.map((value) => Buffer.from(value)),
    fc.uint8Array({ maxLength: 6000 }),
  ),
  bodyBytes: fc.nat(),
  complete: fc.boolean(),
});
const ms = fc.double({ min: 0, max: 1e7, noNaN: true });
const urls = [
  `https://probe:${canary}@registry.example.org/v2/r/blobs/uploads/1?_state=${canary}&digest=sha256%3A${'ab'.repeat(32)}`,
  `http://127.0.0.1:5000/v2/${'long/'.repeat(2000)}?${canary}`,
];
const exchange: fc.Arbitrary<Exchange> = fc.record(
  {
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE'),
    url: fc.constantFrom(...urls).map((url) => new URL(url)),
    requestHeaders: fc.constant({
      authorization: `Basic ${btoa(`probe:${canary}`)}`,
      'x-secret': canary,
      'user-agent': 'docker',
    }),
    declaredLength: fc.boolean(),
    plannedBytes: fc.nat(),
    offeredBytes: fc.nat(),
    sentBytes: fc.nat(),
    startedAtMs: ms,
    endedAtMs: ms,
    opening: fc.record({ dnsMs: ms, connectMs: ms }),
    connection: fc.record({
      id: fc.constant(1),
      remoteAddress: fc.constant('127.0.0.1'),
      remotePort: fc.constant(443),
      family: fc.constant(4 as const),
      httpVersion: fc.constantFrom('1.1' as const, '2' as const),
      viaProxy: fc.boolean(),
      connectMs: ms,
    }),
    socketReused: fc.boolean(),
    sendMs: ms,
    waitMs: ms,
    receiveMs: ms,
    early: fc.boolean(),
    response,
  },
  {
    requiredKeys: [
      'method',
      'url',
      'requestHeaders',
      'declaredLength',
      'plannedBytes',
      'offeredBytes',
      'sentBytes',
      'startedAtMs',
      'endedAtMs',
      'socketReused',
      'early',
    ],
  },
);

const networkError = fc
  .record({
    stage: fc.constantFrom(...stages),
    code: fc.oneof(fc.constantFrom(...codes), text),
    message: text.filter((value) => !value.includes(canary)),
    timer: fc.option(fc.constantFrom(...timers), { nil: undefined }),
    cause: fc.constantFrom(undefined, new RunAborted('deadline'), new RunAborted('cancelled'), 'x'),
    exchange: fc.option(exchange, { nil: undefined }),
  })
  .map(({ exchange: seen, ...facts }) => Object.assign(new NetworkError(facts), { exchange: seen }));
const protocolError = fc
  .record({
    step: fc.constantFrom(...steps),
    problem: fc.constantFrom(...protocolProblems),
    exchange,
    message: fc.constant('PATCH was answered'),
  })
  .map((facts) => new ProtocolError(facts));
const authError = fc
  .record({
    problem: fc.constantFrom(...authProblems),
    message: fc.constant('no token'),
    exchange: fc.option(exchange, { nil: undefined }),
    cause: fc.option(networkError, { nil: undefined }),
  })
  .map((facts) => new AuthError(facts));
const throwing = {
  toString(): never {
    throw new Error('no text');
  },
};
const anything = fc.oneof(
  fc.anything(),
  fc.constantFrom(new RunAborted('deadline'), new RunAborted('cancelled'), Object.create(null), throwing, Symbol('s')),
  fc.constant(Object.assign(new Error('x'), { message: 5 })),
  text.filter((value) => !value.includes(canary)).map((value) => new TypeError(value)),
);
const error = fc.oneof(networkError, protocolError, authError, anything);

const context: fc.Arbitrary<FailureContext> = fc.record({
  step: fc.constantFrom(...steps),
  blob: fc.constantFrom('blob', 'layer2', 'config'),
  uploadStarted: fc.boolean(),
  sentBytes: fc.nat(),
  acknowledgedBytes: fc.option(fc.nat(), { nil: undefined }),
  acknowledges: fc.boolean(),
  sizeRefusedBefore: fc.boolean(),
});

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

test('classify gives one failure of the closed sets for whatever is thrown, with bounded and clean evidence', () => {
  fc.assert(
    fc.property(error, context, (thrown, about) => {
      const failure = classify(thrown, about);
      expect(failureReasons).toContain(failure.reason);
      expect(phases).toContain(failure.phase);
      expect(answerers).toContain(failure.answeredBy);
      expect(blames).toContain(failure.blame);
      expect(failure.elapsedMs).toBeGreaterThanOrEqual(0);
      expect(failure.sentBytes).toBe(about.sentBytes);
      const json = JSON.stringify(failure.evidence);
      expect(Buffer.byteLength(json)).toBeLessThan(4096);
      for (const shown of textsOf(failure)) expect(shown).not.toMatch(/\p{C}/u);
      expect(JSON.stringify(failure)).not.toContain(canary);
      expect(JSON.stringify(failure)).not.toContain(btoa(`probe:${canary}`));
    }),
    { numRuns: 1000 },
  );
});
