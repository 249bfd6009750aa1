import type { FaultBehaviour } from './faults/behaviour.ts';
import { behaviourOf } from './faults/catalogue.ts';
import type { Fault, FaultScope } from './faults/fault.ts';
import { forward } from './forward.ts';
import { LabServer } from './lab-server.ts';
import { type LoopbackServer, type TlsIdentity, startLoopbackServer } from './loopback-server.ts';
import type { EdgeIdentity } from './proxy-styles.ts';
import { createProxyCall } from './proxy-call.ts';
import { type LoggedRequest, RequestLog } from './request-log.ts';

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
export class DemoEdge extends LabServer {
  readonly #live: LiveState;

  constructor(server: LoopbackServer, log: RequestLog, live: LiveState) {
    super(server, log);
    this.#live = live;
  }

  get faults(): readonly Fault[] {
    return this.#live.faults;
  }

  /** In force for requests that begin after the call. */
  setFaults(faults: readonly Fault[]): void {
    this.#live.behaviours = faults.map(scoped);
    this.#live.faults = faults;
  }

  /** Whose headers and pages it shows from now on. */
  setIdentity(identity: EdgeIdentity): void {
    this.#live.identity = identity;
  }

  setUpstream(upstream: string | readonly string[]): void {
    this.#live.upstreams = [upstream].flat();
  }
}

/** Starts a reverse proxy on 127.0.0.1. Rejects when the port is taken. */
export async function startEdge(options: EdgeOptions): Promise<DemoEdge> {
  const log = new RequestLog(options.logCapacity ?? 1000);
  const seenOnConnection = new WeakMap<object, number>();
  const live = liveState(options);
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
        style: live.identity.style,
        lingerMs: options.lingerMs ?? 5000,
        reset: () => server.reset(request.socket),
      });
      const upstream = new URL(live.upstreams[live.turn++ % live.upstreams.length] ?? '');
      const faults = live.behaviours.flatMap((behaviour) => behaviour(call.entry)?.(call) ?? []);
      const route = { upstream, identity: live.identity, upstreamCa: options.upstreamCa, faults };
      forward(call, route).catch(() => call.answer({ status: 502, ending: 'reset' }));
    },
  });
  return new DemoEdge(server, log, live);
}

/** What changes while the edge runs. */
interface LiveState {
  identity: EdgeIdentity;
  upstreams: readonly string[];
  /** Counts requests: upstreams are used in turn. */
  turn: number;
  faults: readonly Fault[];
  behaviours: readonly ((entry: LoggedRequest) => FaultBehaviour | undefined)[];
}

function liveState({ upstream, identity = { style: 'nginx' }, faults = [] }: EdgeOptions): LiveState {
  return { identity, upstreams: [upstream].flat(), turn: 0, faults, behaviours: faults.map(scoped) };
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
