import { setTimeout as sleep } from 'node:timers/promises';
import type { HopName } from '../hops/hop.ts';
import { startFront } from '../support/backends.ts';
import { type Case, type Fault, pathsOf, type Stage } from './case.ts';

/** A registry whose storage takes so long to commit, and nothing else. */
export async function slowRegistry(stage: Stage, commitMs: number): Promise<number> {
  const { port } = await stage.registry();
  const slow = await stage.keep(
    startFront({
      upstreamPort: port,
      after: async ({ method }) => {
        if (method === 'PUT') await sleep(commitMs);
        return false;
      },
    }),
  );
  return slow.port;
}

interface Patience {
  readonly hop: HopName;
  readonly what: string;
  readonly more: Readonly<Record<string, string>>;
  readonly right: RegExp;
  readonly source: string;
  readonly never?: RegExp;
  readonly unknown?: RegExp;
}

/** How long each hop waits for an answer: 2 s, where the registry takes 4. */
const patience: readonly Patience[] = [
  {
    hop: 'apache',
    what: 'ProxyTimeout',
    more: { host: 'ProxyTimeout 2' },
    right: /ProxyTimeout|gives up waiting/,
    source: 'docker-archive/docker-registry#320',
  },
  {
    hop: 'nginx',
    what: 'proxy_read_timeout',
    more: { location: 'proxy_read_timeout 2s;' },
    right: /proxy_read_timeout/,
    source: 'nginx.org ngx_http_proxy_module, proxy_read_timeout',
  },
  {
    hop: 'haproxy',
    what: 'timeout server',
    more: { backend: 'timeout server 2s' },
    right: /timeout server/,
    source: 'HAProxy configuration manual, timeout server',
  },
  {
    hop: 'traefik',
    what: 'responseHeaderTimeout',
    more: { transport: '{"forwardingTimeouts":{"responseHeaderTimeout":"2s"}}' },
    right: /responseHeaderTimeout/,
    source: 'doc.traefik.io serversTransport',
  },
  {
    hop: 'envoy',
    what: 'timeout of the route',
    more: { route: '{"timeout":"2s"}' },
    right: /`?timeout`? of the route/,
    source: 'envoyproxy.io FAQ, timeouts',
  },
  {
    hop: 'caddy',
    what: 'response_header_timeout',
    more: { proxy: 'transport http {\n response_header_timeout 2s\n }' },
    right: /response_header_timeout|gives up waiting/,
    source: 'caddyserver.com directives/reverse_proxy',
  },
  {
    hop: 'varnish',
    what: 'first_byte_timeout',
    more: { backend: '.first_byte_timeout = 2s;' },
    right: /first_byte_timeout|gives up waiting/,
    source: 'varnish-cache.org parameter first_byte_timeout',
  },
  {
    hop: 'squid',
    what: 'read_timeout',
    more: { rules: 'read_timeout 2 seconds' },
    right: /read_timeout|gives up waiting/,
    source: 'squid-cache.org read_timeout',
  },
  {
    hop: 'trafficserver',
    what: 'transaction_no_activity_timeout_out',
    more: { records: 'http.transaction_no_activity_timeout_out INT 2' },
    right: /transaction_no_activity_timeout_out|answer/,
    source: 'docs.trafficserver.apache.org, transaction_no_activity_timeout_out',
  },
];

/** Nobody gives up in words: the stream is silent for too long, or the answer comes too late to be written. */
const silent: readonly Patience[] = [
  {
    hop: 'envoy',
    what: 'idle_timeout of the route',
    more: { route: '{"timeout":"0s","idle_timeout":"2s"}' },
    right: /`idle_timeout`/,
    source: 'envoyproxy.io FAQ, timeouts',
  },
  {
    hop: 'traefik',
    what: 'writeTimeout of the entry point',
    more: {
      entryPoint: 'transport.respondingTimeouts.readTimeout=0\ntransport.respondingTimeouts.writeTimeout=2',
    },
    right: /writeTimeout/,
    // Nothing is said: on a busy machine the times are not the same.
    unknown: /UND_ERR_SOCKET/,
    source: 'doc.traefik.io respondingTimeouts',
  },
];

const lateCases: readonly Case[] = [...patience, ...silent].map(
  ({ hop, what, more, right, source, never, unknown }) => ({
    name: `patience: ${hop}, ${what}, before a slow commit`,
    source,
    expected: {
      right,
      hops: ['ingress', 'registry_storage'],
      never: never ?? /hop_cannot_reach_registry/,
      unknown,
    },
    setUp: async (stage) => {
      const upstreamPort = await slowRegistry(stage, 4_000);
      const front = await stage.hop(hop, { upstreamPort, more });
      return { size: '1MB', paths: pathsOf(stage, front, upstreamPort) };
    },
  }),
);

interface Slowness {
  readonly hop: HopName;
  readonly what: string;
  readonly more: Readonly<Record<string, string>>;
  readonly expected: Omit<Fault, 'hops'>;
  readonly source: string;
}

/** How long a request may take to arrive: 3 s. */
const arrivals: readonly Slowness[] = [
  {
    hop: 'traefik',
    what: 'readTimeout of the entry point',
    more: { entryPoint: 'transport.respondingTimeouts.readTimeout=3s' },
    expected: { right: /readTimeout/, never: /responseHeaderTimeout/ },
    source: 'traefik/traefik#10805',
  },
  {
    hop: 'envoy',
    what: 'request_timeout',
    more: { manager: '{"request_timeout":"3s"}' },
    expected: { right: /`request_timeout`/, never: /pause/ },
    source: 'envoyproxy.io FAQ, timeouts',
  },
  {
    hop: 'envoy',
    what: 'max_stream_duration',
    more: { manager: '{"common_http_protocol_options":{"max_stream_duration":"3s"}}' },
    expected: { right: /max_stream_duration/, never: /pause/ },
    source: 'envoyproxy.io FAQ, timeouts',
  },
  {
    hop: 'apache',
    what: 'RequestReadTimeout with MinRate',
    more: { host: 'RequestReadTimeout header=20-40,minrate=500 body=3,minrate=60000' },
    expected: { right: /RequestReadTimeout|takes? too long|too long to arrive/, never: /hop_cannot_reach_registry/ },
    source: 'nextcloud/all-in-one#8457, owncloud/core#14603',
  },
];

const arrivalCases: readonly Case[] = arrivals.map(({ hop, what, more, expected, source }) => ({
  name: `time to arrive: ${hop}, ${what}`,
  source,
  expected: { ...expected, hops: ['ingress'] },
  setUp: async (stage) => {
    const registry = await stage.registry();
    const front = await stage.hop(hop, { upstreamPort: registry.port, tls: stage.tls, more });
    return { size: '2MB', flags: ['--up-to-duration=8s'], paths: pathsOf(stage, front, registry.port) };
  },
}));

export const timeCases: readonly Case[] = [...lateCases, ...arrivalCases];
