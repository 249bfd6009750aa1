import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultBehaviour } from './faults/behaviour.ts';
import { behaviourOf } from './faults/catalogue.ts';
import type { Fault } from './faults/fault.ts';
import { forward } from './forward.ts';
import { type LoopbackServer, type TlsIdentity, startLoopbackServer } from './loopback-server.ts';
import type { EdgeIdentity } from './proxy-styles.ts';
import { createProxyCall } from './proxy-call.ts';

export interface EdgeOptions<F = Fault> {
  /** Origin of the registry or of the next edge; several are used in turn, one a request. */
  readonly upstream: string | readonly string[];
  readonly faults?: readonly F[];
  readonly tls?: TlsIdentity;
  /** Default: nginx. */
  readonly identity?: EdgeIdentity;
  readonly port?: number;
  /** CA of an https upstream, PEM; without it any certificate will do. */
  readonly upstreamCa?: string;
  /** How long a body is still read after an early answer with ending `linger`; default 5 s (nginx lingering_timeout). */
  readonly lingerMs?: number;
  /** Told of each request; what it returns is told the status of an answer of the edge's own. */
  readonly watch?: (request: IncomingMessage, response: ServerResponse) => (status: number) => void;
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
 *     … edge.url …
 *     await edge.close();
 *
 * The kernel's buffers on loopback take megabytes before a sender notices that nobody reads: bytes handed over by a client
 * can be more than an edge has seen.
 */
export interface DemoEdge<F = Fault> extends LoopbackServer {
  /** Those in force. */
  faults: readonly F[];
  /** In force for requests that begin after the call. */
  readonly setFaults: (faults: readonly F[]) => void;
  /** Whose headers and pages it shows from now on. */
  readonly setIdentity: (identity: EdgeIdentity) => void;
  readonly setUpstream: (upstream: string | readonly string[]) => void;
}

/** Starts a reverse proxy on 127.0.0.1. Rejects when the port is taken. */
export function startEdge(options: EdgeOptions): Promise<DemoEdge> {
  return startEdgeWith(options, behaviourOf);
}

/** The same with faults of whatever kind, which `behave` puts to work. */
export async function startEdgeWith<F>(
  options: EdgeOptions<F>,
  behave: (fault: F) => FaultBehaviour,
): Promise<DemoEdge<F>> {
  const { upstream: first, identity = { style: 'nginx' }, faults = [] } = options;
  const live: LiveState = { identity, upstreams: [first].flat(), turn: 0, behaviours: faults.map(behave) };
  const server = await startLoopbackServer({
    port: options.port ?? 0,
    tls: options.tls,
    onRequest(request, response) {
      const call = createProxyCall({
        request,
        response,
        style: live.identity.style,
        lingerMs: options.lingerMs ?? 5000,
        reset: () => server.reset(request.socket),
        onAnswer: options.watch?.(request, response),
      });
      const upstream = new URL(live.upstreams[live.turn++ % live.upstreams.length] ?? '');
      const stations = live.behaviours.map((behaviour) => behaviour(call));
      const route = { upstream, identity: live.identity, upstreamCa: options.upstreamCa, faults: stations };
      forward(call, route).catch(() => call.answer({ status: 502, ending: 'reset' }));
    },
  });
  const edge: DemoEdge<F> = Object.assign(server, {
    faults,
    setFaults(next: readonly F[]) {
      live.behaviours = next.map(behave);
      edge.faults = next;
    },
    setIdentity: (next: EdgeIdentity) => void (live.identity = next),
    setUpstream: (upstream: string | readonly string[]) => void (live.upstreams = [upstream].flat()),
  });
  return edge;
}

/** What changes while the edge runs. */
interface LiveState {
  identity: EdgeIdentity;
  upstreams: readonly string[];
  /** Counts requests: upstreams are used in turn. */
  turn: number;
  behaviours: readonly FaultBehaviour[];
}
