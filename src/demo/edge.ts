import type { FaultBehaviour } from './faults/behaviour.ts';
import { behaviourOf } from './faults/catalogue.ts';
import type { Fault, FaultScope } from './faults/fault.ts';
import { forward } from './forward.ts';
import type { TlsIdentity } from './loopback-server.ts';
import { startLoopbackServer } from './loopback-server.ts';
import type { ProxyStyle } from './pages.ts';
import { createProxyCall } from './proxy-call.ts';
import type { LoggedRequest } from './request-log.ts';
import { createRequestLog } from './request-log.ts';

export interface EdgeIdentity {
  readonly style: ProxyStyle;
  /** Whether the upstream is told the client's scheme and host (X-Forwarded-Proto, -Host); default true. */
  readonly forwardsScheme?: boolean;
  /** Status of the page for an upstream that cannot be reached; default 502. */
  readonly unreachableStatus?: number;
}

export interface EdgeOptions {
  /** Origin of the registry or of the next edge; several are used in turn, one a request. */
  readonly upstream: string | readonly string[];
  readonly faults?: readonly Fault[];
  readonly tls?: TlsIdentity;
  /** Default: nginx. */
  readonly identity?: EdgeIdentity;
  readonly port?: number;
  /** CA of an https upstream, PEM; without it any certificate will do. */
  readonly upstreamCa?: string;
  /** How long a body is still read after an early answer with ending `linger`; default 5 s (nginx lingering_timeout). */
  readonly lingerMs?: number;
  readonly logCapacity?: number;
}

/**
 * A running edge.
 *
 *     const edge = await startEdge({
 *       upstream: registry.url,
 *       faults: [{ kind: 'body-limit', limitBytes: 1_000_000, ending: 'linger' }],
 *       identity: { style: 'nginx' },
 *     });
 *     edge.setFaults([]);                 // heal
 *     … edge.url, edge.requests …
 *     await edge.close();
 *
 * The kernel's buffers on loopback take megabytes before a sender notices that nobody reads: bytes handed over by a client
 * can be more than an edge has seen.
 */
export interface DemoEdge {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly LoggedRequest[];
  readonly requestTotal: number;
  readonly faults: readonly Fault[];
  readonly openConnections: number;
  /** In force for requests that begin after the call. */
  setFaults(faults: readonly Fault[]): void;
  setUpstream(upstream: string | readonly string[]): void;
  clearRequests(): void;
  dropConnections(): void;
  close(): Promise<void>;
}

/** Starts a reverse proxy on 127.0.0.1. Rejects when the port is taken. */
export async function startEdge(options: EdgeOptions): Promise<DemoEdge> {
  const identity = options.identity ?? { style: 'nginx' };
  const log = createRequestLog(options.logCapacity ?? 1000);
  const seenOnConnection = new WeakMap<object, number>();
  let upstreams = [options.upstream].flat();
  let turn = 0;
  let faults = options.faults ?? [];
  let behaviours = faults.map(scoped);

  const server = await startLoopbackServer({
    port: options.port ?? 0,
    tls: options.tls,
    onRequest(request, response) {
      const seen = (seenOnConnection.get(request.socket) ?? 0) + 1;
      seenOnConnection.set(request.socket, seen);
      const call = createProxyCall({
        request,
        response,
        entry: log.add(request),
        requestsOnConnection: seen,
        style: identity.style,
        lingerMs: options.lingerMs ?? 5000,
        reset: () => server.reset(request.socket),
      });
      const upstream = new URL(upstreams[turn++ % upstreams.length] ?? '');
      const active = behaviours.flatMap((behaviour) => behaviour(call.entry) ?? []);
      const route = { upstream, identity, upstreamCa: options.upstreamCa, behaviours: active };
      forward(call, route).catch(() => call.answer({ status: 502, ending: 'reset' }));
    },
  });
  return {
    url: server.url,
    port: server.port,
    get requests() {
      return log.entries;
    },
    get requestTotal() {
      return log.total;
    },
    get faults() {
      return faults;
    },
    get openConnections() {
      return server.openConnections;
    },
    setFaults(next) {
      behaviours = next.map(scoped);
      faults = next;
    },
    setUpstream(upstream) {
      upstreams = [upstream].flat();
    },
    clearRequests: log.clear,
    dropConnections: server.dropConnections,
    close: server.close,
  };
}

/** The fault's behaviour for the requests it touches, undefined for the others. */
function scoped(fault: Fault): (entry: LoggedRequest) => FaultBehaviour | undefined {
  const behaviour = behaviourOf(fault);
  const scope: FaultScope = fault.when ?? {};
  let fitting = 0;
  return (entry) => {
    if (scope.methods && !scope.methods.includes(entry.method)) return undefined;
    if (scope.pathContains !== undefined && !entry.path.includes(scope.pathContains)) return undefined;
    fitting += 1;
    return scope.everyNth !== undefined && fitting % scope.everyNth !== 0 ? undefined : behaviour;
  };
}
