import { isIP, connect as netConnect, type Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { NetworkError, type NetworkStage, type NetworkTimer } from './errors.ts';
import type { ConnectionFacts } from './exchange.ts';
import type { NetworkPath } from './path.ts';
import { openTunnel } from './proxy.ts';
import { errorCode, type ResolvedAddress, resolveHost } from './resolve.ts';
import { tlsSettings } from './tls.ts';
import { isOwnHost } from './hosts.ts';

export interface DialOptions {
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
}

/** Milliseconds of each step, filled in as the steps end; a failed step is there with the time until it failed. */
export interface OpeningTimes {
  dnsMs?: number;
  connectMs?: number;
  tlsMs?: number;
}

export type DialedFacts = Omit<ConnectionFacts, 'id'>;

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
  if (!target.secure) {
    return { socket: raw, facts: connectionFacts(path, raw, times) };
  }
  // Read and parse certificates before the clock starts: a slow disk is not a slow handshake.
  const settings = tlsSettings(path, target, options.httpVersion);
  const socket = await step('tls', times, options, options.tlsTimeoutMs, (track) =>
    waitForSocket(track(tlsConnect({ ...settings, socket: raw })), 'secureConnect'),
  );
  return { socket, facts: connectionFacts(path, socket, times) };
}

async function openSocket(
  path: NetworkPath,
  target: DialTarget,
  options: DialOptions,
  times: OpeningTimes,
): Promise<Socket> {
  const own = isOwnHost(path, target);
  const goal = own && path.connectTo !== undefined ? path.connectTo : target;
  const hop = path.proxy ?? goal;
  const startedMs = options.now();
  const addresses = await step('dns', times, options, options.connectTimeoutMs, (_track, ended) =>
    resolveHost(hop.host, path, ended),
  );
  if (isIP(hop.host) !== 0) {
    delete times.dnsMs;
  }
  const leftMs = Math.max(1, options.connectTimeoutMs - (options.now() - startedMs));
  return step('connect', times, options, leftMs, async (track) => {
    const socket = track(connectSocket(path, hop.port, addresses));
    options.onSocket?.(socket);
    await waitForSocket(socket, 'connect');
    return path.proxy === undefined ? socket : openTunnel(socket, path.proxy, `${bracket(goal.host)}:${goal.port}`);
  });
}

/**
 * More than any write of ours: that nothing is written before the kernel has taken what came before is the pump's to see to (pump.ts),
 * and the HTTP client need not wait for it as well, which would cost a turn of its own for each write.
 */
const writableHighWaterMark = 4 * 1024 * 1024;

function connectSocket(path: NetworkPath, port: number, addresses: readonly ResolvedAddress[]): Socket {
  // The name is resolved already (and timed); Node still tries several addresses in turn, as RFC 8305 wants.
  // Not in Node's documentation of sockets, but of the streams that they are. Where it is not heeded, bodies go out a little slower.
  const buffering = { writableHighWaterMark };
  const socket = netConnect({
    ...buffering,
    host: addresses[0]?.address ?? '',
    port,
    noDelay: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 300,
    ...(path.localAddress === undefined ? {} : { localAddress: path.localAddress }),
    ...(addresses.length === 1
      ? {}
      : {
          host: 'resolved.invalid',
          lookup: (_host, _options, done): void => {
            done(
              null,
              addresses.map(({ address, family }) => ({ address, family })),
            );
          },
        }),
  });
  return socket;
}

/**
 * Runs one step of opening a connection under its timer and the caller's signal. A socket it tracks dies with it; `ended` aborts
 * when the step is over, however it ended.
 */
async function step<T>(
  stage: Extract<NetworkStage, 'dns' | 'connect' | 'tls'>,
  times: OpeningTimes,
  options: DialOptions,
  timeoutMs: number,
  work: (track: <S extends Socket>(socket: S) => S, ended: AbortSignal) => Promise<T>,
): Promise<T> {
  const startedMs = options.now();
  const ended = new AbortController();
  let tracked: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const limits = new Promise<never>((_resolve, reject) => {
    const fail = (code: string, fired?: NetworkTimer, cause?: unknown): void =>
      reject(new NetworkError({ stage, code, timer: fired, message: `${stage} ended: ${code}`, cause }));
    timer = setTimeout(() => fail('ETIMEDOUT', stage), timeoutMs);
    onAbort = () => fail('ABORTED', undefined, options.signal.reason);
    options.signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    options.signal.throwIfAborted();
    return await Promise.race([work((socket) => (tracked = socket), ended.signal), limits]);
  } catch (error) {
    tracked?.on('error', () => {}).destroy();
    throw toNetworkError(error, stage, options.signal);
  } finally {
    clearTimeout(timer);
    ended.abort();
    if (onAbort !== undefined) {
      options.signal.removeEventListener('abort', onAbort);
    }
    times[`${stage}Ms`] = options.now() - startedMs;
  }
}

function toNetworkError(error: unknown, stage: NetworkStage, signal: AbortSignal): NetworkError {
  if (error instanceof NetworkError) {
    return error;
  }
  const code = signal.aborted ? 'ABORTED' : (errorCode(error) ?? 'UNKNOWN');
  return new NetworkError({ stage, code, message: `${stage} failed: ${code}`, cause: error });
}

function waitForSocket<S extends Socket>(socket: S, event: 'connect' | 'secureConnect'): Promise<S> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      socket.off('error', settle);
      socket.off('close', onClose);
      socket.off(event, onOpen);
      if (error === undefined) {
        resolve(socket);
      } else {
        reject(error);
      }
    };
    const onOpen = (): void => settle();
    const onClose = (): void => settle(Object.assign(new Error('closed while opening'), { code: 'ECONNRESET' }));
    socket.once('error', settle).once('close', onClose).once(event, onOpen);
  });
}

function bracket(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function connectionFacts(path: NetworkPath, socket: Socket | TLSSocket, times: OpeningTimes): DialedFacts {
  const secured = 'getPeerCertificate' in socket ? socket : undefined;
  const certificate = secured?.getPeerCertificate();
  return {
    remoteAddress: socket.remoteAddress ?? '',
    remotePort: socket.remotePort ?? 0,
    family: socket.remoteFamily === 'IPv6' ? 6 : 4,
    httpVersion: secured?.alpnProtocol === 'h2' ? '2' : '1.1',
    viaProxy: path.proxy !== undefined,
    connectMs: times.connectMs ?? 0,
    ...(times.dnsMs === undefined ? {} : { dnsMs: times.dnsMs }),
    ...(times.tlsMs === undefined ? {} : { tlsMs: times.tlsMs }),
    ...(secured === undefined || certificate === undefined
      ? {}
      : {
          tls: {
            version: secured.getProtocol() ?? 'unknown',
            issuer: String(certificate.issuer?.CN ?? certificate.issuer?.O ?? ''),
            expiresAt: new Date(certificate.valid_to),
            authorized: secured.authorized,
          },
        }),
  };
}
