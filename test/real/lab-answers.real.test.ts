import { describe, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { startEdge } from '../support/lab/edge.ts';
import type { Fault } from '../support/lab/faults/fault.ts';
import type { ProxyStyle } from '../../src/lab/proxy-styles.ts';
import { describeWithComponents } from '../support/component.ts';
import { envoyFilter } from './hops/envoy.ts';
import { type HopName, startHop } from './hops/hop.ts';
import { startFront } from './support/backends.ts';
import { freePort } from './support/process.ts';
import { type RawAnswer, rawAnswer, type RawRequest } from './support/raw-answer.ts';

interface Row {
  readonly name: string;
  readonly hop: HopName;
  readonly style: ProxyStyle;
  /** `silent`: it takes requests and does not answer; `none`: nobody listens. */
  readonly upstream: 'silent' | 'none' | 'answers';
  readonly more: Readonly<Record<string, string>>;
  readonly faults: readonly Fault[];
  readonly request: Omit<RawRequest, 'port'>;
  /** Where the lab ends the connection otherwise, and why. */
  readonly endings?: Readonly<Record<'real' | 'lab', RawAnswer['ending']>>;
}

const get = { method: 'GET', watchMs: 2_500 } as const;
const tooLarge = { method: 'PATCH', bodyBytes: 8_000_000 } as const;
const stalled = { method: 'PATCH', bodyBytes: 1_000_000, sentBytes: 1_000, watchMs: 5_000 } as const;
const limit = 'body-limit';

const rows: readonly Row[] = [
  {
    name: 'Traefik, a body too large',
    hop: 'traefik',
    style: 'traefik',
    upstream: 'answers',
    more: { middleware: '{"buffering":{"maxRequestBodyBytes":1000000}}' },
    faults: [{ kind: limit, limitBytes: 1_000_000, ending: 'linger' }],
    request: tooLarge,
    // Both close their half at once. Go then reads no more, and closes the other half after 500 ms (net/http, rstAvoidanceDelay); the lab reads on.
    endings: { real: 'reset', lab: 'closed' },
  },
  {
    name: 'Traefik, no registry',
    hop: 'traefik',
    style: 'traefik',
    upstream: 'none',
    more: {},
    faults: [],
    request: get,
  },
  {
    name: 'Traefik, no router matches',
    hop: 'traefik',
    style: 'traefik',
    upstream: 'answers',
    more: { router: '{"rule":"Host(`other.example.test`)"}' },
    faults: [{ kind: 'answer', status: 404 }],
    request: get,
  },
  {
    name: 'Traefik, no server',
    hop: 'traefik',
    style: 'traefik',
    upstream: 'answers',
    more: { service: '{"servers":[]}' },
    faults: [{ kind: 'answer', status: 503 }],
    request: get,
  },
  {
    name: 'Traefik, the registry is late',
    hop: 'traefik',
    style: 'traefik',
    upstream: 'silent',
    more: { transport: '{"forwardingTimeouts":{"responseHeaderTimeout":"1s"}}' },
    faults: [{ kind: 'response-timeout', limitMs: 1_000, status: 504 }],
    request: get,
  },
  {
    name: 'Envoy, a body too large',
    hop: 'envoy',
    style: 'envoy',
    upstream: 'answers',
    more: { filters: JSON.stringify([envoyFilter('buffer', { max_request_bytes: 1_000_000 })]) },
    faults: [{ kind: limit, limitBytes: 1_000_000, ending: 'close-later' }],
    request: tooLarge,
  },
  {
    name: 'Envoy, a body that pauses',
    hop: 'envoy',
    style: 'envoy',
    upstream: 'silent',
    more: { manager: '{"stream_idle_timeout":"1s"}' },
    faults: [{ kind: 'idle-cut', limitMs: 1_000, ending: 'close-later', status: 408 }],
    request: stalled,
  },
  {
    name: 'Envoy, a request that takes too long to arrive',
    hop: 'envoy',
    style: 'envoy',
    upstream: 'silent',
    more: { manager: '{"request_timeout":"1s"}' },
    faults: [{ kind: 'total-duration', limitMs: 1_000, ending: 'close-later', status: 408, page: 'request-timeout' }],
    request: stalled,
  },
  {
    name: 'Envoy, a request that takes too long as a whole',
    hop: 'envoy',
    style: 'envoy',
    upstream: 'silent',
    more: { manager: '{"common_http_protocol_options":{"max_stream_duration":"1s"}}' },
    faults: [{ kind: 'total-duration', limitMs: 1_000, ending: 'close-later', status: 408, page: 'stream-duration' }],
    request: stalled,
  },
  {
    name: 'Envoy, no registry',
    hop: 'envoy',
    style: 'envoy',
    upstream: 'none',
    more: {},
    faults: [],
    request: get,
  },
  {
    name: 'Envoy, the circuit breaker is open',
    hop: 'envoy',
    style: 'envoy',
    upstream: 'answers',
    more: { cluster: '{"circuit_breakers":{"thresholds":[{"max_requests":0}]}}' },
    faults: [{ kind: 'answer', status: 503, page: 'overflow' }],
    request: get,
  },
  {
    name: 'Envoy sheds load',
    hop: 'envoy',
    style: 'envoy',
    upstream: 'answers',
    more: {
      bootstrap: JSON.stringify({
        overload_manager: {
          refresh_interval: '0.1s',
          resource_monitors: [
            {
              name: 'envoy.resource_monitors.fixed_heap',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig',
                max_heap_size_bytes: 1,
              },
            },
          ],
          actions: [
            {
              name: 'envoy.overload_actions.stop_accepting_requests',
              triggers: [{ name: 'envoy.resource_monitors.fixed_heap', threshold: { value: 0.5 } }],
            },
          ],
        },
      }),
    },
    faults: [{ kind: 'answer', status: 503, page: 'overload' }],
    request: get,
  },
  {
    name: 'Envoy, the registry is late',
    hop: 'envoy',
    style: 'envoy',
    upstream: 'silent',
    more: { route: '{"timeout":"1s"}' },
    faults: [{ kind: 'response-timeout', limitMs: 1_000, status: 504 }],
    request: get,
  },
  {
    name: 'nginx, a body too large',
    hop: 'nginx',
    style: 'nginx',
    upstream: 'answers',
    more: { http: 'server_tokens off;', location: 'client_max_body_size 1m;' },
    faults: [{ kind: limit, limitBytes: 1_048_576, ending: 'linger' }],
    request: tooLarge,
  },
  {
    name: 'nginx, the registry is late',
    hop: 'nginx',
    style: 'nginx',
    upstream: 'silent',
    more: { http: 'server_tokens off;', location: 'proxy_read_timeout 1s;' },
    faults: [{ kind: 'response-timeout', limitMs: 1_000, status: 504 }],
    request: get,
  },
  {
    name: 'HAProxy, no registry',
    hop: 'haproxy',
    style: 'haproxy',
    upstream: 'none',
    more: { defaults: 'retries 0' },
    faults: [],
    request: get,
  },
  {
    name: 'Caddy, no registry',
    hop: 'caddy',
    style: 'caddy',
    upstream: 'none',
    more: {},
    faults: [],
    request: get,
  },
];

/** Takes every request to its end, and answers `{}` or never. */
function startUpstream(kind: 'silent' | 'answers'): ReturnType<typeof startFront> {
  return startFront({
    upstreamPort: 9,
    instead: (request, response) => {
      request.resume();
      if (kind === 'answers') response.end('{}');
      return true;
    },
  });
}

type Pair = Readonly<Record<'real' | 'lab', RawAnswer>>;

async function both({ hop, style, upstream, more, faults, request }: Row): Promise<Pair> {
  const server = upstream === 'none' ? undefined : await startUpstream(upstream);
  const upstreamPort = server?.port ?? (await freePort());
  const real = await startHop(hop, { upstreamPort, more });
  const lab = await startEdge({ upstream: `http://127.0.0.1:${upstreamPort}`, identity: { style }, faults });
  try {
    // Envoy looks after its load a few times a second.
    if (hop === 'envoy') await sleep(300);
    const ask = (port: number): Promise<RawAnswer> => rawAnswer({ ...request, port });
    const [ofReal, ofLab] = await Promise.all([ask(real.port), ask(lab.port)]);
    return { real: ofReal, lab: ofLab };
  } finally {
    await real.close();
    await lab.close();
    await server?.close();
  }
}

/** What a client can see: all but the moment of the end, which is held apart. */
function visible({ statusLine, headers, body, ending }: RawAnswer): Omit<RawAnswer, 'endedAfterMs'> {
  return { statusLine, headers, body, ending };
}

/** How far apart the two ends may be, each counted from its answer. */
const bearableMs = 1_500;

function apartMs({ real, lab }: Pair): number {
  return Math.abs(lab.endedAfterMs - real.endedAfterMs);
}

/** What the row expects of the lab, beside the real one. */
function expectedOf({ endings }: Row, real: RawAnswer): ReturnType<typeof visible> {
  return { ...visible(real), ...(real.ending === endings?.real && { ending: endings.lab }) };
}

function isAlike(row: Row, pair: Pair): boolean {
  return isDeepStrictEqual(visible(pair.lab), expectedOf(row, pair.real)) && apartMs(pair) < bearableMs;
}

describe.concurrent.each(['traefik', 'envoy', 'nginx', 'haproxy', 'caddy'] as const)('answers of the lab', (hop) => {
  describeWithComponents([hop], `as ${hop} gives them`, () => {
    test.for(rows.filter((row) => row.hop === hop))('$name', async (row, { expect }) => {
      let pair = await both(row);
      // A machine that is busy now and then may let a reset overtake the answer, add to Envoy's second, or be late with an answer.
      for (let more = 1; more < 3 && !isAlike(row, pair); more += 1) pair = await both(row);
      const { real, lab } = pair;
      expect(visible(lab)).toEqual(expectedOf(row, real));
      expect(real.statusLine).toMatch(/^HTTP\/1\.1 [45]/);
      expect(apartMs(pair)).toBeLessThan(bearableMs);
    });
  });
});

describeWithComponents(['traefik'], 'Traefik, a request that takes too long to arrive', () => {
  test('answers 504 or 499, as its threads fall; the lab knows both', async ({ expect }) => {
    const row = (status: number): Row => ({
      name: `readTimeout, ${status}`,
      hop: 'traefik',
      style: 'traefik',
      upstream: 'silent',
      more: { entryPoint: 'transport.respondingTimeouts.readTimeout=1s' },
      faults: [{ kind: 'total-duration', limitMs: 1_000, ending: 'linger', status }],
      request: stalled,
    });
    const [late, gone] = [await both(row(504)), await both(row(499))];
    const known = [visible(late.lab), visible(gone.lab)];
    expect(known.map(({ statusLine }) => statusLine)).toEqual([
      'HTTP/1.1 504 Gateway Timeout',
      'HTTP/1.1 499 status code 499',
    ]);
    expect(known).toContainEqual(visible(late.real));
    expect(known).toContainEqual(visible(gone.real));
  });
});
