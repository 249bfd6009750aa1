import { dial } from './dial.ts';
import { NetworkError } from './exchange.ts';
import { bareHost, effectivePort } from './hosts.ts';
import type { NetworkPath } from './path.ts';
import type { TlsProblem } from './tls-problem.ts';
import type { WireMeter } from './wire-meter.ts';

/** What ends a handshake with somebody of whom it does not tell whether he speaks TLS. */
const untold: ReadonlySet<TlsProblem | undefined> = new Set([
  undefined,
  'handshake_cut',
  'handshake_timeout',
  'own_files',
  'other',
]);

/** Longer takes no handshake with somebody who has just taken a connection. */
const timeoutMs = 5_000;

/**
 * Whether TLS is spoken at host and port of this path, which are asked by one handshake on a connection of its own; whose certificate it is
 * does not matter. Undefined: it is not told. Never throws.
 */
export async function speaksTls(
  path: NetworkPath,
  { now, signal, wire }: { readonly now: () => number; readonly signal: AbortSignal; readonly wire: WireMeter },
): Promise<boolean | undefined> {
  const url = new URL(path.origin);
  const target = {
    secure: true,
    host: bareHost(url),
    port: effectivePort(url),
    proxy: undefined,
    tunnel: false,
    mayReach: () => true,
  };
  const trusting = { ...path, tls: { insecure: true, minVersion: 'TLSv1.2' } } as const;
  const options = { httpVersion: '1.1', connectTimeoutMs: timeoutMs, tlsTimeoutMs: timeoutMs, now, signal } as const;
  try {
    const { socket } = await dial(trusting, target, { ...options, onSocket: (one) => wire.add(one) }, {});
    socket.on('error', () => {}).destroy();
    return true;
  } catch (error) {
    const problem = error instanceof NetworkError ? error.tlsProblem : undefined;
    return untold.has(problem) ? undefined : problem !== 'not_tls';
  }
}
