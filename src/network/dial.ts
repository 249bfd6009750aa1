import { isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connectFirst } from './connect.ts';
import { type ConnectionFacts, NetworkError, type TriedAddress } from './exchange.ts';
import { handshake } from './handshake.ts';
import { bracketed, isOwnHost } from './hosts.ts';
import { openingStep, type OpeningTimes } from './opening-step.ts';
import type { HttpProxy, NetworkPath } from './path.ts';
import { openTunnel } from './proxy.ts';
import { addressForbidden } from './reach.ts';
import { type ResolvedAddress, resolveHost } from './resolve.ts';
import { tlsSettings } from './tls.ts';

interface DialOptions {
  readonly httpVersion: '1.1' | 'h2-if-offered';
  /** For DNS and TCP together, as Go's net.Dialer counts it; 30 s in docker, containerd, skopeo and crane. */
  readonly connectTimeoutMs: number;
  /** For the TLS handshake; 10 s in the Go clients. */
  readonly tlsTimeoutMs: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Told of each TCP socket when it is made, below TLS and below a proxy's tunnel. */
  readonly onSocket?: (socket: Socket) => void;
}

/** Where a connection goes: the URL's own host and port, before the path's `connectTo` is applied. */
export interface DialTarget {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly proxy: HttpProxy | undefined;
  /** Through the proxy's tunnel; false: the proxy itself is spoken to. */
  readonly tunnel: boolean;
  /** Whether this host, and this address of it, may be connected to; it is not asked about proxies. */
  readonly mayReach: (host: string) => boolean;
}

type DialedFacts = Omit<ConnectionFacts, 'id'>;

/**
 * Opens one connection the way the path says: resolve, connect (through the proxy, if any), TLS. Each step is timed into
 * `times`. Throws NetworkError (stages dns, connect, proxy, tls).
 */
export async function dial(
  path: NetworkPath,
  target: DialTarget,
  options: DialOptions,
  times: OpeningTimes,
): Promise<{ socket: Socket | TLSSocket; facts: DialedFacts }> {
  const raw = await openSocket(path, target, options, times);
  if (!target.secure) return { socket: raw, facts: connectionFacts(target, raw, times) };
  // Read and parse certificates before the clock starts: a slow disk is not a slow handshake.
  const settings = tlsSettings(path, target, options.httpVersion);
  const socket = await handshake(raw, settings, { ...options, timeoutMs: options.tlsTimeoutMs }, times);
  return { socket, facts: connectionFacts(target, socket, times, settings.showsCertificate) };
}

async function openSocket(
  path: NetworkPath,
  target: DialTarget,
  options: DialOptions,
  times: OpeningTimes,
): Promise<Socket> {
  const { proxy } = target;
  if (!target.mayReach(target.host)) throw forbidden(target.host);
  const goal = isOwnHost(path, target) && path.connectTo !== undefined ? path.connectTo : target;
  const hop = proxy ?? goal;
  const { connectTimeoutMs, now, onSocket } = options;
  const startedMs = now();
  const leftMs = (): number => Math.max(1, connectTimeoutMs - (now() - startedMs));
  const found = await resolved(path, hop.host, options, times);
  const addresses = proxy === undefined ? found.filter(({ address }) => target.mayReach(address)) : found;
  if (addresses.length === 0) throw forbidden(`${target.host} (${found[0]?.address})`);
  const tried: TriedAddress[] = [];
  times.tried = tried;
  // One that is a moment longer than what it holds: which address took the time is known in there.
  const limits = { ...options, stage: 'connect', timeoutMs: leftMs() + 100 } as const;
  const socket = await openingStep(limits, times, (_track, ended) =>
    connectFirst(addresses, {
      port: hop.port,
      localAddress: path.localAddress,
      timeoutMs: leftMs(),
      now,
      ended,
      onSocket,
      onTried: (one) => tried.push(one),
    }),
  );
  if (proxy === undefined || !target.tunnel) return socket;
  return openingStep({ ...options, stage: 'connect', timeoutMs: leftMs() }, times, (track) =>
    openTunnel(track(socket), proxy, `${bracketed(goal.host)}:${goal.port}`),
  );
}

/** An address needs no resolver, and so has no such step. */
async function resolved(
  path: NetworkPath,
  host: string,
  options: DialOptions,
  times: OpeningTimes,
): Promise<readonly ResolvedAddress[]> {
  const literal = isIP(host);
  if (literal !== 0) return [{ address: host, family: literal === 6 ? 6 : 4 }];
  return openingStep({ ...options, stage: 'dns', timeoutMs: options.connectTimeoutMs }, times, (_track, ended) =>
    resolveHost(host, path, ended),
  );
}

function forbidden(place: string): NetworkError {
  const message = `the answer leads to ${place}, which is no address for others: our own rule, no client's`;
  return new NetworkError({ stage: 'connect', code: addressForbidden, message });
}

function connectionFacts(
  target: DialTarget,
  socket: Socket | TLSSocket,
  times: OpeningTimes,
  showedCertificate = false,
): DialedFacts {
  const secured = 'getPeerCertificate' in socket ? socket : undefined;
  return {
    remoteAddress: socket.remoteAddress ?? '',
    remotePort: socket.remotePort ?? 0,
    family: socket.remoteFamily === 'IPv6' ? 6 : 4,
    httpVersion: secured?.alpnProtocol === 'h2' ? '2' : '1.1',
    viaProxy: target.proxy !== undefined,
    connectMs: times.connectMs ?? 0,
    dnsMs: times.dnsMs,
    tlsMs: times.tlsMs,
    tls: secured && tlsFacts(secured, showedCertificate),
  };
}

function tlsFacts(socket: TLSSocket, showedCertificate: boolean): ConnectionFacts['tls'] {
  const { issuer, valid_to: expires } = socket.getPeerCertificate();
  return {
    version: socket.getProtocol() ?? 'unknown',
    issuer: String(issuer?.CN ?? issuer?.O ?? ''),
    expiresAt: new Date(expires),
    authorized: socket.authorized,
    showedCertificate,
  };
}
