import type { Ending, Fault, FaultKind, FaultScope } from '../support/lab/faults/fault.ts';
import type { Random } from './random.ts';

const endings: readonly Ending[] = ['keep-alive', 'linger', 'reset-after-reply', 'reset'];
const statuses = [400, 401, 403, 404, 405, 408, 411, 413, 416, 421, 429, 499, 500, 501, 502, 503, 504, 520, 524, 530];

/** No stall may outlive the world. */
const longestHoldMs = 1_200;

/** One to three faults of an edge, at random places of its requests. */
export function randomFaults(random: Random): readonly Fault[] {
  return Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => {
    const build = random.pick(builders);
    const when = randomScope(random);
    return { ...build(random), ...(when === undefined ? {} : { when }) };
  });
}

function randomScope(random: Random): FaultScope | undefined {
  if (random.chance(0.4)) return undefined;
  return {
    ...(random.chance(0.5)
      ? { methods: random.pick([['POST'], ['PATCH', 'PUT'], ['PUT'], ['HEAD'], ['DELETE'], ['GET']] as const) }
      : {}),
    ...(random.chance(0.5) ? { everyNth: random.int(1, 4) } : {}),
  };
}

const bytes = (random: Random): number => random.size(1, 1_500_000) - 1;

/**
 * What the lab can do, somewhere and somehow: a row for each kind but `pause-at`, a stall that ends by itself as throttles and
 * latencies do. `invariants.test.ts` holds that all of them come up. Another row, and every seed has another plan.
 */
const rows: Readonly<Record<Exclude<FaultKind['kind'], 'pause-at'>, (random: Random) => FaultKind>> = {
  'body-limit': (random) => ({ kind: 'body-limit', limitBytes: bytes(random), ending: random.pick(endings) }),
  'total-duration': (random) => ({
    kind: 'total-duration',
    limitMs: random.int(5, 500),
    ending: random.pick(endings),
    status: random.pick([408, 499, 504]),
  }),
  'response-timeout': (random) => ({ kind: 'response-timeout', limitMs: random.int(1, 200), status: 504 }),
  'idle-cut': (random) => ({
    kind: 'idle-cut',
    limitMs: random.int(5, 300),
    ending: random.pick(endings),
    status: random.pick([408, 504]),
  }),
  'buffer-request': () => ({ kind: 'buffer-request' }),
  'drop-undeclared-body': (random) => ({ kind: 'drop-undeclared-body', sparesBytes: random.pick([0, 100_000]) }),
  'truncate-body': (random) => ({ kind: 'truncate-body', afterBytes: bytes(random) }),
  'corrupt-body': (random) => ({ kind: 'corrupt-body', atByte: bytes(random) }),
  'strip-request-header': (random) => ({
    kind: 'strip-request-header',
    names: [random.pick(['authorization', 'content-type', 'content-range', 'host'])],
  }),
  'strip-response-header': (random) => ({
    kind: 'strip-response-header',
    names: [random.pick(['location', 'range', 'content-length', 'docker-content-digest', 'www-authenticate'])],
  }),
  'rewrite-location': (random) => ({
    kind: 'rewrite-location',
    scheme: random.pick(['http', 'https'] as const),
    ...(random.chance(0.5) ? { host: random.pick(['localhost:1', '169.254.169.254', 'other.invalid']) } : {}),
  }),
  answer: (random) => ({
    kind: 'answer',
    status: random.pick(statuses),
    page: random.pick(['error', 'waf', 'challenge', 'tunnel-down'] as const),
    afterBytes: random.chance(0.5) ? 0 : bytes(random),
    ending: random.pick(endings),
    ...(random.chance(0.2) ? { headers: { 'Retry-After': random.pick(['0', '1', '3600', 'soon', '-1']) } } : {}),
  }),
  'rate-limit': (random) => ({
    kind: 'rate-limit',
    requests: random.int(1, 10),
    windowMs: random.int(100, 1_000),
    retryAfterSeconds: random.pick([0, 1, 60]),
  }),
  throttle: (random) => ({
    kind: 'throttle',
    bytesPerSecond: random.size(20_000, 20_000_000),
    direction: random.pick(['request', 'response'] as const),
  }),
  latency: (random) => ({ kind: 'latency', delayMs: random.size(1, longestHoldMs) }),
  'reset-at': (random) => ({
    kind: 'reset-at',
    afterBytes: bytes(random),
    direction: random.pick(['request', 'request', 'response'] as const),
  }),
  'stall-at': (random) => ({ kind: 'stall-at', afterBytes: bytes(random), holdMs: random.int(50, longestHoldMs) }),
  'block-method': (random) => ({
    kind: 'block-method',
    methods: [random.pick(['PATCH', 'PUT', 'HEAD', 'DELETE', 'POST'])],
    status: random.pick([405, 501] as const),
  }),
  'stale-keep-alive': (random) => ({
    kind: 'stale-keep-alive',
    mode: random.pick(['after-response', 'on-reuse'] as const),
  }),
};

const builders = Object.values(rows);
